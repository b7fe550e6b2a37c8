import { Group, Paper, Select, SimpleGrid, Skeleton, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { Exports } from '../../ui/Exports';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { StatusBadge } from '../meetings/status';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import { MonthChart } from './MonthChart';
import { PERIODS, type Period } from './period';
import { meetingsFile, meetingsReportQuery, memberFile, memberReportQuery } from './queries';

const route = getRouteApi('/signed-in/shell/reports');

/** How meetings went: all of an organization's for officers, and everybody's own. */
export function ReportsPage() {
  const { t } = useTranslation();
  usePageTitle(t('reports.title'));
  const { permissions, me } = useHere();
  const { period = 'year', member } = route.useSearch();
  const navigate = useNavigate();
  const oversees = permissions.includes('attendance.view');
  const go = (search: { period?: Period; member?: string }) => void navigate({ to: '/reports', search });
  const shown = oversees ? member : me.id;
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('reports.title')}</Title>
        <Select
          aria-label={t('reports.period')}
          data={PERIODS.map((value) => ({ value, label: t(`reports.of.${value}`) }))}
          value={period}
          allowDeselect={false}
          onChange={(value) => go({ member, period: value as Period })}
        />
      </Group>
      {oversees && (
        <Tabs
          value={member ? 'members' : 'meetings'}
          onChange={(tab) => go({ period, member: tab === 'members' ? me.id : undefined })}
        >
          <Tabs.List>
            <Tabs.Tab value="meetings">{t('reports.meetings')}</Tabs.Tab>
            <Tabs.Tab value="members">{t('reports.members')}</Tabs.Tab>
          </Tabs.List>
        </Tabs>
      )}
      {oversees && member && <MemberSelect member={member} onChange={(id) => go({ period, member: id })} />}
      {shown ? <MemberPart key={shown} user={shown} period={period} /> : <MeetingsPart period={period} />}
    </Stack>
  );
}

function MemberSelect({ member, onChange }: { member: string; onChange: (id: string) => void }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { data: members = [], isPending } = useQuery(membersQuery(organization.id));
  return (
    <Select
      label={t('reports.member')}
      searchable
      // What is typed before the names are here would be lost when they come.
      disabled={isPending}
      data={members.map(({ user }) => ({ value: user.id, label: user.name }))}
      value={member}
      allowDeselect={false}
      maw={360}
      onChange={(id) => id && onChange(id)}
    />
  );
}

function Cards({ cards }: { cards: readonly (readonly [string, string | number])[] }) {
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 4 }} spacing="sm">
      {cards.map(([name, value]) => (
        <Paper key={name} withBorder p="sm">
          <Text size="xs" c="dimmed">
            {name}
          </Text>
          <Text fw={650} fz="lg">
            {value}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function usePercent() {
  const { locale } = useFormat();
  const format = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  return (share: number | null | undefined) => (share == null ? '–' : format.format(share));
}

function MeetingsPart({ period }: { period: Period }) {
  const { t } = useTranslation();
  const format = useFormat();
  const percent = usePercent();
  const { organization } = useHere();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...meetingsReportQuery(organization.id, period),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  if (!data || !first)
    return error ? (
      <ProblemNote error={error} onRetry={() => void refetch()} />
    ) : (
      <Skeleton h={300} role="status" aria-label={t('shell.loading')} />
    );
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
      <Exports load={(kind) => meetingsFile(organization.id, period, kind)} name={t('reports.meetings')} />
      {items.length === 0 ? (
        <EmptyState icon={IconChartBar} title={t('reports.none')} />
      ) : (
        <Table verticalSpacing="xs">
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
                <Table.Td>
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
                <Table.Td ta="end">{`${meeting.attended} (${percent(meeting.attendance_rate)})`}</Table.Td>
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

function MemberPart({ user, period }: { user: string; period: Period }) {
  const { t } = useTranslation();
  const format = useFormat();
  const percent = usePercent();
  const { organization } = useHere();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...memberReportQuery(organization.id, user, period),
    placeholderData: keepPreviousData,
  });
  const [first] = data?.pages ?? [];
  if (!data || !first)
    return error ? (
      <ProblemNote error={error} onRetry={() => void refetch()} />
    ) : (
      <Skeleton h={300} role="status" aria-label={t('shell.loading')} />
    );
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
      <Exports load={(kind) => memberFile(organization.id, user, period, kind)} name={first.user.name} />
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
