import { Title, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconChartBar, IconMessageCircle, IconPlayerPlayFilled, IconScreenShare } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './Player.module.css';
import { type Chapter, clock } from './playing';
import { useFollowed } from './useFollowed';

const KINDS = { speaker: IconMessageCircle, screen: IconScreenShare, poll: IconChartBar } as const;

type Props = {
  chapters: readonly Chapter[];
  current: number;
  onGo: (at: number) => void;
  /** Whether what is around it says what this is. */
  titled?: boolean;
};

/** What happened in a recording. The chapter that plays is marked, and kept in sight. */
export function Chapters({ chapters, current, onGo, titled }: Props) {
  const { t } = useTranslation();
  const list = useFollowed<HTMLOListElement>(current);
  return (
    <nav aria-label={t('player.chapters')}>
      {!titled && (
        <Title order={2} fz="md" mb={4}>
          {t('player.chapters')}
        </Title>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by the keyboard. */}
      <ol className={classes.chapters} ref={list} tabIndex={0} aria-label={t('player.chapters')}>
        {chapters.map((chapter, index) => {
          const Kind = index === current ? IconPlayerPlayFilled : KINDS[chapter.kind];
          return (
            <li key={`${chapter.at_seconds} ${chapter.kind} ${chapter.title}`}>
              <UnstyledButton
                className={classes.chapter}
                aria-current={index === current || undefined}
                onClick={() => onGo(chapter.at_seconds)}
              >
                <span className={classes.at}>{clock(chapter.at_seconds)}</span>
                <Kind size={16} style={{ flex: 'none' }} aria-hidden />
                <span className={classes.name}>
                  <VisuallyHidden>{`${t(`player.kind.${chapter.kind}`)}: `}</VisuallyHidden>
                  {chapter.title}
                </span>
              </UnstyledButton>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
