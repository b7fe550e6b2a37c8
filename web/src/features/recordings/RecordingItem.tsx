import { Badge, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconDownload, IconInfoCircle, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Recording, VaultItem } from '../../api/types';
import { notifyProblem } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { AccessButton } from './AccessButton';
import { useAccessWords } from './access';
import { ImportState } from './Import';
import { download } from './media';
import { Poster } from './Poster';
import classes from './Poster.module.css';
import { RecordingNotes } from './RecordingNotes';
import { TrashButtons } from './Trash';

const COLORS: Record<Recording['status'], string> = {
  requested: 'yellow',
  starting: 'yellow',
  recording: 'red',
  finalizing: 'yellow',
  importing: 'yellow',
  available: 'green',
  failed: 'red',
  deleted: 'gray',
};

/** How far a recording is. */
export function RecordingBadge({ recording: { status, paused_at } }: { recording: Recording }) {
  const { t } = useTranslation();
  const paused = status === 'recording' && paused_at;
  return (
    <Badge variant="light" color={paused ? 'yellow' : COLORS[status]} style={{ flex: 'none' }}>
      {t(paused ? 'recording.paused' : `recording.status.${status}`)}
    </Badge>
  );
}

/** Saves the file. */
export function DownloadButton({ id }: { id: string }) {
  const { t } = useTranslation();
  const save = useMutation({ mutationFn: () => download(id), onError: notifyProblem });
  return (
    <Button
      size="sm"
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      {t('recording.download')}
    </Button>
  );
}

/** Whether it comes from elsewhere. */
export const isImport = ({ engine }: Pick<Recording, 'engine'>) => engine === 'import';

/** How long and how large it is, as far as that is known. */
export function useFacts() {
  const { t } = useTranslation();
  const format = useFormat();
  return ({ duration_seconds, size_bytes, audio_only, engine }: Recording) =>
    [
      typeof duration_seconds === 'number' && format.duration(duration_seconds),
      typeof size_bytes === 'number' && format.bytes(size_bytes),
      audio_only && t('recording.soundOnly'),
      engine === 'import' && t('recording.importing.fact'),
    ].filter((fact): fact is string => Boolean(fact));
}

type Props = {
  recording: Recording & Partial<Pick<VaultItem, 'import'>>;
  /** The meeting's title. */
  title: string;
  /** Whose it is. */
  org: string;
  /** Shown as the card's heading, where the page does not say it already. */
  heading?: ReactNode;
  /** What more is told of it. */
  children?: ReactNode;
  /** Whether the viewer decides who may watch. */
  isKeeper: boolean;
};

/** One recording: its state, why it failed, what is missing, and what can be done with it. */
export function RecordingItem({ recording, title, org, heading, isKeeper, children }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const factsOf = useFacts();
  const accessWords = useAccessWords();
  const { id, status } = recording;
  const available = status === 'available';
  return (
    <Card withBorder padding="md" component="article">
      <div className={classes.item}>
        {/* The words beside it lead there too. */}
        <Link to="/recordings/$id" params={{ id }} className={classes.still} tabIndex={-1} aria-hidden>
          <Poster recording={recording} />
        </Link>
        <Group justify="space-between" gap="xs" align="start" className={classes.head}>
          <div>
            {heading}
            <Text size="sm">
              {recording.started_at
                ? format.span(recording.started_at, recording.ended_at)
                : t(isImport(recording) ? 'recording.importing.unknown' : 'recording.notStarted')}
            </Text>
            <Text size="sm" c="dimmed">
              {[...factsOf(recording), accessWords(recording)].join(' · ')}
            </Text>
          </div>
          <RecordingBadge recording={recording} />
        </Group>
        <Stack gap="xs" className={classes.more}>
          {children}
          {status === 'importing' && <ImportState from={recording.import} />}
          <RecordingNotes recording={recording} />
          {status === 'deleted' ? (
            isKeeper && <TrashButtons recording={recording} title={title} />
          ) : (
            <Group gap="xs">
              {available ? (
                <Button
                  size="sm"
                  leftSection={<IconPlayerPlay size={16} aria-hidden />}
                  renderRoot={(props) => (
                    <Link to="/recordings/$id" params={{ id }} search={{ play: true }} {...props} />
                  )}
                >
                  {t('recording.play')}
                </Button>
              ) : (
                <Button
                  size="sm"
                  variant="default"
                  leftSection={<IconInfoCircle size={16} aria-hidden />}
                  renderRoot={(props) => <Link to="/recordings/$id" params={{ id }} {...props} />}
                >
                  {t('recording.details')}
                </Button>
              )}
              {available && <DownloadButton id={id} />}
              {isKeeper && <AccessButton recording={recording} org={org} />}
            </Group>
          )}
        </Stack>
      </div>
    </Card>
  );
}
