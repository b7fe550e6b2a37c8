import { Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconCheck, IconDownload, IconEye, IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { consentsQuery, viewsQuery } from './queries';

/** Who watched a recording and who downloaded it. */
export function ViewsPart({ recordingId }: { recordingId: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(viewsQuery(recordingId));
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <Listed query={query} empty={items?.length === 0} none={t('recording.nobodyWatched')}>
      <Three head={[t('recording.who'), t('recording.how'), t('recording.when')]}>
        {items?.map(({ at, downloaded, name, share_link_id, share_link_name }, index) => (
          <Line
            key={index}
            who={
              share_link_id
                ? t('recording.byLink', { name: share_link_name || t('share.unnamed') })
                : (name ?? t('recording.somebody'))
            }
            icon={downloaded ? <IconDownload size={16} aria-hidden /> : <IconEye size={16} aria-hidden />}
            what={t(downloaded ? 'recording.downloaded' : 'recording.watched')}
            at={at}
          />
        ))}
      </Three>
    </Listed>
  );
}

/** What people answered to the notice that they are recorded. */
export function ConsentsPart({ recordingId }: { recordingId: string }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(consentsQuery(recordingId));
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <Listed query={query} empty={items?.length === 0} none={t('recording.nobodyAnswered')}>
      <Three head={[t('recording.who'), t('recording.answer'), t('recording.when')]}>
        {items?.map(({ name, accepted, answered_at }, index) => (
          <Line
            key={index}
            who={name ?? t('recording.somebody')}
            icon={accepted ? <IconCheck size={16} aria-hidden /> : <IconX size={16} aria-hidden />}
            what={t(accepted ? 'recording.agreed' : 'recording.refused')}
            at={answered_at}
          />
        ))}
      </Three>
    </Listed>
  );
}

type ListedProps = {
  query: {
    error: unknown;
    data: unknown;
    refetch: () => unknown;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => unknown;
  };
  empty: boolean;
  none: string;
  children: ReactNode;
};

function Listed({ query, empty, none, children }: ListedProps) {
  const { t } = useTranslation();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={120} role="status" aria-label={t('shell.loading')} />;
  if (empty)
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  return (
    <Stack gap="xs">
      {children}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

function Three({ head, children }: { head: readonly string[]; children: ReactNode }) {
  return (
    <Table verticalSpacing="xs" className={rows.rows}>
      <Table.Thead>
        <Table.Tr>
          {head.map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  );
}

function Line({ who, icon, what, at }: { who: string; icon: ReactNode; what: string; at: string }) {
  const format = useFormat();
  return (
    <Table.Tr>
      <Table.Td className={rows.wide} style={{ overflowWrap: 'anywhere' }}>
        {who}
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          {icon}
          <Text size="sm">{what}</Text>
        </Group>
      </Table.Td>
      <Table.Td>{format.moment(at)}</Table.Td>
    </Table.Tr>
  );
}
