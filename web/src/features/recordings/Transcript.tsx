import { Highlight, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { memo, useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Transcript as Said, TranscriptSegment } from '../../api/types';
import { useFormat } from '../../ui/useFormat';
import { lineAt, linesWith } from './lines';
import { clock } from './playing';
import classes from './Transcript.module.css';
import { useFollowed } from './useFollowed';
import { useMedia } from './useMedia';

type Props = { media: HTMLMediaElement; transcript: Said; onGo: (at: number) => void };

/** What is said, line by line. The line that is being said is marked and kept in sight, and each leads to its place. */
export function Transcript({ media, transcript: { segments, left_out }, onGo }: Props) {
  const { t } = useTranslation();
  const { locale } = useFormat();
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim());
  const found = useMemo(() => linesWith(segments, wanted, locale), [segments, wanted, locale]);
  const current = useMedia(media, ({ currentTime }) => lineAt(segments, currentTime));
  const shown = found.findIndex(({ number }) => number === current);
  const list = useFollowed<HTMLOListElement>(shown);
  // Where some are known by name, whoever is not must not seem to be one of them.
  const nobody = segments.some(({ name }) => name) ? t('recording.somebody') : undefined;
  const latest = useRef(onGo);
  latest.current = onGo;
  const go = useCallback((line: TranscriptSegment) => latest.current(line.starts_ms / 1000), []);
  return (
    <Stack gap="xs">
      <TextInput
        type="search"
        size="sm"
        aria-label={t('transcript.search')}
        placeholder={t('transcript.search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        maxLength={100}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed" role="status">
        {t('transcript.found', { count: found.length })}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by the keyboard. */}
      <ol className={classes.lines} ref={list} tabIndex={0} aria-label={t('transcript.title')}>
        {found.map(({ line, number }, index) => (
          <Line
            key={number}
            line={line}
            // A name stands where somebody begins to speak.
            name={line.name === found[index - 1]?.line.name ? undefined : (line.name ?? nobody)}
            isCurrent={number === current}
            wanted={wanted}
            onGo={go}
          />
        ))}
      </ol>
      {left_out > 0 && (
        <Text size="xs" c="dimmed">
          {t('transcript.leftOut', { count: left_out })}
        </Text>
      )}
    </Stack>
  );
}

type LineProps = {
  line: TranscriptSegment;
  name: string | undefined;
  isCurrent: boolean;
  wanted: string;
  onGo: (line: TranscriptSegment) => void;
};

const Line = memo(function Line({ line, name, isCurrent, wanted, onGo }: LineProps) {
  return (
    <li className={classes.item}>
      <UnstyledButton
        className={classes.line}
        aria-current={isCurrent || undefined}
        onClick={() => onGo(line)}
      >
        <span className={classes.at}>{clock(line.starts_ms / 1000)}</span>
        <span className={classes.words}>
          {name && <span className={classes.speaker}>{name}</span>}
          {wanted ? (
            <Highlight component="span" highlight={wanted} fz="inherit">
              {line.text}
            </Highlight>
          ) : (
            line.text
          )}
        </span>
      </UnstyledButton>
    </li>
  );
});
