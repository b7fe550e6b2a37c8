import { Button, Group, SimpleGrid, Skeleton, Stack, Tabs, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback, useDisclosure, useIntersection } from '@mantine/hooks';
import { IconBolt, IconCalendarPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { isOfficer } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useNow } from '../../ui/useNow';
import { useHere } from '../orgs/OrganizationGate';
import { MeetingCard } from './MeetingCard';
import { meetNow } from './meetNow';
import { meetingsQuery } from './queries';
import { ScheduleDialog } from './ScheduleDialog';
import { MEETING_TABS, type MeetingTab } from './tabs';

const route = getRouteApi('/signed-in/shell/meetings');

export function MeetingsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.meetings'));
  const { tab = 'all', q } = route.useSearch();
  const navigate = useNavigate();
  const { organization, role, me } = useHere();
  const [scheduling, { open, close }] = useDisclosure(false);
  const start = useMutation({
    mutationFn: () => meetNow(organization.id, t('meeting.instantTitle', { name: me.name })),
    onSuccess: ({ id }) => navigate({ to: '/meetings/$id', params: { id } }),
    onError: notifyProblem,
  });

  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('nav.meetings')}</Title>
        {isOfficer(role) && (
          <Group gap="xs">
            <Button
              variant="default"
              leftSection={<IconBolt size={16} aria-hidden />}
              loading={start.isPending}
              onClick={() => start.mutate()}
            >
              {t('meeting.meetNow')}
            </Button>
            <Button leftSection={<IconCalendarPlus size={16} aria-hidden />} onClick={open}>
              {t('meeting.schedule')}
            </Button>
          </Group>
        )}
      </Group>
      <Tabs
        value={tab}
        onChange={(next) => navigate({ to: '/meetings', search: { tab: (next ?? 'all') as MeetingTab, q } })}
        keepMounted={false}
      >
        <Tabs.List>
          {MEETING_TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`meetings.tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md">
          <Stack>
            <Search />
            <MeetingsList tab={tab} q={q} onSchedule={isOfficer(role) ? open : undefined} />
          </Stack>
        </Tabs.Panel>
      </Tabs>
      {scheduling && (
        <ScheduleDialog
          onClose={close}
          onSaved={({ id }) => navigate({ to: '/meetings/$id/details', params: { id } })}
        />
      )}
    </Stack>
  );
}

/** Searches titles; what is searched for stands in the address, so that a link shares it. */
function Search() {
  const { t } = useTranslation();
  const { tab, q = '' } = route.useSearch();
  const navigate = useNavigate();
  const search = useDebouncedCallback(
    (text: string) =>
      navigate({ to: '/meetings', search: { tab, q: text.trim() || undefined }, replace: true }),
    300,
  );
  return (
    <TextInput
      type="search"
      aria-label={t('meetings.search')}
      placeholder={t('meetings.search')}
      leftSection={<IconSearch size={16} aria-hidden />}
      maw={360}
      defaultValue={q}
      onChange={(event) => search(event.currentTarget.value)}
    />
  );
}

function MeetingsList({ tab, q, onSchedule }: { tab: MeetingTab; q?: string; onSchedule?: () => void }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const now = useNow();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    meetingsQuery(organization.id, tab, q),
  );
  const { ref, entry } = useIntersection({ rootMargin: '400px' });
  const nearEnd = entry?.isIntersecting && hasNextPage && !isFetchingNextPage;
  useEffect(() => {
    if (nearEnd) void fetchNextPage();
  }, [nearEnd, fetchNextPage]);

  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data)
    return (
      <SimpleGrid cols={{ base: 1, md: 2 }} aria-busy aria-label={t('shell.loading')} role="status">
        {['a', 'b', 'c', 'd'].map((key) => (
          <Skeleton key={key} h={158} />
        ))}
      </SimpleGrid>
    );
  const meetings = data.pages.flatMap(({ items }) => items);
  if (meetings.length === 0 && q) return <EmptyState icon={IconSearch} title={t('meetings.nothingFound')} />;
  if (meetings.length === 0)
    return (
      <EmptyState icon={IconCalendarPlus} title={t(`meetings.empty.${tab}`)}>
        {onSchedule ? (
          <Button onClick={onSchedule}>{t('meetings.emptyAction')}</Button>
        ) : (
          <Text c="dimmed">{t('meetings.emptyMember')}</Text>
        )}
      </EmptyState>
    );
  return (
    <Stack>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {meetings.map((meeting) => (
          <MeetingCard key={meeting.id} meeting={meeting} now={now} />
        ))}
      </SimpleGrid>
      <div ref={ref}>
        {hasNextPage && (
          <Button
            variant="subtle"
            fullWidth
            loading={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            {t('shell.more')}
          </Button>
        )}
      </div>
    </Stack>
  );
}
