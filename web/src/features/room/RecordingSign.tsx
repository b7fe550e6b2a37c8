import { Group, Text, VisuallyHidden } from '@mantine/core';
import { IconPlayerPauseFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Recording } from '../../api/types';
import { useFormat } from '../../ui/useFormat';
import classes from './Conference.module.css';

type Props = {
  /** What is known of it; a recorder may be there of which nothing was told yet. */
  recording: Recording | undefined;
  /** Who started it. */
  starter: string | undefined;
  phone: boolean;
};

/** Says in the room's head that it is recorded, by whom and since when; or that this is paused. */
export function RecordingSign({ recording, starter, phone }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const paused = recording?.paused_at;
  const since = paused ?? recording?.started_at;
  const facts = [
    starter && t('recording.startedBy', { name: starter }),
    since && t('room.since', { time: format.time(since) }),
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <Group gap={6} wrap="nowrap" miw={0} role="status" title={facts || undefined}>
      {paused ? (
        <IconPlayerPauseFilled size={14} className={classes.pausedSign} aria-hidden />
      ) : (
        <span className={classes.recordingDot} aria-hidden />
      )}
      <Text size="sm" style={{ flex: 'none' }}>
        {t(paused ? 'recording.paused' : 'room.recording')}
      </Text>
      {facts &&
        (phone ? (
          <VisuallyHidden>{facts}</VisuallyHidden>
        ) : (
          <Text size="sm" c="dimmed" className={classes.title}>
            {facts}
          </Text>
        ))}
    </Group>
  );
}
