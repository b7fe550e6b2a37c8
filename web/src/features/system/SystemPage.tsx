import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Group,
  Modal,
  Skeleton,
  Stack,
  Table,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconBuilding, IconSearch, IconUserMinus } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { OrganizationOverview } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { FormProblem, showAtFields } from '../../ui/forms';
import { MoreButton } from '../../ui/MoreButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { AuditTable } from '../audit/AuditTable';
import { useHere } from '../orgs/OrganizationGate';

/** For administrators of the system: all organizations from outside, and who administers. */
export function SystemPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.system'));
  return (
    <Stack maw={1100} mx="auto">
      <Title order={1}>{t('nav.system')}</Title>
      <Organizations />
      <Administrators />
      <Log />
    </Stack>
  );
}

function Organizations() {
  const { t } = useTranslation();
  const format = useFormat();
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim(), 250);
  const [suspending, setSuspending] = useState<OrganizationOverview | null>(null);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['system', 'organizations', q],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/system/organizations', {
          params: { query: { q: q || undefined, limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const resume = useSuspension(() => notifications.show({ color: 'green', message: t('system.resumed') }));
  const items = data?.pages.flatMap((page) => page.items);
  const number = new Intl.NumberFormat(format.locale);
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={2}>{t('system.organizations')}</Title>
        <Text size="sm" c="dimmed">
          {t('system.organizationsText')}
        </Text>
        <TextInput
          aria-label={t('system.search')}
          placeholder={t('system.search')}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          onChange={({ currentTarget: { value } }) => setSearch(value)}
          maw={360}
        />
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!items && !error && <Skeleton h={240} role="status" aria-label={t('shell.loading')} />}
        {items?.length === 0 && <EmptyState icon={IconBuilding} title={t('system.none')} />}
        {items && items.length > 0 && (
          <Table verticalSpacing="xs" className={rows.rows} aria-label={t('system.organizations')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('organization.name')}</Table.Th>
                <Table.Th ta="end">{t('system.members')}</Table.Th>
                <Table.Th ta="end">{t('system.meetings')}</Table.Th>
                <Table.Th ta="end">{t('system.storage')}</Table.Th>
                <Table.Th>{t('system.since')}</Table.Th>
                <Table.Th>{t('system.state')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((item) => (
                <Table.Tr key={item.id}>
                  <Table.Td className={rows.wide}>
                    <Text size="sm" fw={500}>
                      {item.name}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {item.slug}
                    </Text>
                  </Table.Td>
                  <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('system.members')}>
                    {number.format(item.members)}
                  </Table.Td>
                  <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('system.meetings')}>
                    {number.format(item.meetings)}
                  </Table.Td>
                  <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('system.storage')}>
                    {format.bytes(item.storage_bytes)}
                  </Table.Td>
                  <Table.Td data-label={t('system.since')}>
                    {format.day(item.created_at.slice(0, 10))}
                  </Table.Td>
                  <Table.Td>
                    {item.suspended_at ? (
                      <Stack gap={4} align="start">
                        <Badge color="red" variant="light" tt="none">
                          {t('system.suspended')}
                        </Badge>
                        {item.suspended_reason && (
                          <Text size="xs" c="dimmed">
                            {item.suspended_reason}
                          </Text>
                        )}
                        <Button
                          size="compact-md"
                          variant="default"
                          aria-label={t('system.resumeName', { name: item.name })}
                          loading={resume.isPending}
                          onClick={() => resume.mutate({ id: item.id })}
                        >
                          {t('system.resume')}
                        </Button>
                      </Stack>
                    ) : (
                      <Button
                        size="compact-md"
                        variant="subtle"
                        color="red"
                        aria-label={t('system.suspendName', { name: item.name })}
                        onClick={() => setSuspending(item)}
                      >
                        {t('system.suspend')}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
      </Stack>
      {suspending && <SuspendDialog organization={suspending} onClose={() => setSuspending(null)} />}
    </Card>
  );
}

/** Suspends with a reason, even an empty one; resumes without. */
function useSuspension(onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason?: string }) =>
      take(
        reason === undefined
          ? api.POST('/api/v1/system/organizations/{org}/resume', { params: { path: { org: id } } })
          : api.POST('/api/v1/system/organizations/{org}/suspend', {
              params: { path: { org: id } },
              body: { reason },
            }),
      ),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['system'] });
      onDone();
    },
    onError: notifyProblem,
  });
}

function SuspendDialog({
  organization,
  onClose,
}: {
  organization: OrganizationOverview;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const suspend = useSuspension(() => {
    notifications.show({ message: t('system.suspendedNow', { name: organization.name }) });
    onClose();
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('system.suspendName', { name: organization.name })}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          suspend.mutate({ id: organization.id, reason });
        }}
      >
        <Stack gap="sm">
          <Text size="sm">{t('system.suspendText')}</Text>
          <Textarea
            label={t('system.reason')}
            maxLength={500}
            autosize
            minRows={2}
            value={reason}
            onChange={({ currentTarget: { value } }) => setReason(value)}
            data-autofocus
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" color="red" loading={suspend.isPending}>
              {t('system.suspend')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const adminsQuery = {
  queryKey: ['system', 'admins'],
  queryFn: () => take(api.GET('/api/v1/system/admins')),
};

function Administrators() {
  const { t } = useTranslation();
  const { me } = useHere();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(adminsQuery);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['system'] });
  const form = useForm({ initialValues: { email: '' } });
  const add = useMutation({
    mutationFn: (body: { email: string }) =>
      take(api.POST('/api/v1/system/admins', { body, headers: idempotent() })),
    onSuccess: async () => {
      form.reset();
      await refresh();
    },
    onError: (problem) => showAtFields(form, problem),
  });
  const remove = useMutation({
    mutationFn: (user: string) =>
      take(api.DELETE('/api/v1/system/admins/{user}', { params: { path: { user } } })),
    onSuccess: refresh,
    onError: notifyProblem,
  });
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={2}>{t('system.admins')}</Title>
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton h={80} role="status" aria-label={t('shell.loading')} />}
        {data?.items.map((admin) => (
          <Group key={admin.id} justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={500} truncate>
                {admin.name}
                {admin.id === me.id && (
                  <Text span size="sm" c="dimmed">
                    {` ${t('people.you')}`}
                  </Text>
                )}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {admin.email}
              </Text>
            </div>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('system.removeAdmin', { name: admin.name })}
              title={t('system.removeAdmin', { name: admin.name })}
              disabled={data.items.length === 1 || remove.isPending}
              onClick={() => remove.mutate(admin.id)}
            >
              <IconUserMinus size={18} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
          <Stack gap="xs">
            <FormProblem error={add.error} form={form} />
            <Group align="end" gap="sm">
              <TextInput
                label={t('system.newAdmin')}
                type="email"
                style={{ flex: '1 1 220px' }}
                maw={360}
                {...form.getInputProps('email')}
              />
              <Button type="submit" variant="default" loading={add.isPending} disabled={!form.isDirty()}>
                {t('system.addAdmin')}
              </Button>
            </Group>
          </Stack>
        </form>
      </Stack>
    </Card>
  );
}

/** What was done to the platform itself. */
function Log() {
  const { t } = useTranslation();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['system', 'audit'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/v1/system/audit', { params: { query: { limit: 20, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={2}>{t('settings.audit')}</Title>
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton h={160} role="status" aria-label={t('shell.loading')} />}
        {data && <AuditTable items={data.pages.flatMap((page) => page.items)} />}
        <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
      </Stack>
    </Card>
  );
}
