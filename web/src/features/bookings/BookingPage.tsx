import { Anchor, Badge, Button, Card, Group, List, Skeleton, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCalendarX, IconEdit, IconVideo } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Booking } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { resourcesQuery } from '../resources/queries';
import { BackToBookings } from './BackToBookings';
import { BookingForm } from './BookingForm';
import { bookingQuery } from './queries';

const route = getRouteApi('/signed-in/shell/bookings/$id');

/** One booking; whoever may change it does it here. */
export function BookingPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const { edit } = route.useSearch();
  const { me, permissions } = useHere();
  const { data: booking, error, refetch } = useQuery(bookingQuery(id));
  usePageTitle(booking?.title);
  const own = booking?.created_by === me.id && permissions.includes('bookings.create');
  const may = own || permissions.includes('resources.manage');
  return (
    <Stack maw={720} mx="auto">
      <BackToBookings />
      {error && !booking && (
        <>
          <Title order={1}>
            {t(Problem.of(error).status === 404 ? 'bookings.notFound' : 'nav.bookings')}
          </Title>
          <ProblemNote error={error} onRetry={() => void refetch()} />
        </>
      )}
      {!booking && !error && (
        <Stack role="status" aria-label={t('shell.loading')}>
          <Skeleton h={32} w="60%" />
          <Skeleton h={200} />
        </Stack>
      )}
      {booking && (edit && may ? <Edit booking={booking} /> : <Details booking={booking} may={may} />)}
    </Stack>
  );
}

function Edit({ booking }: { booking: Booking }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(resourcesQuery(organization.id));
  const back = () =>
    void navigate({ to: '/bookings/$id', params: { id: booking.id }, search: {}, replace: true });
  return (
    <>
      <Title order={1}>{t('bookings.edit')}</Title>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={320} role="status" aria-label={t('shell.loading')} />}
      {data && (
        <Card withBorder padding="md">
          <BookingForm booking={booking} resources={data} onSaved={back} onCancel={back} />
        </Card>
      )}
    </>
  );
}

function Details({ booking, may }: { booking: Booking; may: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { id, title, starts_at, ends_at, location, resources, attendees, notes, organizer_email } = booking;
  return (
    <>
      <Group justify="space-between" align="start">
        <Stack gap={6} style={{ flex: '1 1 20rem', minWidth: 0 }}>
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          <Text>{format.span(starts_at, ends_at)}</Text>
        </Stack>
        {booking.meeting_id && (
          <Button
            leftSection={<IconVideo size={16} aria-hidden />}
            renderRoot={(props) => (
              <Link to="/meetings/$id/details" params={{ id: booking.meeting_id ?? '' }} {...props} />
            )}
          >
            {t('bookings.toMeeting')}
          </Button>
        )}
      </Group>
      <Card withBorder padding="md">
        <Stack gap="sm" component="dl" m={0}>
          <Part name={t('bookings.type')}>
            <Text size="sm">{t(`bookings.is.${booking.booking_type}`)}</Text>
          </Part>
          {location && (
            <Part name={t('schedule.location')}>
              <Text size="sm">{location}</Text>
            </Part>
          )}
          {resources.length > 0 && (
            <Part name={t('resources.title')}>
              <Group gap={4}>
                {resources.map((one) => (
                  <Badge key={one.id} variant="light" color="gray" tt="none" maw="100%">
                    {one.name}
                  </Badge>
                ))}
              </Group>
            </Part>
          )}
          {organizer_email && (
            <Part name={t('bookings.organizer')}>
              <Text size="sm">{organizer_email}</Text>
            </Part>
          )}
          {attendees.length > 0 && (
            <Part name={t('bookings.attendees')}>
              <List size="sm">
                {attendees.map(({ name, email, user_id }) => (
                  <List.Item key={email ?? user_id}>
                    {name !== email && name}
                    {name && email && name !== email && ' · '}
                    {email && (
                      <Anchor size="sm" href={`mailto:${email}`}>
                        {email}
                      </Anchor>
                    )}
                  </List.Item>
                ))}
              </List>
            </Part>
          )}
          {notes && (
            <Part name={t('contacts.notes')}>
              <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                {notes}
              </Text>
            </Part>
          )}
        </Stack>
      </Card>
      {may && (
        <Group>
          <Button
            variant="default"
            leftSection={<IconEdit size={16} aria-hidden />}
            renderRoot={(props) => (
              <Link to="/bookings/$id" params={{ id }} search={{ edit: true }} {...props} />
            )}
          >
            {t('bookings.edit')}
          </Button>
          <DialogButton icon={IconCalendarX} label={t('bookings.cancel')} color="red" variant="light">
            {(close) => <CancelForm booking={booking} onDone={close} />}
          </DialogButton>
        </Group>
      )}
    </>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
      <Text component="dt" size="xs" c="dimmed">
        {name}
      </Text>
      <dd style={{ margin: 0 }}>{children}</dd>
    </div>
  );
}

function CancelForm({ booking: { id, meeting_id }, onDone }: { booking: Booking; onDone: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/bookings/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      void queryClient.invalidateQueries({ queryKey: ['bookings'] });
      if (meeting_id) {
        void queryClient.invalidateQueries({ queryKey: ['meetings'] });
        void queryClient.invalidateQueries({ queryKey: ['meeting', meeting_id] });
      }
      await navigate({ to: '/bookings', replace: true });
      queryClient.removeQueries(bookingQuery(id));
      notifications.show({
        message: t('bookings.cancelled'),
        closeButtonProps: { 'aria-label': t('shell.close') },
      });
    },
  });
  return (
    <Stack>
      <Text size="sm">{t(meeting_id ? 'bookings.cancelBoth' : 'bookings.cancelText')}</Text>
      {cancel.error && <ProblemNote error={cancel.error} />}
      <Group justify="end">
        <Button variant="default" onClick={onDone} data-autofocus>
          {t('bookings.keep')}
        </Button>
        <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('bookings.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
