import { Badge, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { allPages, api, take } from '../../api/client';
import type { components } from '../../api/schema';
import { signOut } from '../../api/session';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { deviceOf } from './device';

type Session = components['schemas']['SessionOut'];

/** Where one is signed in; one or all others can be ended. */
export function SessionsCard() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: () =>
      allPages((cursor) =>
        take(api.GET('/api/v1/me/sessions', { params: { query: { limit: 200, cursor } } })),
      ),
  });
  const endOthers = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/sessions')),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['sessions'] }),
    onError: notifyProblem,
  });
  return (
    <Card withBorder component="section" padding="lg" aria-labelledby="sessions">
      <Stack gap="sm">
        <Title order={2} id="sessions">
          {t('sessions.title')}
        </Title>
        <Text size="sm" c="dimmed">
          {t('sessions.text')}
        </Text>
        {sessions.error && <ProblemNote error={sessions.error} onRetry={() => void sessions.refetch()} />}
        {sessions.isPending && <Skeleton h={56} role="status" aria-label={t('shell.loading')} />}
        <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
          {sessions.data?.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </Stack>
        {(sessions.data?.length ?? 0) > 1 && (
          <Group>
            <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
              {t('sessions.endOthers')}
            </Button>
          </Group>
        )}
      </Stack>
    </Card>
  );
}

function SessionRow({ session }: { session: Session }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const queryClient = useQueryClient();
  const end = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id: session.id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['sessions'] }),
    onError: notifyProblem,
  });
  const { browser, system } = deviceOf(session.user_agent);
  const name = [browser, system].filter(Boolean).join(', ') || t('sessions.unknown');
  return (
    <Group component="li" justify="space-between" wrap="nowrap" gap="sm">
      <div style={{ minWidth: 0 }}>
        <Group gap="xs">
          <Text fw={600} title={session.user_agent}>
            {name}
          </Text>
          {session.is_current && <Badge variant="light">{t('sessions.current')}</Badge>}
        </Group>
        <Text size="sm" c="dimmed">
          {t('sessions.lastUsed', { ago: format.relative(session.last_used_at, now) })}
        </Text>
      </div>
      {session.is_current ? (
        <Button variant="subtle" flex="none" onClick={() => void signOut()}>
          {t('shell.signOut')}
        </Button>
      ) : (
        <Button
          variant="subtle"
          color="red"
          flex="none"
          loading={end.isPending}
          onClick={() => end.mutate()}
          aria-label={t('sessions.endNamed', { name })}
        >
          {t('sessions.end')}
        </Button>
      )}
    </Group>
  );
}
