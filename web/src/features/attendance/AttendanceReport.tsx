import {
  Badge,
  Group,
  Paper,
  SimpleGrid,
  Skeleton,
  Stack,
  Table,
  Text,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Attendance } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { Exports, type FileKind } from '../../ui/Exports';
import { ProblemNote } from '../../ui/ProblemNote';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { attendanceQuery } from '../meetings/queries';
import { PersonMenu } from './PersonMenu';
import { PresenceBadges, PresenceCards } from './Presence';
import { PresenceChart } from './PresenceChart';
import { AddPresence, CameAs, Presence } from './Spans';

/** Who was there, from when to when. */
export function AttendanceReport({ meetingId, title }: { meetingId: string; title: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, refetch } = useQuery(attendanceQuery(meetingId));
  const load = (kind: FileKind) =>
    take(
      api.GET(`/api/v1/meetings/{id}/attendance.${kind}`, {
        params: { path: { id: meetingId } },
        parseAs: 'blob',
      }),
    );
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={240} role="status" aria-label={t('shell.loading')} />;
  const { summary, items, polls } = data;
  const cards = [
    ['invited', summary.invited],
    ['attended', summary.attended],
    ['absent', summary.absent],
    ['late', summary.late],
    ['average', format.duration(summary.average_duration_seconds)],
    ['peak', summary.peak_participants],
    ...(summary.presence_checks > 0 ? [['checks', summary.presence_checks] as const] : []),
  ] as const;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="sm">
        {cards.map(([name, value]) => (
          <Paper key={name} withBorder p="sm">
            <Text size="xs" c="dimmed">
              {t(`attendance.card.${name}`)}
            </Text>
            <Text fw={650} fz="lg">
              {value}
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
      <PresenceCards attendance={data} />
      <Group justify="space-between">
        <AddPresence meetingId={meetingId} />
        <Exports load={load} name={title} />
      </Group>
      <PresenceChart meetingId={meetingId} items={items} />
      {items.length === 0 ? (
        <EmptyState icon={IconUserCheck} title={t('attendance.none')} />
      ) : (
        <Table verticalSpacing="xs" className={rows.rows} aria-label={t('details.tab.attendance')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('person.name')}</Table.Th>
              <Table.Th>{t('attendance.spans')}</Table.Th>
              <Table.Th ta="end">{t('attendance.duration')}</Table.Th>
              <Table.Th ta="end">{t('attendance.messages')}</Table.Th>
              <Table.Th ta="end">{t('attendance.hands')}</Table.Th>
              <Table.Th ta="end">{t('attendance.spoke')}</Table.Th>
              <Table.Th>
                <VisuallyHidden>{t('people.actions')}</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((item) => (
              <AttendanceRow
                key={item.user?.id ?? item.guest_id ?? item.guest_name ?? ''}
                item={item}
                meetingId={meetingId}
                minimum={data.min_presence_percent}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {polls.length > 0 && <PollResults polls={polls} />}
    </Stack>
  );
}

/** What was voted on, and what came out. */
function PollResults({ polls }: { polls: Attendance['polls'] }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" component="section" aria-label={t('attendance.polls')}>
      <Title order={2} fz="md">
        {t('attendance.polls')}
      </Title>
      {polls.map(({ id, question, options, results, voted, entitled }) => (
        <Paper key={id} withBorder p="sm">
          <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {question}
          </Text>
          <Text size="sm">
            {options.map((option, index) => `${option}: ${results.counts[index] ?? 0}`).join(' · ')}
          </Text>
          <Text size="sm" c="dimmed">
            {[
              t('attendance.pollSummary', { voted, entitled }),
              results.outcome === 'decided'
                ? t('poll.outcome.decided', { option: options[results.winner ?? 0] })
                : t(`poll.outcome.${results.outcome ?? 'no_majority'}`),
            ].join(' · ')}
          </Text>
        </Paper>
      ))}
    </Stack>
  );
}

type RowProps = {
  item: Attendance['items'][number];
  meetingId: string;
  minimum: number | null | undefined;
};

function AttendanceRow({ item, meetingId, minimum }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Table.Tr>
      <Table.Td className={rows.wide}>
        <Group gap={6}>
          <Text size="sm" fw={500}>
            {item.user?.name ?? item.guest_name}
          </Text>
          {item.is_late && (
            <Badge size="sm" variant="light" color="yellow">
              {t('attendance.isLate')}
            </Badge>
          )}
          {item.checks.asked > 0 && (
            <Badge
              size="sm"
              variant="light"
              color={item.checks.confirmed < item.checks.asked ? 'yellow' : 'green'}
            >
              {t('attendance.checks', { ...item.checks, count: item.checks.asked })}
            </Badge>
          )}
          {item.left_early && (
            <Badge size="sm" variant="light" color="yellow">
              {t('attendance.leftEarly')}
            </Badge>
          )}
          <PresenceBadges item={item} minimum={minimum} />
          <CameAs item={item} />
        </Group>
      </Table.Td>
      <Table.Td className={rows.wide}>
        <Presence meetingId={meetingId} item={item} />
      </Table.Td>
      <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('attendance.duration')}>
        {item.spans.length === 0 ? '–' : format.duration(item.duration_seconds)}
      </Table.Td>
      <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('attendance.messages')}>
        {item.messages_sent}
      </Table.Td>
      <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('attendance.hands')}>
        {item.hand_raised_count}
      </Table.Td>
      <Table.Td ta={{ base: 'start', sm: 'end' }} data-label={t('attendance.spoke')}>
        {item.speaking_seconds > 0 ? format.duration(item.speaking_seconds) : '–'}
      </Table.Td>
      <Table.Td ta="end">
        <PersonMenu meetingId={meetingId} item={item} />
      </Table.Td>
    </Table.Tr>
  );
}
