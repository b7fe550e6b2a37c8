import {
  Button,
  Group,
  SegmentedControl,
  SimpleGrid,
  Skeleton,
  Stack,
  Tabs,
  Text,
  Title,
} from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { IconBolt, IconCalendarPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useNow } from '../../ui/useNow';
import { useHere } from '../orgs/OrganizationGate';
import { Filters } from './Filters';
import { MeetingCard } from './MeetingCard';
import { MeetingsTable } from './MeetingsTable';
import { meetNow } from './meetNow';
import { type MeetingFilters, meetingsQuery } from './queries';
import { ScheduleDialog } from './ScheduleDialog';
import { MEETING_TABS, MEETING_VIEWS, type MeetingTab, type MeetingView } from './tabs';

const route = getRouteApi('/signed-in/shell/meetings');

export function MeetingsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.meetings'));
  const search = route.useSearch();
  const {
    tab: chosen,
    view = 'cards',
    new: scheduling,
    title,
    description,
    start: wanted,
    ...filters
  } = search;
  // Who opens the page wants to know what comes; who looks for something looks everywhere.
  const tab = chosen ?? (Object.values(filters).some(Boolean) ? 'all' : 'upcoming');
  const navigate = useNavigate();
  const { organization, permissions, me } = useHere();
  const officer = permissions.includes('meetings.schedule');
  const show = (change: Partial<typeof search>) =>
    navigate({ to: '/meetings', search: { ...search, ...change }, replace: true });
  const open = () => show({ new: true });
  // What a link said of a new meeting goes with the dialog; what it related to stays no filter.
  const close = () =>
    show({
      new: undefined,
      title: undefined,
      description: undefined,
      start: undefined,
      related_type: undefined,
      related_id: undefined,
    });
  const start = useMutation({
    mutationFn: () => meetNow(organization.id, t('meeting.instantTitle', { name: me.name })),
    onSuccess: ({ id }) => navigate({ to: '/meetings/$id', params: { id } }),
    onError: notifyProblem,
  });

  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('nav.meetings')}</Title>
        {officer && (
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
        onChange={(next) => show({ tab: (next ?? undefined) as MeetingTab | undefined })}
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
            <Filters filters={scheduling ? {} : filters} onChange={show} />
            {officer && (
              <SegmentedControl
                aria-label={t('meetings.view')}
                data={MEETING_VIEWS.map((value) => ({ value, label: t(`meetings.as.${value}`) }))}
                value={view}
                onChange={(value) => show({ view: MEETING_VIEWS.find((known) => known === value) })}
                style={{ alignSelf: 'start' }}
              />
            )}
            <MeetingsList
              tab={tab}
              view={officer ? view : 'cards'}
              filters={scheduling ? {} : filters}
              onSchedule={officer ? open : undefined}
            />
          </Stack>
        </Tabs.Panel>
      </Tabs>
      {scheduling && officer && (
        <ScheduleDialog
          draft={{ title, description, start: wanted, ...filters }}
          onClose={close}
          onSaved={({ id }) => navigate({ to: '/meetings/$id/details', params: { id } })}
        />
      )}
    </Stack>
  );
}

function MeetingsList(props: {
  tab: MeetingTab;
  view: MeetingView;
  filters: MeetingFilters;
  onSchedule?: () => void;
}) {
  const { tab, view, filters, onSchedule } = props;
  const { t } = useTranslation();
  const { organization } = useHere();
  const now = useNow();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    meetingsQuery(organization.id, tab, filters, view === 'table'),
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
  if (meetings.length === 0 && Object.values(filters).some(Boolean))
    return <EmptyState icon={IconSearch} title={t('meetings.nothingFound')} />;
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
      {view === 'table' ? (
        <MeetingsTable meetings={meetings} />
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          {meetings.map((meeting) => (
            <MeetingCard key={meeting.id} meeting={meeting} now={now} />
          ))}
        </SimpleGrid>
      )}
      <div ref={ref}>
        <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} fullWidth />
      </div>
    </Stack>
  );
}
