import { Alert, Stack, Table, Text } from '@mantine/core';
import { IconInfoCircle, IconUsersGroup } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { Exports } from '../../ui/Exports';
import { MoreButton } from '../../ui/MoreButton';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { Cards, Pending, useFigures } from './parts';
import { groupFile, groupReportQuery, type MemberActivity, type Scope } from './queries';

/** How the members of a group of contacts attended. */
export function GroupPart({ scope, group }: { scope: Scope; group: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { percent } = useFigures();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...groupReportQuery(scope, group),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  if (!data || !first) return <Pending error={error} onRetry={() => void refetch()} />;
  const { summary } = first;
  const items = data.pages.flatMap((page) => page.items);
  const others = first.contacts_without_account.map(({ name }) => name);
  return (
    <Stack>
      <Cards
        cards={[
          [t('reports.card.held'), first.meetings],
          [t('reports.card.rate'), percent(summary.attendance_rate)],
          [t('reports.card.attended'), summary.attended],
          [t('reports.card.absent'), summary.absent],
          [t('reports.card.excused'), summary.excused],
          [t('reports.card.late'), summary.late],
          [t('reports.card.punctuality'), percent(summary.punctuality_rate)],
          [t('reports.card.duration'), format.duration(summary.duration_seconds)],
        ]}
      />
      {first.without_account > 0 && (
        <Alert
          icon={<IconInfoCircle aria-hidden />}
          title={t('reports.noAccount', { count: first.without_account })}
        >
          <Text size="sm">
            {new Intl.ListFormat(format.locale).format(
              others.length < first.without_account ? [...others.slice(0, 10), '…'] : others,
            )}
          </Text>
        </Alert>
      )}
      {items.length === 0 ? (
        <EmptyState icon={IconUsersGroup} title={t('reports.nobody')} />
      ) : (
        <>
          <Exports kinds={['csv']} load={() => groupFile(scope, group)} name={first.group.name} />
          <ActivityTable items={items} />
        </>
      )}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

/** Members with what is counted of them. */
export function ActivityTable({ items }: { items: readonly MemberActivity[] }) {
  const { t } = useTranslation();
  const { percent } = useFigures();
  const columns = [
    ['invited', t('attendance.card.invited'), true],
    ['attended', t('attendance.card.attended'), true],
    ['absent', t('reports.kind.absent'), false],
    ['excused', t('reports.excused'), false],
    ['late', t('reports.kind.late'), false],
    ['left_early', t('reports.kind.left_early'), true],
  ] as const;
  return (
    <Table verticalSpacing="xs" className={rows.rows}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('reports.member')}</Table.Th>
          {columns.map(([column, name, wide]) => (
            <Table.Th key={column} ta="end" visibleFrom={wide ? 'sm' : undefined}>
              {name}
            </Table.Th>
          ))}
          <Table.Th ta="end" visibleFrom="sm">
            {t('reports.card.rate')}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={item.user.id}>
            <Table.Td className={rows.wide} style={{ overflowWrap: 'anywhere' }}>
              {item.user.name}
            </Table.Td>
            {columns.map(([column, name, wide]) => (
              <Table.Td key={column} ta="end" data-label={name} visibleFrom={wide ? 'sm' : undefined}>
                {item[column]}
              </Table.Td>
            ))}
            <Table.Td ta="end" visibleFrom="sm">
              {percent(item.attendance_rate)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
