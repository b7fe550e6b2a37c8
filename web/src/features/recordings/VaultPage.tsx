import {
  Anchor,
  Button,
  Group,
  Highlight,
  Progress,
  Select,
  Skeleton,
  Stack,
  Tabs,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconAlertTriangle, IconMovie, IconSearch, IconTrash } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { isOfficer, RECORDING_STATUSES, type VaultItem } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { ImportToVault } from './Import';
import { around } from './lines';
import { clock } from './playing';
import { usageQuery, type VaultFilters, vaultQuery } from './queries';
import { RecordingItem } from './RecordingItem';
import { fullness } from './usage';

const route = getRouteApi('/signed-in/shell/vault');

/** Every recording of the organization that the caller may see, and what they may take out of the trash. */
export function VaultPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.vault'));
  const { role } = useHere();
  const filters = route.useSearch();
  const navigate = useNavigate();
  const show = (change: VaultFilters) =>
    navigate({ to: '/vault', search: { ...filters, ...change }, replace: true });
  const tab = filters.trash ? 'trash' : 'kept';
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('nav.vault')}</Title>
        {tab === 'kept' && <ImportToVault />}
      </Group>
      {isOfficer(role) && <UsageBar />}
      <Tabs
        value={tab}
        onChange={(next) => show({ trash: next === 'trash' ? true : undefined, status: undefined })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="kept">{t('vault.kept')}</Tabs.Tab>
          <Tabs.Tab value="trash" leftSection={<IconTrash size={16} aria-hidden />}>
            {t('vault.trash')}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md">
          <Stack>
            <VaultSearch filters={filters} onChange={show} />
            <VaultList
              filters={filters}
              onAll={() => navigate({ to: '/vault', search: {}, replace: true })}
            />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

/** What recordings take of what they may take. */
function UsageBar() {
  const { t } = useTranslation();
  const format = useFormat();
  const { organization } = useHere();
  const { data } = useQuery(usageQuery(organization.id));
  if (!data) return null;
  const { files, bytes, quota_bytes } = data;
  const full = fullness(bytes, quota_bytes);
  const words = full
    ? t('vault.usedOf', { count: files, used: format.bytes(bytes), most: format.bytes(quota_bytes ?? 0) })
    : t('vault.used', { count: files, used: format.bytes(bytes) });
  return (
    <Stack gap={4} maw={480}>
      <Text size="sm">{words}</Text>
      {full && (
        <Progress.Root size="lg">
          <Progress.Section
            value={100 * full.share}
            color={{ fine: 'clay', nearly: 'yellow', full: 'red' }[full.state]}
            aria-label={t('vault.usage')}
            aria-valuetext={words}
          />
        </Progress.Root>
      )}
      {full && full.state !== 'fine' && (
        <Group gap={6} wrap="nowrap" align="start">
          <IconAlertTriangle size={18} style={{ flex: 'none' }} aria-hidden />
          <Text size="sm" fw={600}>
            {t(full.state === 'full' ? 'vault.full' : 'vault.nearly')}
          </Text>
        </Group>
      )}
    </Stack>
  );
}

type SearchProps = { filters: VaultFilters; onChange: (change: VaultFilters) => void };

/** Narrows the vault. What is chosen stands in the address, so that a link shares it. */
function VaultSearch({ filters: { q, status, from, to, trash }, onChange }: SearchProps) {
  const { t } = useTranslation();
  const search = useDebouncedCallback((text: string) => onChange({ q: text.trim() || undefined }), 300);
  return (
    <Group gap="xs" align="end" role="search">
      <TextInput
        type="search"
        aria-label={t('vault.search')}
        placeholder={t('vault.search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        style={{ flex: '2 1 14rem' }}
        maxLength={200}
        defaultValue={q}
        onChange={(event) => search(event.currentTarget.value)}
      />
      {!trash && (
        <Select
          aria-label={t('vault.status')}
          placeholder={t('vault.anyStatus')}
          data={RECORDING_STATUSES.map((value) => ({ value, label: t(`recording.status.${value}`) }))}
          clearable
          clearButtonProps={{ 'aria-label': t('vault.anyStatus') }}
          style={{ flex: '1 1 9rem' }}
          value={status ?? null}
          onChange={(value) => onChange({ status: RECORDING_STATUSES.find((known) => known === value) })}
        />
      )}
      <DatePickerInput
        type="range"
        aria-label={t('meetings.anyDay')}
        placeholder={t('meetings.anyDay')}
        valueFormat="D MMM YYYY"
        allowSingleDateInRange
        clearable
        clearButtonProps={{ 'aria-label': t('meetings.anyDay') }}
        style={{ flex: '1 1 12rem' }}
        value={[from ?? null, to ?? from ?? null]}
        onChange={([first, last]) => onChange({ from: first ?? undefined, to: last ?? undefined })}
      />
    </Group>
  );
}

function VaultList({ filters, onAll }: { filters: VaultFilters; onAll: () => void }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { q, status, from, to, trash } = filters;
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } =
    useInfiniteQuery({ ...vaultQuery(organization.id, filters), placeholderData: keepPreviousData });
  const recordings = data?.pages.flatMap(({ items }) => items);
  if (!recordings && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!recordings)
    return (
      <Stack role="status" aria-label={t('shell.loading')}>
        <Skeleton h={120} />
        <Skeleton h={120} />
      </Stack>
    );
  if (recordings.length === 0 && !isPlaceholderData) {
    if (q || status || from || to)
      return (
        <EmptyState icon={IconSearch} title={t('vault.nothingFound')}>
          <Button variant="default" onClick={onAll}>
            {t('vault.all')}
          </Button>
        </EmptyState>
      );
    return trash ? (
      <EmptyState icon={IconTrash} title={t('vault.trashEmpty')}>
        <Text c="dimmed">{t('vault.trashText')}</Text>
      </EmptyState>
    ) : (
      <EmptyState icon={IconMovie} title={t('recording.vaultEmpty')} />
    );
  }
  return (
    <Stack aria-busy={isPlaceholderData || undefined}>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {trash && (
        <Text size="sm" c="dimmed">
          {t('vault.trashText')}
        </Text>
      )}
      {recordings.map((recording) => (
        <Item key={recording.id} recording={recording} org={organization.id} wanted={q} />
      ))}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

type ItemProps = { recording: VaultItem; org: string; wanted: string | undefined };

type FoundProps = { id: string; places: VaultItem['said']; wanted: string };

/** Where the words were said that are looked for. */
function FoundPlaces({ id, places, wanted }: FoundProps) {
  const { t } = useTranslation();
  const words = wanted.split(/\s+/);
  return (
    <Stack gap={2}>
      <Text size="sm" fw={600}>
        {t('vault.said')}
      </Text>
      {places.map(({ at_ms, text }) => (
        <Text key={at_ms} size="sm" lineClamp={2}>
          <Anchor
            inherit
            renderRoot={(props) => (
              <Link
                to="/recordings/$id"
                params={{ id }}
                search={{ play: true, at: Math.floor(at_ms / 1000) }}
                {...props}
              />
            )}
          >
            {clock(at_ms / 1000)}
          </Anchor>{' '}
          <Highlight component="span" highlight={words} fz="inherit">
            {around(text, words)}
          </Highlight>
        </Text>
      ))}
    </Stack>
  );
}

function Item({ recording, org, wanted }: ItemProps) {
  const title = recording.title ?? recording.meeting_title;
  return (
    <RecordingItem
      recording={recording}
      title={title}
      org={org}
      isKeeper={recording.is_keeper}
      heading={
        <Anchor
          fw={600}
          c="inherit"
          style={{ overflowWrap: 'anywhere' }}
          renderRoot={(props) => <Link to="/recordings/$id" params={{ id: recording.id }} {...props} />}
        >
          {title}
        </Anchor>
      }
    >
      {wanted && recording.said.length > 0 && (
        <FoundPlaces id={recording.id} places={recording.said} wanted={wanted} />
      )}
    </RecordingItem>
  );
}
