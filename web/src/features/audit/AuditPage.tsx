import { ActionIcon, Badge, Button, Card, Group, Select, Skeleton, Stack, Text, Title } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconHistory, IconX } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { AuditItem } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { saveFile } from '../../ui/saving';
import { LARGE } from '../../ui/WhenInput';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import { AuditTable } from './AuditTable';
import { SealCard } from './SealCard';
import { type AuditSearch, auditFilters, ENTITIES } from './search';
import { useWords } from './words';

const route = getRouteApi('/signed-in/shell/settings/audit');

/** Who changed what in the organization, with filters that stand in the address. */
export function AuditPage() {
  const { t } = useTranslation();
  usePageTitle(t('settings.audit'));
  const { organization } = useHere();
  const words = useWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (change: Partial<AuditSearch>) =>
    void navigate({ search: { ...search, ...change }, replace: true });
  const filters = auditFilters(search);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['audit', organization.id, filters],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/audit', {
          params: { path: { org: organization.id }, query: { ...filters, limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const items: AuditItem[] | undefined = data?.pages.flatMap((page) => page.items);
  const members = useQuery(membersQuery(organization.id));
  const names = new Map(members.data?.map(({ user }) => [user.id, user.name]));
  const download = useMutation({
    mutationFn: async () => {
      const blob = await take(
        api.GET('/api/v1/organizations/{org}/audit.csv', {
          params: { path: { org: organization.id }, query: filters },
          parseAs: 'blob',
        }),
      );
      saveFile(blob as unknown as Blob, `audit-${organization.slug}.csv`);
    },
    onSuccess: () => notifications.show({ message: t('audit.exported') }),
    onError: notifyProblem,
  });
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2}>{t('settings.audit')}</Title>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={download.isPending}
            onClick={() => download.mutate()}
          >
            {t('audit.export')}
          </Button>
        </Group>
        <SealCard />
        <Group gap="sm" align="end">
          <Select
            label={t('audit.who')}
            placeholder={t('audit.everybody')}
            data={[
              { value: 'system', label: t('audit.system') },
              ...(members.data ?? []).map(({ user }) => ({ value: user.id, label: user.name })),
            ]}
            value={search.actor ?? null}
            onChange={(actor) => set({ actor: actor ?? undefined })}
            searchable
            clearable
            w={{ base: '100%', xs: 170 }}
          />
          <Select
            label={t('audit.what')}
            placeholder={t('audit.everything')}
            data={ENTITIES.map((entity) => ({ value: entity, label: t(`audit.entity.${entity}`) }))}
            value={search.entity ?? null}
            onChange={(entity) => set({ entity: (entity as AuditSearch['entity']) ?? undefined })}
            clearable
            w={{ base: '100%', xs: 160 }}
          />
          <Day
            label={t('audit.from')}
            value={search.from}
            max={search.to}
            onChange={(from) => set({ from })}
          />
          <Day label={t('audit.to')} value={search.to} min={search.from} onChange={(to) => set({ to })} />
        </Group>
        {(search.action || search.id) && (
          <Group gap="xs">
            {search.action && (
              <Chip text={words.action(search.action)} onRemove={() => set({ action: undefined })} />
            )}
            {search.id && <Chip text={search.id} onRemove={() => set({ id: undefined })} />}
          </Group>
        )}
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!items && !error && <Skeleton h={360} role="status" aria-label={t('shell.loading')} />}
        {items?.length === 0 && (
          <EmptyState icon={IconHistory} title={t('audit.empty')}>
            <Text c="dimmed">{t('audit.emptyText')}</Text>
          </EmptyState>
        )}
        {items && items.length > 0 && <AuditTable items={items} names={names} onPick={set} />}
        <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
      </Stack>
    </Card>
  );
}

function Day(props: {
  label: string;
  value?: string;
  min?: string;
  max?: string;
  onChange: (day: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const { label, value, min, max, onChange } = props;
  return (
    <DatePickerInput
      label={label}
      valueFormat="D MMM YYYY"
      placeholder={t('meetings.anyDay')}
      clearable
      clearButtonProps={{ 'aria-label': t('meetings.anyDay'), style: LARGE }}
      minDate={min}
      maxDate={max}
      value={value ?? null}
      onChange={(day) => onChange(day ?? undefined)}
      style={{ flex: '1 1 8rem' }}
      maw={{ xs: 170 }}
    />
  );
}

function Chip({ text, onRemove }: { text: string; onRemove: () => void }) {
  const { t } = useTranslation();
  return (
    <Badge
      variant="light"
      size="lg"
      tt="none"
      rightSection={
        <ActionIcon
          size="xs"
          variant="transparent"
          aria-label={t('audit.removeFilter', { text })}
          onClick={onRemove}
        >
          <IconX size={14} aria-hidden />
        </ActionIcon>
      }
    >
      {text}
    </Badge>
  );
}
