import { Alert, Button, Group, Loader, Text } from '@mantine/core';
import { IconAlertTriangle, IconFileText, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Transcript } from '../../api/types';
import { failureSentence, notifyProblem } from '../../ui/ProblemNote';
import { transcriptQuery } from './queries';

/** Asks for what a recording says to be written down, or that anew. */
function AskButton({ id, children }: { id: string; children: string }) {
  const queryClient = useQueryClient();
  const asking = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/recordings/{id}/transcript', { params: { path: { id } }, body: {} })),
    onSuccess: () => queryClient.invalidateQueries(transcriptQuery(id)),
    onError: notifyProblem,
  });
  return (
    <Button
      size="sm"
      variant="default"
      leftSection={<IconFileText size={16} aria-hidden />}
      loading={asking.isPending}
      onClick={() => asking.mutate()}
    >
      {children}
    </Button>
  );
}

type Props = { id: string; transcript: Transcript | undefined };

/** How far what a recording says is written down, while it is not; where nobody has asked for it, nothing is said. */
export function TranscriptState({ id, transcript }: Props) {
  const { t } = useTranslation();
  if (!transcript || transcript.status === 'available') return null;
  const { status, failure, can_request } = transcript;
  if (status === 'waiting' || status === 'running')
    return (
      <Group gap="xs" role="status">
        <Loader size="xs" aria-hidden />
        <Text size="sm" c="dimmed">
          {t(`transcript.${status}`)}
        </Text>
      </Group>
    );
  if (status === 'none')
    return can_request ? (
      <Group>
        <AskButton id={id}>{t('transcript.ask')}</AskButton>
      </Group>
    ) : null;
  if (!can_request)
    return (
      <Text size="sm" c="dimmed">
        {t('transcript.failed')}
      </Text>
    );
  return (
    <Alert
      color="yellow"
      icon={<IconAlertTriangle aria-hidden />}
      styles={{ label: { color: 'var(--mantine-color-text)' } }}
      title={t('transcript.failed')}
    >
      <Text size="sm">{failure && failureSentence(failure)}</Text>
      <Group mt="xs">
        <AskButton id={id}>{t('transcript.again')}</AskButton>
      </Group>
    </Alert>
  );
}

/** What those do with a transcript who keep the recording: have it written anew, and take it away. */
export function TranscriptKeeping({ id, transcript, held }: Props & { held: boolean }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/recordings/{id}/transcript', { params: { path: { id } } })),
    onSuccess: () => queryClient.invalidateQueries(transcriptQuery(id)),
    onError: notifyProblem,
  });
  if (transcript?.status !== 'available' || held) return null;
  return (
    <Group gap="xs">
      {transcript.can_request && <AskButton id={id}>{t('transcript.anew')}</AskButton>}
      <Button
        size="sm"
        variant="light"
        color="red"
        leftSection={<IconTrash size={16} aria-hidden />}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        {t('transcript.delete')}
      </Button>
    </Group>
  );
}
