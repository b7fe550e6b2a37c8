import { Alert, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconLock, IconPlayerPause, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Recording } from '../../api/types';
import { failureSentence } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';

// The tint's own dark shade is too light on it for small text.
const READABLE = { label: { color: 'var(--mantine-color-text)' } };

/** What somebody should know before they trust a recording: why it failed, and what is not in it. */
export function RecordingNotes({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { failure, gaps, pauses, paused_at, hold, status, erased_at, engine } = recording;
  const spans = (list: Recording['gaps']) =>
    list.map(({ from, to }) => `${format.time(from, true)} – ${format.time(to, true)}`).join(', ');
  const notes = [
    failure && (
      <Alert
        key="failed"
        color="red"
        icon={<IconAlertTriangle aria-hidden />}
        title={t(engine === 'import' ? 'recording.importing.failed' : 'recording.failed')}
      >
        {failureSentence(failure)}
      </Alert>
    ),
    status === 'deleted' && (
      <Alert
        key="trash"
        color="gray"
        icon={<IconTrash aria-hidden />}
        styles={READABLE}
        title={t(erased_at ? 'recording.inTrash' : 'recording.erased')}
      >
        {erased_at && t('recording.erasedAt', { when: format.moment(erased_at) })}
      </Alert>
    ),
    gaps.length > 0 && (
      <Alert
        key="gaps"
        color="yellow"
        icon={<IconAlertTriangle aria-hidden />}
        styles={READABLE}
        title={t('recording.gaps', { count: gaps.length })}
      >
        {spans(gaps)}
      </Alert>
    ),
    paused_at && (
      <Alert
        key="paused"
        color="yellow"
        icon={<IconPlayerPause aria-hidden />}
        styles={READABLE}
        title={t('recording.pausedNow')}
      >
        {t('recording.pausedSince', { time: format.time(paused_at) })}
      </Alert>
    ),
    pauses.length > 0 && (
      <Group key="pauses" gap={6} wrap="nowrap" align="start">
        <IconPlayerPause size={18} style={{ flex: 'none' }} aria-hidden />
        <Text size="sm">{`${t('recording.pauses', { count: pauses.length })}: ${spans(pauses)}`}</Text>
      </Group>
    ),
    hold && (
      <Alert
        key="hold"
        color="gray"
        icon={<IconLock aria-hidden />}
        styles={READABLE}
        title={t('recording.held', { when: format.moment(hold.since) })}
      >
        {hold.reason}
      </Alert>
    ),
  ].filter(Boolean);
  return notes.length > 0 ? <Stack gap="xs">{notes}</Stack> : null;
}
