import { Button, Chip, Group, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { IconBraces, IconTimeline } from '@tabler/icons-react';
import { infiniteQueryOptions, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { allPages, api, take } from '../../api/client';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { saveFile } from '../../ui/saving';
import { useFormat } from '../../ui/useFormat';
import { GROUPS, type Happening, words } from './words';

const page = (id: string, kinds: string[], cursor: string | undefined, limit: number) =>
  take(
    api.GET('/api/v1/meetings/{id}/timeline', {
      params: { path: { id }, query: { kind: kinds.join(',') || undefined, limit, cursor } },
    }),
  );

const timelineQuery = (id: string, kinds: string[]) =>
  infiniteQueryOptions({
    queryKey: ['meeting', id, 'timeline', kinds],
    queryFn: ({ pageParam }) => page(id, kinds, pageParam, 100),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

/** What happened in and to a meeting, from the first word to the last. */
export function TimelineTab({ meetingId, title }: { meetingId: string; title: string }) {
  const { t } = useTranslation();
  const [kinds, setKinds] = useState<string[]>([]);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    timelineQuery(meetingId, kinds),
  );
  const save = useMutation({
    mutationFn: () => allPages((cursor) => page(meetingId, kinds, cursor, 200)),
    onSuccess: (items) => {
      const file = new Blob([JSON.stringify({ items }, null, 2)], { type: 'application/json' });
      saveFile(file, `${title}.json`);
    },
    onError: notifyProblem,
  });
  const items = data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Chip.Group multiple value={kinds} onChange={setKinds}>
          <Group gap={6} role="group" aria-label={t('timeline.show')}>
            {GROUPS.map((group) => (
              <Chip key={group} value={group} size="sm">
                {t(`timeline.group.${group}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Button
          variant="default"
          leftSection={<IconBraces size={16} aria-hidden />}
          loading={save.isPending}
          onClick={() => save.mutate()}
        >
          {t('timeline.export')}
        </Button>
      </Group>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={240} role="status" aria-label={t('shell.loading')} />}
      {data && items.length === 0 && <EmptyState icon={IconTimeline} title={t('timeline.none')} />}
      {items.length > 0 && (
        <Timeline bulletSize={12} lineWidth={2}>
          {items.map((item, index) => (
            <Timeline.Item key={index} title={<Line item={item} />} />
          ))}
        </Timeline>
      )}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

function Line({ item }: { item: Happening }) {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const { about, content, former, changes } = words(item);
  const kind = item.kind.replace('.', '_');
  const happened = i18n.exists(`timeline.kind.${kind}`) ? t(`timeline.kind.${kind}` as never) : item.kind;
  const field = (name: string) =>
    i18n.exists(`history.field.${name}`) ? t(`history.field.${name}` as never) : name.replaceAll('_', ' ');
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <Text fw={600}>{[happened, about].filter(Boolean).join(': ')}</Text>
        <Text size="sm" c="dimmed">
          {[
            item.actor.name ?? t(`history.actor.${item.actor.type}` as never, item.actor.type),
            format.moment(item.at),
          ].join(' · ')}
        </Text>
      </Group>
      {content && (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {content}
        </Text>
      )}
      {former && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {t('timeline.former', { text: former })}
        </Text>
      )}
      {changes.length > 0 && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {changes.map(field).join(', ')}
        </Text>
      )}
    </Stack>
  );
}
