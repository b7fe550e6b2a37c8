import { Button, Group, Skeleton, Stack, Table, Text, Timeline } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { historyQuery } from './queries';

/** Who has changed what of a meeting, the newest first. */
export function HistoryTab({ meetingId }: { meetingId: string }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    historyQuery(meetingId),
  );
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={200} role="status" aria-label={t('shell.loading')} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <EmptyState icon={IconHistory} title={t('history.none')} />;
  const name = (field: string) =>
    i18n.exists(`history.field.${field}`) ? t(`history.field.${field}` as never) : field.replaceAll('_', ' ');
  const happened = (action: string) => {
    const [entity, verb] = action.split('.');
    return i18n.exists(`history.action.${entity}.${verb}`)
      ? t(`history.action.${entity}.${verb}` as never)
      : action;
  };
  return (
    <Stack>
      <Timeline bulletSize={12} lineWidth={2}>
        {items.map(({ id, at, action, actor, about, changes }) => (
          <Timeline.Item
            key={id}
            title={
              <Group gap="xs">
                <Text fw={600}>{[happened(action), about?.name].filter(Boolean).join(': ')}</Text>
                <Text size="sm" c="dimmed">
                  {[
                    actor.name ?? t(`history.actor.${actor.type}` as never, actor.type),
                    format.span(at, null),
                  ].join(' · ')}
                </Text>
              </Group>
            }
          >
            {changes.length > 0 && (
              <Table.ScrollContainer minWidth={320}>
                <Table withRowBorders={false} verticalSpacing={2} aria-label={t('history.changes')}>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t('history.what')}</Table.Th>
                      <Table.Th>{t('history.before')}</Table.Th>
                      <Table.Th>{t('history.after')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {changes.map(({ field, before, after }) => (
                      <Table.Tr key={field}>
                        <Table.Th scope="row" fw={500}>
                          {name(field)}
                        </Table.Th>
                        <Table.Td style={{ overflowWrap: 'anywhere' }}>{plain(before)}</Table.Td>
                        <Table.Td style={{ overflowWrap: 'anywhere' }}>{plain(after)}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            )}
          </Timeline.Item>
        ))}
      </Timeline>
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('shell.more')}
        </Button>
      )}
    </Stack>
  );
}

/** A value as a person reads it. */
function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}
