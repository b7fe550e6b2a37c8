import { Button, Chip, Group, Select, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { IconBraces, IconTimeline } from '@tabler/icons-react';
import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { saveFile } from '../../ui/saving';
import { useFormat } from '../../ui/useFormat';
import { attendanceQuery } from '../meetings/queries';
import { GROUPS, type Happening, type Group as KindGroup, words } from './words';

/** What of the story is wanted. */
type Wanted = { groups: KindGroup[]; actor: string | null };

const queryOf = ({ groups, actor }: Wanted) => ({
  kind: groups.flatMap((group) => GROUPS[group]).join(',') || undefined,
  actor: actor ?? undefined,
});

const timelineQuery = (id: string, wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: ['meeting', id, 'timeline', wanted],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/meetings/{id}/timeline', {
          params: { path: { id }, query: { ...queryOf(wanted), limit: 100, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

/** Who was invited or was there. */
function usePeople(meetingId: string) {
  const { data } = useQuery(attendanceQuery(meetingId));
  return (data?.items ?? []).flatMap(({ user, guest_id, guest_name }) => {
    const value = user?.id ?? guest_id;
    return value ? [{ value, label: user?.name ?? guest_name ?? '' }] : [];
  });
}

/** What happened in and to a meeting, from the first word to the last. */
export function TimelineTab({ meetingId, title }: { meetingId: string; title: string }) {
  const { t } = useTranslation();
  const [groups, setGroups] = useState<KindGroup[]>([]);
  const [actor, setActor] = useState<string | null>(null);
  const people = usePeople(meetingId);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    timelineQuery(meetingId, { groups, actor }),
  );
  const save = useMutation({
    mutationFn: () =>
      take(
        api.GET('/api/v1/meetings/{id}/timeline.json', {
          params: { path: { id: meetingId }, query: queryOf({ groups, actor }) },
          parseAs: 'blob',
        }),
      ),
    onSuccess: (file) => saveFile(file as unknown as Blob, `${title}.json`),
    onError: notifyProblem,
  });
  const items = data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <Stack>
      <Chip.Group multiple value={groups} onChange={(next) => setGroups(next as KindGroup[])}>
        <Group gap={6} role="group" aria-label={t('timeline.show')}>
          {(Object.keys(GROUPS) as KindGroup[]).map((group) => (
            <Chip key={group} value={group} size="sm">
              {t(`timeline.group.${group}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group justify="space-between">
        <Select
          aria-label={t('timeline.person')}
          placeholder={t('timeline.everybody')}
          data={people}
          value={actor}
          onChange={setActor}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('timeline.everybody') }}
          nothingFoundMessage={t('timeline.nobody')}
        />
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
  const { about, content, former, seconds, changes } = words(item);
  const kind = item.kind.replace('.', '_');
  const happened = i18n.exists(`timeline.kind.${kind}`) ? t(`timeline.kind.${kind}` as never) : item.kind;
  const field = (name: string) =>
    i18n.exists(`history.field.${name}`) ? t(`history.field.${name}` as never) : name.replaceAll('_', ' ');
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <Text fw={600}>
          {[happened, about, seconds !== undefined && format.duration(seconds)].filter(Boolean).join(': ')}
        </Text>
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
