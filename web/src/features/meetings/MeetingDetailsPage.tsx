import { Anchor, Breadcrumbs, Button, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconDoorEnter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../api/problem';
import { can, type Meeting } from '../../api/types';
import { enterable } from '../../room/enterable';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { localZone } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { AttendanceReport } from '../attendance/AttendanceReport';
import { LiveQuorum } from '../attendance/QuorumBadge';
import { Chat } from '../chat/Chat';
import { useHere } from '../orgs/OrganizationGate';
import { MeetingRecordings } from '../recordings/MeetingRecordings';
import { TimelineTab } from '../timeline/TimelineTab';
import { HistoryTab } from './HistoryTab';
import { useLiveMeeting } from './live';
import { MeetingOverview } from './MeetingOverview';
import { meetingQuery, participantsQuery } from './queries';
import { StatusBadge, TypeIcon } from './status';
import type { DetailTab } from './tabs';
import { useProviderName } from './useProviderName';

const route = getRouteApi('/signed-in/shell/meetings/$id/details');

export function MeetingDetailsPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const { tab = 'overview' } = route.useSearch();
  const navigate = useNavigate();
  const format = useFormat();
  const nameOf = useProviderName();
  const now = useNow();
  const live = useLiveMeeting(id);
  const { data: meeting, error, refetch } = useQuery(meetingQuery(id));
  usePageTitle(meeting?.title);
  const list = useRef<HTMLDivElement>(null);
  const isThere = meeting !== undefined;
  // On phones the tabs are wider than the page: the open one has to be seen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tab that is open is read from the page.
  useEffect(() => {
    const open = list.current?.querySelector<HTMLElement>('[data-active]');
    if (open && list.current) list.current.scrollLeft = open.offsetLeft - 48;
  }, [isThere, tab]);

  if (!meeting && error)
    return (
      <Stack maw={1100} mx="auto">
        <BackToMeetings />
        <Title order={1}>
          {Problem.of(error).status === 404 ? t('details.notFound') : t('nav.meetings')}
        </Title>
        <ProblemNote error={error} onRetry={() => void refetch()} />
      </Stack>
    );
  if (!meeting)
    return (
      <Stack maw={1100} mx="auto" role="status" aria-label={t('shell.loading')}>
        <Skeleton h={32} w="60%" />
        <Skeleton h={20} w="40%" />
        <Skeleton h={300} mt="lg" />
      </Stack>
    );

  const start = meeting.actual_start ?? meeting.scheduled_start;
  const end = meeting.actual_end ?? meeting.scheduled_end;
  const tabs: DetailTab[] = [
    'overview',
    ...(can(meeting, 'see_attendance') ? (['attendance'] as const) : []),
    'recordings',
    ...(can(meeting, 'chat') ? (['chat'] as const) : []),
    // Host and officers, as with the attendance.
    ...(can(meeting, 'see_attendance') ? (['timeline', 'history'] as const) : []),
  ];
  return (
    <Stack maw={1100} mx="auto">
      <BackToMeetings />
      <Group justify="space-between" align="start">
        <Stack gap={6} style={{ flex: '1 1 20rem', minWidth: 0 }}>
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {meeting.title}
          </Title>
          <Text>
            {format.span(start, end)}
            <Text span c="dimmed">{` · ${format.relative(start, now)}`}</Text>
          </Text>
          {meeting.timezone !== localZone() && (
            <Text size="sm" c="dimmed">
              {t('meeting.elsewhere', {
                span: format.spanIn(meeting.timezone, start, end),
                zone: meeting.timezone,
              })}
            </Text>
          )}
          <Group gap={6} c="dimmed">
            <StatusBadge status={meeting.status} />
            {meeting.status === 'in_progress' && can(meeting, 'chat') && <LiveQuorum meetingId={id} />}
            <TypeIcon type={meeting.meeting_type} size={16} />
            <Text size="sm">
              {[
                t(`meetingType.${meeting.meeting_type}`),
                meeting.host ? t('meeting.hostedBy', { name: meeting.host.name }) : t('meeting.noHost'),
                t('meeting.people', { count: meeting.participant_count }),
                ...(meeting.venue_mode === 'virtual' ? [] : [t(`venueMode.${meeting.venue_mode}`)]),
                ...(meeting.location ? [meeting.location] : []),
                ...(meeting.provider === 'livekit' ? [] : [nameOf(meeting)]),
              ].join(' · ')}
            </Text>
          </Group>
        </Stack>
        {enterable(meeting, now) && can(meeting, 'join') && (
          <Button
            size="md"
            leftSection={<IconDoorEnter size={18} aria-hidden />}
            renderRoot={(props) => <Link to="/meetings/$id" params={{ id }} {...props} />}
          >
            {meeting.status === 'in_progress' ? t('meeting.joinNow') : t('meeting.join')}
          </Button>
        )}
      </Group>
      <Tabs
        value={tabs.includes(tab) ? tab : 'overview'}
        onChange={(next) =>
          navigate({ to: '/meetings/$id/details', params: { id }, search: { tab: next as DetailTab } })
        }
        keepMounted={false}
      >
        <Tabs.List ref={list}>
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`details.tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview" pt="md">
          <MeetingOverview meeting={meeting} live={live} />
        </Tabs.Panel>
        <Tabs.Panel value="attendance" pt="md">
          <AttendanceReport meetingId={id} title={meeting.title} />
        </Tabs.Panel>
        <Tabs.Panel value="recordings" pt="md">
          <MeetingRecordings meeting={meeting} live={live} />
        </Tabs.Panel>
        <Tabs.Panel value="chat" pt="md" h="60dvh">
          <MeetingChat meeting={meeting} live={live} writable={enterable(meeting, now)} />
        </Tabs.Panel>
        <Tabs.Panel value="timeline" pt="md">
          <TimelineTab meetingId={id} title={meeting.title} />
        </Tabs.Panel>
        <Tabs.Panel value="history" pt="md">
          <HistoryTab meetingId={id} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

/** The chat, where people of the meeting can be named. */
function MeetingChat({ meeting, live, writable }: { meeting: Meeting; live: boolean; writable: boolean }) {
  const { me } = useHere();
  const { data: listed } = useQuery(participantsQuery(meeting.id, live));
  const people = useMemo(() => listed?.map(({ user }) => ({ id: user.id, name: user.name })) ?? [], [listed]);
  return (
    <Chat
      meetingId={meeting.id}
      title={meeting.title}
      me={me.id}
      people={people}
      writable={writable}
      moderates={can(meeting, 'moderate')}
      exportable
    />
  );
}

function BackToMeetings() {
  const { t } = useTranslation();
  return (
    <Breadcrumbs>
      <Anchor
        size="sm"
        py={6}
        display="inline-block"
        renderRoot={(props) => <Link to="/meetings" {...props} />}
      >
        {t('nav.meetings')}
      </Anchor>
    </Breadcrumbs>
  );
}
