import { Group, Select, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { IconChartBar, IconUsersGroup } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { Exports } from '../../ui/Exports';
import { MoreButton } from '../../ui/MoreButton';
import { usePageTitle } from '../../ui/pages';
import rows from '../../ui/Rows.module.css';
import { localZone } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { StatusBadge } from '../meetings/status';
import { useHere } from '../orgs/OrganizationGate';
import { settingsQuery } from '../settings/queries';
import { AbsencesPart } from './AbsencesPart';
import { EngagementPart, MemberEngagement } from './EngagementPart';
import { GroupPart } from './GroupPart';
import { MonthChart } from './MonthChart';
import { Cards, GroupSelect, MemberSelect, Pending, useFigures } from './parts';
import { months, PERIODS, type Period } from './period';
import {
  meetingsFile,
  meetingsReportQuery,
  memberFile,
  memberReportQuery,
  organizationQuery,
  type Scope,
} from './queries';
import type { View } from './views';

const route = getRouteApi('/signed-in/shell/reports');

/** How meetings went: all of an organization's for officers, and everybody's own. */
export function ReportsPage() {
  const { t } = useTranslation();
  usePageTitle(t('reports.title'));
  const { permissions, me, organization } = useHere();
  const { locale } = useFormat();
  const { period = 'year', ...search } = route.useSearch();
  const navigate = useNavigate();
  const oversees = permissions.includes('attendance.view');
  const settings = useQuery(settingsQuery(organization.id)).data;
  const { data: known, isPending } = useQuery(organizationQuery(organization.id));
  const scope: Scope = { org: organization.id, period, zone: known?.timezone ?? localZone() };
  const weighs =
    settings?.engagement && Object.values(settings.engagement_weights).some((weight) => weight > 0);
  const views: View[] = [
    ...(oversees ? (['meetings', 'members', 'groups'] as const) : (['members'] as const)),
    'absences',
    ...(weighs ? (['engagement'] as const) : []),
  ];
  // An address from before there were views names a member alone.
  const asked = search.view ?? (search.member ? 'members' : undefined);
  const view = views.find((view) => view === asked) ?? views[0];
  const member = oversees ? search.member : me.id;
  const go = (to: { view?: View; period?: Period; member?: string; group?: string }) =>
    void navigate({ to: '/reports', search: { view, period, ...to } });
  const monthName = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('reports.title')}</Title>
        <Select
          aria-label={t('reports.period')}
          data={[
            {
              group: t('reports.lookBack'),
              items: PERIODS.map((value) => ({ value, label: t(`reports.of.${value}`) })),
            },
            {
              group: t('reports.oneMonth'),
              items: [...new Set([...months(new Date(), scope.zone), period])]
                .filter((value) => value.includes('-'))
                .map((value) => ({ value, label: monthName.format(new Date(`${value}-01T00:00:00Z`)) })),
            },
          ]}
          value={period}
          allowDeselect={false}
          onChange={(value) => go({ ...search, period: value as Period })}
        />
      </Group>
      <Tabs value={view} onChange={(value) => go({ view: value as View })}>
        <Tabs.List>
          {views.map((view) => (
            <Tabs.Tab key={view} value={view}>
              {t(view === 'members' && !oversees ? 'reports.own' : `reports.view.${view}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {/* A month is asked for when it is known where. */}
      {isPending ? (
        <Pending error={null} onRetry={() => undefined} />
      ) : (
        <>
          {view === 'meetings' && <MeetingsPart scope={scope} />}
          {view === 'members' && (
            <>
              {oversees && <MemberSelect member={member ?? me.id} onChange={(id) => go({ member: id })} />}
              <MemberPart key={member} user={member ?? me.id} scope={scope} />
            </>
          )}
          {view === 'groups' && (
            <>
              <GroupSelect group={search.group} onChange={(id) => go({ group: id })} />
              {search.group ? (
                <GroupPart key={search.group} group={search.group} scope={scope} />
              ) : (
                <EmptyState icon={IconUsersGroup} title={t('reports.groupText')} />
              )}
            </>
          )}
          {view === 'absences' && <AbsencesPart scope={scope} user={oversees ? undefined : me.id} />}
          {view === 'engagement' &&
            (member ? (
              <MemberEngagement
                key={member}
                user={member}
                scope={scope}
                onChoose={oversees ? (id) => go({ member: id }) : undefined}
              />
            ) : (
              <EngagementPart scope={scope} onChoose={(id) => go({ member: id })} />
            ))}
        </>
      )}
    </Stack>
  );
}

function MeetingsPart({ scope }: { scope: Scope }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { percent } = useFigures();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...meetingsReportQuery(scope),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  if (!data || !first) return <Pending error={error} onRetry={() => void refetch()} />;
  const { summary, months } = first;
  const average = ({ average_duration_seconds: seconds }: { average_duration_seconds?: number | null }) =>
    seconds == null ? '–' : format.duration(seconds);
  const items = data.pages.flatMap((page) => page.items);
  return (
    <Stack>
      <Cards
        cards={[
          [t('reports.card.meetings'), summary.meetings],
          [t('reports.card.held'), summary.held],
          [t('reports.card.noShows'), summary.no_shows],
          [t('reports.card.cancelled'), summary.cancelled],
          [t('reports.card.rate'), percent(summary.attendance_rate)],
          [t('reports.card.attended'), summary.attended],
          [t('reports.card.late'), summary.late],
          [t('reports.card.average'), average(summary)],
        ]}
      />
      {months.length > 1 && <MonthChart months={months} />}
      <Exports load={(kind) => meetingsFile(scope, kind)} name={t('reports.view.meetings')} />
      {items.length === 0 ? (
        <EmptyState icon={IconChartBar} title={t('reports.none')} />
      ) : (
        <Table verticalSpacing="xs" className={rows.rows}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('reports.meeting')}</Table.Th>
              <Table.Th>{t('reports.status')}</Table.Th>
              <Table.Th ta="end" visibleFrom="sm">
                {t('attendance.card.invited')}
              </Table.Th>
              <Table.Th ta="end">{t('attendance.card.attended')}</Table.Th>
              <Table.Th ta="end" visibleFrom="sm">
                {t('attendance.card.late')}
              </Table.Th>
              <Table.Th ta="end" visibleFrom="sm">
                {t('attendance.card.average')}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((meeting) => (
              <Table.Tr key={meeting.id}>
                <Table.Td className={rows.wide}>
                  <Link
                    to="/meetings/$id/details"
                    params={{ id: meeting.id }}
                    search={{ tab: 'attendance' }}
                    style={{ color: 'inherit', overflowWrap: 'anywhere' }}
                  >
                    {meeting.title}
                  </Link>
                  <Text size="sm" c="dimmed">
                    {format.span(meeting.scheduled_start, null)}
                  </Text>
                  <Text size="sm" c="dimmed" hiddenFrom="sm">
                    {[
                      `${t('attendance.card.invited')}: ${meeting.invited}`,
                      `${t('attendance.card.late')}: ${meeting.late}`,
                      `${t('attendance.card.average')}: ${average(meeting)}`,
                    ].join(' · ')}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {meeting.show_status === 'no_show' ? (
                    <Text size="sm" c="red">
                      {t('show.noShow')}
                    </Text>
                  ) : (
                    <StatusBadge status={meeting.status} />
                  )}
                </Table.Td>
                <Table.Td ta="end" visibleFrom="sm">
                  {meeting.invited}
                </Table.Td>
                <Table.Td
                  ta="end"
                  data-label={t('attendance.card.attended')}
                >{`${meeting.attended} (${percent(meeting.attendance_rate)})`}</Table.Td>
                <Table.Td ta="end" visibleFrom="sm">
                  {meeting.late}
                </Table.Td>
                <Table.Td ta="end" visibleFrom="sm">
                  {average(meeting)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

function MemberPart({ user, scope }: { user: string; scope: Scope }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { percent } = useFigures();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...memberReportQuery(scope, user),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  if (!data || !first) return <Pending error={error} onRetry={() => void refetch()} />;
  const { summary } = first;
  const items = data.pages.flatMap((page) => page.items);
  return (
    <Stack>
      <Title order={2}>{first.user.name}</Title>
      <Cards
        cards={[
          [t('reports.card.meetings'), summary.invited],
          [t('reports.card.rate'), percent(summary.attendance_rate)],
          [t('reports.card.absent'), summary.absent],
          [t('reports.card.excused'), summary.excused],
          [t('reports.card.late'), summary.late],
          [t('reports.card.punctuality'), percent(summary.punctuality_rate)],
          [t('reports.card.leftEarly'), summary.left_early],
          [t('reports.card.duration'), format.duration(summary.duration_seconds)],
          [t('reports.card.messages'), summary.messages_sent],
        ]}
      />
      <Exports load={(kind) => memberFile(scope, user, kind)} name={first.user.name} />
      {items.length === 0 ? (
        <EmptyState icon={IconChartBar} title={t('reports.none')} />
      ) : (
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('reports.meeting')}</Table.Th>
              <Table.Th>{t('attendance.spans')}</Table.Th>
              <Table.Th ta="end">{t('attendance.duration')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((meeting) => (
              <Table.Tr key={meeting.id}>
                <Table.Td>
                  <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
                    {meeting.title}
                  </Text>
                  <Text size="sm" c="dimmed">
                    {format.span(meeting.scheduled_start, null)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm" c={meeting.first_joined_at ? undefined : 'dimmed'}>
                    {[
                      meeting.first_joined_at
                        ? format.time(meeting.first_joined_at)
                        : t(meeting.is_held ? 'attendance.absent' : 'reports.notHeld'),
                      ...(meeting.is_late ? [t('attendance.isLate')] : []),
                      ...(meeting.left_early ? [t('attendance.leftEarly')] : []),
                    ].join(' · ')}
                  </Text>
                </Table.Td>
                <Table.Td ta="end">{format.duration(meeting.duration_seconds)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}
