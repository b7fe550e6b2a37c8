import {
  Button,
  Checkbox,
  Group,
  List,
  Modal,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  ThemeIcon,
  Tooltip,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerRecord,
  IconPlayerStop,
  IconX,
} from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { LAYOUTS, type Meeting, type Preflight, type Recording, type RecordingLayout } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { recordingsQuery } from '../meetings/queries';

/** Whether the meeting can be recorded now. */
const preflightQuery = (meeting: string) =>
  queryOptions({
    queryKey: ['meeting', meeting, 'preflight'],
    queryFn: () =>
      take(api.GET('/api/v1/meetings/{id}/recordings/preflight', { params: { path: { id: meeting } } })),
    staleTime: 0,
    refetchInterval: 5_000,
  });

type Props = {
  meeting: Meeting;
  /** What runs or is about to. */
  active: Recording | undefined;
  /** Who started it. */
  starter: string | undefined;
  onClose: () => void;
};

/** Starts, pauses and stops the recording. */
export function RecordDialog({ meeting, active, starter, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('room.recordTitle')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      {active ? (
        <Running recording={active} starter={starter} />
      ) : (
        <Beginning meeting={meeting} onStarted={onClose} />
      )}
    </Modal>
  );
}

function Beginning({ meeting, onStarted }: { meeting: Meeting; onStarted: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const preflight = useQuery(preflightQuery(meeting.id));
  const [layout, setLayout] = useState<RecordingLayout>('grid');
  const [audioOnly, setAudioOnly] = useState(meeting.meeting_type === 'audio');
  const start = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/recordings', {
          params: { path: { id: meeting.id } },
          body: { layout, audio_only: audioOnly },
          headers: idempotent(),
        }),
      ),
    onSuccess: async () => {
      await queryClient.invalidateQueries(recordingsQuery(meeting.id, true));
      onStarted();
    },
  });
  return (
    <Stack>
      {!preflight.data && preflight.error && (
        <ProblemNote error={preflight.error} onRetry={() => void preflight.refetch()} />
      )}
      {!preflight.data && !preflight.error && (
        <Skeleton h={32} role="status" aria-label={t('shell.loading')} />
      )}
      {preflight.data && <Ready preflight={preflight.data} />}
      <Stack gap={4}>
        <Text size="sm" fw={500} id="record-layout">
          {t('room.layout')}
        </Text>
        <SegmentedControl
          aria-labelledby="record-layout"
          data={LAYOUTS.map((value) => ({ value, label: t(`room.layouts.${value}`) }))}
          value={layout}
          disabled={audioOnly}
          onChange={(next) => setLayout(next as RecordingLayout)}
        />
      </Stack>
      <Checkbox
        label={t('room.audioOnly')}
        checked={audioOnly}
        onChange={(event) => setAudioOnly(event.currentTarget.checked)}
      />
      {start.error && <ProblemNote error={start.error} />}
      <Button
        leftSection={<IconPlayerRecord size={18} aria-hidden />}
        loading={start.isPending}
        // Where it is not known, the server says.
        disabled={preflight.data && !preflight.data.ready}
        onClick={() => start.mutate()}
        data-autofocus
      >
        {t('room.startRecording')}
      </Button>
    </Stack>
  );
}

/** Whether it can be recorded, or why not. */
function Ready({ preflight: { ready, obstacles } }: { preflight: Preflight }) {
  const { t } = useTranslation();
  const Icon = !ready ? IconX : obstacles.length > 0 ? IconAlertTriangle : IconCheck;
  return (
    <Group gap="sm" wrap="nowrap" align="start" role="status">
      <ThemeIcon
        variant="light"
        radius="xl"
        color={!ready ? 'red' : obstacles.length > 0 ? 'yellow' : 'green'}
        aria-hidden
      >
        <Icon size={16} />
      </ThemeIcon>
      <Stack gap={4} mt={3}>
        <Text size="sm" fw={600}>
          {t(ready ? 'room.ready' : 'room.notReady')}
        </Text>
        {obstacles.length > 0 && (
          <List size="sm" spacing={2}>
            {obstacles.map((obstacle) => (
              <List.Item key={obstacle}>{t(`room.obstacle.${obstacle}`)}</List.Item>
            ))}
          </List>
        )}
      </Stack>
    </Group>
  );
}

/** When the reason is shown. */
const SHOWN = { hover: true, focus: true, touch: true };

function Running({ recording, starter }: { recording: Recording; starter: string | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const { id, meeting_id, paused_at, started_at, status, engine } = recording;
  // The service of LiveKit knows no pause.
  const canPause = engine !== 'livekit_egress';
  const path = { params: { path: { id } } };
  const change = useMutation({
    mutationFn: (what: 'pause' | 'resume' | 'stop') => {
      if (what === 'pause') return take(api.POST('/api/v1/recordings/{id}/pause', path));
      if (what === 'resume') return take(api.POST('/api/v1/recordings/{id}/resume', path));
      return take(api.POST('/api/v1/recordings/{id}/stop', path));
    },
    onSuccess: () => queryClient.invalidateQueries(recordingsQuery(meeting_id, true)),
  });
  const busy = (what: string) => change.isPending && change.variables === what;
  const state = paused_at
    ? t('recording.pausedNow')
    : t(status === 'recording' ? 'room.recording' : 'room.recordingStarts');
  const facts = [
    starter && t('recording.startedBy', { name: starter }),
    (paused_at ?? started_at) && t('room.since', { time: format.time(paused_at ?? started_at ?? '') }),
  ].filter(Boolean);
  return (
    <Stack>
      <div role="status">
        <Text fw={600}>{state}</Text>
        <Text size="sm" c="dimmed">
          {facts.join(' · ')}
        </Text>
      </div>
      {change.error && <ProblemNote error={change.error} />}
      <Group grow>
        {paused_at ? (
          <Button
            leftSection={<IconPlayerPlay size={18} aria-hidden />}
            loading={busy('resume')}
            onClick={() => change.mutate('resume')}
          >
            {t('room.resumeRecording')}
          </Button>
        ) : (
          <Tooltip label={t('recording.noPausing')} disabled={canPause} events={SHOWN}>
            <Button
              variant="default"
              leftSection={<IconPlayerPause size={18} aria-hidden />}
              loading={busy('pause')}
              // It stays in reach, so that it can say why.
              aria-disabled={!canPause || undefined}
              data-disabled={!canPause || undefined}
              onClick={() => canPause && change.mutate('pause')}
            >
              {t('room.pauseRecording')}
            </Button>
          </Tooltip>
        )}
        <Button
          color="red"
          leftSection={<IconPlayerStop size={18} aria-hidden />}
          loading={busy('stop')}
          onClick={() => change.mutate('stop')}
        >
          {t('room.stopRecording')}
        </Button>
      </Group>
    </Stack>
  );
}
