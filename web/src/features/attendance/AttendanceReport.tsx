import { Badge, Group, Paper, SimpleGrid, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Attendance } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { attendanceQuery } from '../meetings/queries';

/** Who was there, from when to when. */
export function AttendanceReport({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data, error, refetch } = useQuery(attendanceQuery(meetingId));
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={240} role="status" aria-label={t('shell.loading')} />;
  const { summary, items } = data;
  const cards = [
    ['invited', summary.invited],
    ['attended', summary.attended],
    ['absent', summary.absent],
    ['late', summary.late],
    ['average', format.duration(summary.average_duration_seconds)],
    ['peak', summary.peak_participants],
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
      {items.length === 0 ? (
        <EmptyState icon={IconUserCheck} title={t('attendance.none')} />
      ) : (
        <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('person.name')}</Table.Th>
                <Table.Th>{t('attendance.spans')}</Table.Th>
                <Table.Th ta="end">{t('attendance.duration')}</Table.Th>
                <Table.Th ta="end">{t('attendance.messages')}</Table.Th>
                <Table.Th ta="end">{t('attendance.hands')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((item) => (
                <AttendanceRow key={item.user?.id ?? item.guest_name ?? ''} item={item} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}

function AttendanceRow({ item }: { item: Attendance['items'][number] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6}>
          <Text size="sm" fw={500}>
            {item.user?.name ?? item.guest_name}
          </Text>
          {item.is_late && (
            <Badge size="sm" variant="light" color="yellow">
              {t('attendance.isLate')}
            </Badge>
          )}
          {item.left_early && (
            <Badge size="sm" variant="light" color="yellow">
              {t('attendance.leftEarly')}
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        {item.spans.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t('attendance.absent')}
          </Text>
        ) : (
          item.spans.map(({ joined_at, left_at }) => (
            <Text size="sm" key={joined_at}>
              {`${format.time(joined_at, true)} – ${left_at ? format.time(left_at, true) : t('attendance.stillThere')}`}
            </Text>
          ))
        )}
      </Table.Td>
      <Table.Td ta="end">{format.duration(item.duration_seconds)}</Table.Td>
      <Table.Td ta="end">{item.messages_sent}</Table.Td>
      <Table.Td ta="end">{item.hand_raised_count}</Table.Td>
    </Table.Tr>
  );
}
