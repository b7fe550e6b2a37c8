import { Card, Skeleton, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useHere } from '../orgs/OrganizationGate';
import { resourcesQuery } from '../resources/queries';
import { BackToBookings } from './BackToBookings';
import { BookingForm } from './BookingForm';

const route = getRouteApi('/signed-in/shell/bookings/new');

/** Books a time, rooms and devices. A link can fill in the times. */
export function NewBookingPage() {
  const { t } = useTranslation();
  usePageTitle(t('bookings.new'));
  const { organization, permissions } = useHere();
  const wanted = route.useSearch();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(resourcesQuery(organization.id));
  const may = permissions.includes('bookings.create');
  return (
    <Stack maw={720} mx="auto">
      <BackToBookings />
      <Title order={1}>{t('bookings.new')}</Title>
      {!may && <Text>{t('bookings.mayNot')}</Text>}
      {may && error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {may && !data && !error && <Skeleton h={320} role="status" aria-label={t('shell.loading')} />}
      {may && data && (
        <Card withBorder padding="md">
          <BookingForm
            key={`${wanted.start} ${wanted.end}`}
            wanted={wanted}
            resources={data}
            onSaved={({ id }) => {
              notifications.show({
                message: t('bookings.booked'),
                closeButtonProps: { 'aria-label': t('shell.close') },
              });
              void navigate({ to: '/bookings/$id', params: { id }, search: {}, replace: true });
            }}
            onCancel={() => void navigate({ to: '/bookings' })}
          />
        </Card>
      )}
    </Stack>
  );
}
