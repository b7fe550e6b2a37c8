import { Button, Group, Progress, Text } from '@mantine/core';
import { IconHandStop } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { LatestCheck } from '../../api/types';
import { secondsLeft } from '../../room/checks';
import { Prompt } from '../../ui/Prompt';
import { useNow } from '../../ui/useNow';
import classes from './PresencePrompt.module.css';
import { useConfirm } from './useCheck';

type Props = {
  meetingId: string;
  check: LatestCheck;
  /** Inside a sheet that covers the room, and not above it. */
  inSheet?: boolean;
};

/** Asks the viewer whether they are still there. */
export function PresencePrompt({ meetingId, check, inSheet }: Props) {
  const { t } = useTranslation();
  const now = useNow(0.5);
  const confirm = useConfirm(meetingId);
  const seconds = secondsLeft(check, now);
  const whole = secondsLeft(check, new Date(check.opened_at));
  return (
    <Prompt at={inSheet ? 'sheet' : 'top'} label={t('presence.title')}>
      <Group wrap="nowrap" justify="space-between" gap="md">
        {/* The countdown is beside it: every second would be read aloud. */}
        <div role="alert">
          <Text fw={650}>{t('presence.question')}</Text>
          <Text size="sm">{t('presence.text', { count: whole })}</Text>
        </div>
        <Text className={classes.seconds} aria-hidden>
          {`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}
        </Text>
      </Group>
      <Progress value={(100 * seconds) / whole} size="sm" color="clay" aria-hidden mt="xs" mb="sm" />
      <Button
        fullWidth
        leftSection={<IconHandStop size={18} aria-hidden />}
        loading={confirm.isPending}
        onClick={() => confirm.mutate(check)}
      >
        {t('presence.confirm')}
      </Button>
    </Prompt>
  );
}
