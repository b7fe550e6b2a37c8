import {
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Group,
  Loader,
  Modal,
  Radio,
  Stack,
  Text,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload, IconLock, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ACCESS_LEVELS, type AccessLevel, ORG_ROLES, type OrgRole, type Recording } from '../../api/types';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { download, playbackUrl } from './media';

const COLORS: Record<Recording['status'], string> = {
  requested: 'yellow',
  starting: 'yellow',
  recording: 'red',
  finalizing: 'yellow',
  available: 'green',
  failed: 'red',
  deleted: 'gray',
};

type Props = {
  recording: Recording;
  /** The meeting's title. */
  title: string;
  /** Shown as the card's heading, where the page does not say it already. */
  heading?: ReactNode;
  /** Whether the viewer decides who may watch. */
  canShare: boolean;
};

/** One recording: its state, why it failed, what is missing, and what can be done with it. */
export function RecordingItem({ recording, title, heading, canShare }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [playing, player] = useDisclosure(false);
  const [sharing, access] = useDisclosure(false);
  const available = recording.status === 'available';
  const save = useMutation({
    mutationFn: () => download(recording.id),
    onError: notifyProblem,
  });
  const facts = [
    typeof recording.duration_seconds === 'number' && format.duration(recording.duration_seconds),
    typeof recording.size_bytes === 'number' && format.bytes(recording.size_bytes),
  ].filter(Boolean);

  return (
    <Card withBorder padding="md" component="article">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="start">
          <div style={{ minWidth: 0 }}>
            {heading}
            <Text size="sm">
              {recording.started_at
                ? format.span(recording.started_at, recording.ended_at)
                : t('recording.notStarted')}
            </Text>
            <Text size="sm" c="dimmed">
              {[...facts, t(`recording.access.${recording.access_level}`)].join(' · ')}
            </Text>
          </div>
          <Badge variant="light" color={COLORS[recording.status]} style={{ flex: 'none' }}>
            {t(`recording.status.${recording.status}`)}
          </Badge>
        </Group>
        {recording.failure && (
          <Alert color="red" title={t('recording.failed')}>
            {recording.failure.detail}
          </Alert>
        )}
        {recording.gaps.length > 0 && (
          <Alert color="yellow" title={t('recording.gaps', { count: recording.gaps.length })}>
            {recording.gaps
              .map(({ from, to }) => `${format.time(from, true)} – ${format.time(to, true)}`)
              .join(', ')}
          </Alert>
        )}
        {(available || canShare) && (
          <Group gap="xs">
            {available && (
              <>
                <Button
                  size="sm"
                  leftSection={<IconPlayerPlay size={16} aria-hidden />}
                  onClick={player.open}
                >
                  {t('recording.play')}
                </Button>
                <Button
                  size="sm"
                  variant="default"
                  leftSection={<IconDownload size={16} aria-hidden />}
                  loading={save.isPending}
                  onClick={() => save.mutate()}
                >
                  {t('recording.download')}
                </Button>
              </>
            )}
            {canShare && recording.status !== 'deleted' && (
              <Button
                size="sm"
                variant="default"
                leftSection={<IconLock size={16} aria-hidden />}
                onClick={access.open}
              >
                {t('recording.changeAccess')}
              </Button>
            )}
          </Group>
        )}
      </Stack>
      {playing && <Player id={recording.id} title={title} onClose={player.close} />}
      {sharing && <AccessDialog recording={recording} onClose={access.close} />}
    </Card>
  );
}

function Player({ id, title, onClose }: { id: string; title: string; onClose: () => void }) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const at = useRef(0);
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['playback', id],
    queryFn: () => playbackUrl(id),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  /** The address is good for some minutes only: a long recording needs a new one, and goes on where it stood. */
  const goOn = () => {
    if (Date.now() - dataUpdatedAt < FRESH_MS) return;
    at.current = video.current?.currentTime ?? 0;
    void refetch();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="auto"
      title={title}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loader aria-label={t('shell.loading')} />}
      {data && (
        // biome-ignore lint/a11y/useMediaCaption: meetings have no captions to show yet.
        <video
          ref={video}
          src={data}
          controls
          autoPlay
          playsInline
          aria-label={t('recording.player', { title })}
          onError={goOn}
          onLoadedMetadata={({ currentTarget }) => {
            if (at.current > 0) currentTarget.currentTime = at.current;
          }}
          style={{ display: 'block', width: 'min(80vw, 1280px)', maxWidth: '100%', maxHeight: '75dvh' }}
        />
      )}
    </Modal>
  );
}

/** A file that fails this soon after its address was given is broken, not forgotten. */
const FRESH_MS = 30_000;

function AccessDialog({ recording, onClose }: { recording: Recording; onClose: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [level, setLevel] = useState<AccessLevel>(recording.access_level);
  const [roles, setRoles] = useState<string[]>(recording.allowed_roles);
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/recordings/{id}/access', {
          params: { path: { id: recording.id } },
          body: { access_level: level, allowed_roles: level === 'role_based' ? (roles as OrgRole[]) : [] },
        }),
      ),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['meeting', recording.meeting_id, 'recordings'] }),
        queryClient.invalidateQueries({ queryKey: ['vault'] }),
      ]);
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('recording.changeAccess')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        {save.error && <ProblemNote error={save.error} />}
        <Radio.Group
          label={t('recording.whoMayWatch')}
          value={level}
          onChange={(next) => setLevel(next as AccessLevel)}
        >
          <Stack gap="xs" mt="xs">
            {ACCESS_LEVELS.map((name) => (
              <Radio
                key={name}
                value={name}
                label={t(`recording.access.${name}`)}
                description={t(`recording.accessHint.${name}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        {level === 'role_based' && (
          <Checkbox.Group label={t('recording.roles')} value={roles} onChange={setRoles}>
            <Stack gap="xs" mt="xs">
              {ORG_ROLES.map((role) => (
                <Checkbox key={role} value={role} label={t(`role.${role}`)} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            {t('shell.cancel')}
          </Button>
          <Button
            loading={save.isPending}
            disabled={level === 'role_based' && roles.length === 0}
            onClick={() => save.mutate()}
          >
            {t('shell.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
