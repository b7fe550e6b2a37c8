import { Badge, Group, MultiSelect, SegmentedControl, Select, Stack, Table, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { Exports } from '../../ui/Exports';
import { MoreButton } from '../../ui/MoreButton';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { ActivityTable } from './GroupPart';
import { GroupSelect, Pending } from './parts';
import { type Absence, type AbsenceKind, absencesFile, absencesQuery, type Scope } from './queries';

const KINDS: AbsenceKind[] = ['absent', 'late', 'left_early'];

/** Who was absent, late, or left early: what fines may be asked for. Of everybody, or of `user` alone. */
export function AbsencesPart({ scope, user }: { scope: Scope; user?: string }) {
  const { t } = useTranslation();
  const [kinds, setKinds] = useState<string[]>([]);
  const [group, setGroup] = useState<string>();
  const [excused, setExcused] = useState<string | null>(null);
  const [shown, setShown] = useState('list');
  const filter = {
    user,
    group,
    kind: kinds.length ? kinds.join(',') : undefined,
    excused: excused === null ? undefined : excused === 'yes',
  };
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...absencesQuery(scope, filter),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack>
      <Text c="dimmed">{t('reports.absencesText')}</Text>
      <Group align="end">
        <MultiSelect
          label={t('reports.kinds')}
          placeholder={kinds.length ? undefined : t('reports.allKinds')}
          data={KINDS.map((kind) => ({ value: kind, label: t(`reports.kind.${kind}`) }))}
          value={kinds}
          onChange={setKinds}
          clearable
          clearButtonProps={{ 'aria-label': t('reports.allKinds') }}
          miw={220}
        />
        <Select
          label={t('reports.excuse')}
          placeholder={t('reports.any')}
          data={[
            { value: 'no', label: t('reports.notExcused') },
            { value: 'yes', label: t('reports.excused') },
          ]}
          value={excused}
          onChange={setExcused}
          clearable
          clearButtonProps={{ 'aria-label': t('reports.any') }}
        />
        {!user && <GroupSelect group={group} optional onChange={setGroup} />}
      </Group>
      {!first ? (
        <Pending error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <Group justify="space-between">
            {!user && (
              <SegmentedControl
                aria-label={t('reports.show')}
                data={[
                  { value: 'list', label: t('reports.list') },
                  { value: 'people', label: t('reports.byPerson') },
                ]}
                value={shown}
                onChange={setShown}
              />
            )}
            <Exports kinds={['csv']} load={() => absencesFile(scope, filter)} name={t('reports.absences')} />
          </Group>
          {shown === 'people' ? (
            <ActivityTable items={first.summary} />
          ) : items.length === 0 ? (
            <EmptyState icon={IconCheck} title={t('reports.noAbsences')} />
          ) : (
            <>
              <AbsenceTable items={items} own={user !== undefined} />
              <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
            </>
          )}
        </>
      )}
    </Stack>
  );
}

function AbsenceTable({ items, own }: { items: readonly Absence[]; own: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const minutes = ({ minutes_late, minutes_early }: Absence) => minutes_late ?? minutes_early;
  return (
    <Table verticalSpacing="xs" className={rows.rows}>
      <Table.Thead>
        <Table.Tr>
          {!own && <Table.Th>{t('reports.member')}</Table.Th>}
          <Table.Th>{t('reports.meeting')}</Table.Th>
          <Table.Th>{t('reports.what')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={`${item.meeting.id} ${item.user.id} ${item.kind}`}>
            {!own && (
              <Table.Td className={rows.wide} style={{ overflowWrap: 'anywhere' }}>
                {item.user.name}
              </Table.Td>
            )}
            <Table.Td className={rows.wide}>
              <Link
                to="/meetings/$id/details"
                params={{ id: item.meeting.id }}
                style={{ color: 'inherit', overflowWrap: 'anywhere' }}
              >
                {item.meeting.title}
              </Link>
              <Text size="sm" c="dimmed">
                {format.span(item.meeting.scheduled_start, null)}
              </Text>
            </Table.Td>
            <Table.Td className={rows.wide}>
              <Group gap="xs">
                <Text size="sm">
                  {[
                    t(`reports.kind.${item.kind}`),
                    ...(minutes(item) == null ? [] : [format.duration((minutes(item) ?? 0) * 60)]),
                  ].join(' · ')}
                </Text>
                {item.is_excused && (
                  <Badge variant="light" color="gray" tt="none">
                    {t('reports.excused')}
                  </Badge>
                )}
              </Group>
              {item.excuse_reason && (
                <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {item.excuse_reason}
                </Text>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
