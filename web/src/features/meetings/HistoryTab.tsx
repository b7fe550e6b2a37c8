import { Group, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { Changes } from '../audit/AuditTable';
import { useWords } from '../audit/words';
import { historyQuery } from './queries';

/** Who has changed what of a meeting, the newest first. */
export function HistoryTab({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const words = useWords();
  const format = useFormat();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    historyQuery(meetingId),
  );
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={200} role="status" aria-label={t('shell.loading')} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <EmptyState icon={IconHistory} title={t('history.none')} />;
  return (
    <Stack>
      <Timeline bulletSize={12} lineWidth={2}>
        {items.map(({ id, at, action, actor, about, changes }) => (
          <Timeline.Item
            key={id}
            title={
              <Group gap="xs">
                <Text fw={600}>{[words.action(action), about?.name].filter(Boolean).join(' · ')}</Text>
                <Text size="sm" c="dimmed">
                  {[
                    actor.name ?? t(`history.actor.${actor.type}` as never, actor.type),
                    format.moment(at),
                  ].join(' · ')}
                </Text>
              </Group>
            }
          >
            {/* That somebody new may speak and share says nothing that the invitation does not. */}
            {action !== 'participant.invited' && <Changes changes={changes} />}
          </Timeline.Item>
        ))}
      </Timeline>
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}
