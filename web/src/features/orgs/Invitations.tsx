import { Badge, Button, Card, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconMailForward, IconMailX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { OpenInvitation } from '../../api/types';
import { CopyLink } from '../../ui/CopyLink';
import { EmptyState } from '../../ui/EmptyState';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { useHere } from './OrganizationGate';
import { invitationsQuery, membersQuery } from './queries';

/** Who was invited and has not accepted yet. */
export function Invitations() {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { data, error, refetch } = useQuery(invitationsQuery(organization.id));
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Text role="status">{t('shell.loading')}</Text>;
  if (data.length === 0) return <EmptyState icon={IconMailForward} title={t('invitations.none')} />;
  return (
    <Stack gap="xs">
      {data.map((invitation) => (
        <Row key={invitation.id} invitation={invitation} />
      ))}
    </Stack>
  );
}

function Row({ invitation: { id, user, role, invited_by, expires_at } }: { invitation: OpenInvitation }) {
  const { t } = useTranslation();
  const { relative } = useFormat();
  const now = useNow();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const params = { path: { org: organization.id, id } };
  const refresh = () =>
    Promise.all([
      queryClient.invalidateQueries(invitationsQuery(organization.id)),
      queryClient.invalidateQueries(membersQuery(organization.id)),
    ]);
  const resend = useMutation({
    mutationFn: () => take(api.POST('/api/v1/organizations/{org}/invitations/{id}/resend', { params })),
    onSuccess: refresh,
    onError: notifyProblem,
  });
  const revoke = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/organizations/{org}/invitations/{id}', { params })),
    onSuccess: async () => {
      notifications.show({ message: t('invitations.revoked', { name: user.name }) });
      await refresh();
    },
    onError: notifyProblem,
  });
  const expired = new Date(expires_at) <= now;
  return (
    <Card withBorder padding="sm">
      <Group gap="sm">
        <PersonAvatar name={user.name} url={user.avatar_url} size={36} />
        <div style={{ flex: 1, minWidth: 180 }}>
          <Text size="sm" fw={500}>
            {user.name}
          </Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {user.email}
          </Text>
          <Text size="xs" c="dimmed">
            {[
              t(`role.${role}`),
              invited_by && t('invitations.by', { name: invited_by.name }),
              expired
                ? t('invitations.expired')
                : t('invitations.expires', { when: relative(expires_at, now) }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </Text>
        </div>
        {expired && (
          <Badge color="yellow" variant="light">
            {t('invitations.expired')}
          </Badge>
        )}
        <Group gap="xs">
          <Button
            size="xs"
            variant="light"
            leftSection={<IconMailForward size={14} aria-hidden />}
            aria-label={t('invitations.resendTo', { name: user.name })}
            loading={resend.isPending}
            onClick={() => resend.mutate()}
          >
            {t('invitations.resend')}
          </Button>
          <Button
            size="xs"
            variant="subtle"
            color="red"
            leftSection={<IconMailX size={14} aria-hidden />}
            aria-label={t('invitations.revokeOf', { name: user.name })}
            loading={revoke.isPending}
            onClick={() => revoke.mutate()}
          >
            {t('invitations.revoke')}
          </Button>
        </Group>
      </Group>
      {resend.data && (
        <Modal
          opened
          onClose={resend.reset}
          title={t('invitations.resend')}
          closeButtonProps={{ 'aria-label': t('shell.close') }}
        >
          <Stack>
            <Text>{t('people.invited', { name: user.name })}</Text>
            <CopyLink url={resend.data.invitation_url} label={t('people.copyInvitation')} />
          </Stack>
        </Modal>
      )}
    </Card>
  );
}
