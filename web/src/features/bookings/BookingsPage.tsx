import { Anchor, Badge, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import {
  IconCalendarPlus,
  IconClock,
  IconDoor,
  IconListDetails,
  IconMapPin,
  IconUsers,
  IconVideo,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Booking } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { localZone } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { useHere } from '../orgs/OrganizationGate';
import { byDay, nameOfDay, timesOfDay } from './days';
import { toComeQuery } from './queries';

/** What is booked and not over yet, day by day. */
export function BookingsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.bookings'));
  const { organization, permissions } = useHere();
  const { locale } = useFormat();
  const now = useNow();
  const zone = localZone();
  const { data, error, refetch } = useQuery(toComeQuery(organization.id));
  const book = permissions.includes('bookings.create') && (
    <Button
      leftSection={<IconCalendarPlus size={16} aria-hidden />}
      renderRoot={(props) => <Link to="/bookings/new" {...props} />}
    >
      {t('bookings.new')}
    </Button>
  );
  return (
    <Stack maw={900} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('nav.bookings')}</Title>
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<IconListDetails size={16} aria-hidden />}
            renderRoot={(props) => <Link to="/settings/resources" {...props} />}
          >
            {t('resources.title')}
          </Button>
          {book}
        </Group>
      </Group>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && (
        <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
          {['a', 'b', 'c'].map((key) => (
            <Skeleton key={key} h={84} />
          ))}
        </Stack>
      )}
      {data?.results.length === 0 && (
        <EmptyState icon={IconDoor} title={t('bookings.none')}>
          <Text c="dimmed">
            {t(permissions.includes('resources.manage') ? 'bookings.noneAtAll' : 'bookings.noneText')}
          </Text>
        </EmptyState>
      )}
      {byDay(data?.results ?? [], now, zone).map(({ day, items }) => (
        <Stack key={day} gap="xs" component="section" aria-labelledby={`day-${day}`}>
          <Title order={2} size="h4" id={`day-${day}`}>
            {nameOfDay(day, now, locale, zone)}
          </Title>
          {items.map((booking) => (
            <BookingCard key={booking.id} booking={booking} />
          ))}
        </Stack>
      ))}
      {data && data.count > data.results.length && (
        <Text c="dimmed">{t('bookings.first', { shown: data.results.length, all: data.count })}</Text>
      )}
    </Stack>
  );
}

function BookingCard({ booking }: { booking: Booking }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { id, title, starts_at, ends_at, location, resources, attendees, meeting_id } = booking;
  // The place begins with the name of its room.
  const others = resources.filter(({ name }) => !location.startsWith(name));
  const times = timesOfDay(starts_at, ends_at, format.locale, localZone());
  return (
    <Card withBorder padding="sm" component="article">
      <Stack gap={6}>
        <Group justify="space-between" wrap="nowrap" align="start">
          <Anchor
            renderRoot={(props) => <Link to="/bookings/$id" params={{ id }} search={{}} {...props} />}
            fw={600}
            c="inherit"
            style={{ overflowWrap: 'anywhere' }}
          >
            {title}
          </Anchor>
          {meeting_id && (
            <Badge variant="light" style={{ flex: 'none' }} leftSection={<IconVideo size={12} aria-hidden />}>
              {t('bookings.online')}
            </Badge>
          )}
        </Group>
        <Group gap={6} wrap="nowrap" align="start">
          <IconClock size={16} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
          <Text size="sm">{times ?? format.span(starts_at, ends_at)}</Text>
        </Group>
        {location && (
          <Group gap={6} wrap="nowrap" align="start">
            <IconMapPin size={16} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {location}
            </Text>
          </Group>
        )}
        {attendees.length > 0 && (
          <Group gap={6} wrap="nowrap">
            <IconUsers size={16} aria-hidden style={{ flex: 'none' }} />
            <Text size="sm">{t('bookings.asks', { count: attendees.length })}</Text>
          </Group>
        )}
        {others.length > 0 && (
          <Group gap={4}>
            {others.map((resource) => (
              <Badge key={resource.id} size="sm" variant="light" color="gray" tt="none" maw="100%">
                {resource.name}
              </Badge>
            ))}
          </Group>
        )}
      </Stack>
    </Card>
  );
}
