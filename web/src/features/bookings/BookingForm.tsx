import {
  Anchor,
  Button,
  Group,
  MultiSelect,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { Problem } from '../../api/problem';
import {
  type Alternative,
  BOOKING_TYPES,
  type Booking,
  RESOURCE_TYPES,
  type Resource,
} from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { sentence } from '../../ui/ProblemNote';
import { localZone } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { WhenInput } from '../../ui/WhenInput';
import { contactGroupsQuery } from '../contacts/queries';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import { ClashNote } from './ClashNote';
import {
  changeBody,
  movedEnd,
  newBody,
  newValues,
  proposed,
  slotField,
  type Values,
  valuesOf,
} from './draft';
import { asksQuery, bookingQuery } from './queries';

type Props = {
  /** What is changed; nothing for a new booking. */
  booking?: Booking;
  /** The times with which a new one begins. */
  wanted?: { start?: string; end?: string };
  resources: Resource[];
  onSaved: (booking: Booking) => void;
  onCancel: () => void;
};

/** Books, or changes a booking. */
export function BookingForm({ booking, wanted = {}, resources, onSaved, onCancel }: Props) {
  const { t } = useTranslation();
  const { me, organization, permissions } = useHere();
  const format = useFormat();
  const queryClient = useQueryClient();
  const zone = localZone();
  const submit = useRef<HTMLButtonElement>(null);
  const [taken, setTaken] = useState('');
  // What was disabled or deleted since stays with a booking that has it.
  const offered = [
    ...resources.filter(({ id, is_enabled }) => is_enabled || booking?.resource_ids.includes(id)),
    ...(booking?.resources.filter(({ id }) => !resources.some((one) => one.id === id)) ?? []),
  ];
  const nameOf = (id: string) => [...offered, ...resources].find((one) => one.id === id)?.name ?? '–';
  const form = useForm<Values>({
    initialValues: booking
      ? valuesOf(booking, zone)
      : newValues(
          wanted,
          new Date(),
          zone,
          offered.some(({ type }) => type === 'room') ? 'room' : 'custom',
          me.email ?? null,
        ),
    validate: {
      title: (title) => (title.trim() ? null : t('form.required')),
      starts_at: (start) => (start ? null : t('form.required')),
      ends_at: (end, { starts_at }) =>
        !end ? t('form.required') : starts_at && end <= starts_at ? t('schedule.endBeforeStart') : null,
      resource_ids: (ids, { booking_type }) =>
        booking_type === 'room' && ids.length === 0 ? t('form.required') : null,
    },
  });
  const save = useMutation({
    mutationFn: (values: Values) =>
      booking
        ? take(
            api.PATCH('/api/v1/bookings/{id}', {
              params: { path: { id: booking.id } },
              body: changeBody(values, booking, zone),
            }),
          )
        : take(
            api.POST('/api/v1/organizations/{org}/bookings', {
              params: { path: { org: organization.id } },
              body: newBody(values, zone),
              headers: idempotent(),
            }),
          ),
    onSuccess: (saved) => {
      queryClient.setQueryData(bookingQuery(saved.id).queryKey, saved);
      void queryClient.invalidateQueries({ queryKey: ['bookings'] });
      if (saved.meeting_id) {
        void queryClient.invalidateQueries({ queryKey: ['meetings'] });
        void queryClient.invalidateQueries({ queryKey: ['meeting', saved.meeting_id] });
      }
      onSaved(saved);
    },
    onError: (error, values) => {
      if (Problem.of(error).code !== 'INVALID_SLOT') return showAtFields(form, error);
      const field = slotField(values, zone);
      form.setErrors({ [field]: sentence(error) });
      form.getInputNode(field)?.focus();
    },
  });
  const problem = save.error && Problem.of(save.error);

  function moveStart(start: string | null) {
    const end = movedEnd(form.getValues(), start);
    form.setFieldValue('starts_at', start);
    if (end) form.setFieldValue('ends_at', end);
  }

  /** A proposal fills in the time and what is taken, and can be sent. */
  function takeInstead(alternative: Alternative) {
    form.setValues(proposed(alternative, zone));
    form.clearErrors();
    save.reset();
    const names = alternative.resource_ids.map(nameOf).join(', ');
    setTaken(
      t('bookings.filledIn', {
        what: `${names} · ${format.span(alternative.starts_at, alternative.ends_at)}`,
      }),
    );
    submit.current?.focus();
  }

  const custom = form.values.booking_type === 'custom';
  return (
    <form
      onSubmit={form.onSubmit((values) => {
        setTaken('');
        save.mutate(values);
      })}
      noValidate
    >
      <Stack gap="sm">
        {!booking && (
          <Stack gap={4}>
            <Text size="sm" fw={500} id="booking-type">
              {t('bookings.type')}
            </Text>
            <SegmentedControl
              aria-labelledby="booking-type"
              data={BOOKING_TYPES.map((type) => ({ value: type, label: t(`bookings.is.${type}`) }))}
              {...form.getInputProps('booking_type')}
            />
            <Text size="sm" c="dimmed">
              {t(`bookings.about.${form.values.booking_type}`)}
            </Text>
          </Stack>
        )}
        <TextInput
          label={t('schedule.name')}
          required
          maxLength={255}
          data-autofocus
          {...form.getInputProps('title')}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <WhenInput
            label={t('schedule.start')}
            required
            {...form.getInputProps('starts_at')}
            onChange={moveStart}
          />
          <WhenInput label={t('schedule.end')} required {...form.getInputProps('ends_at')} />
        </SimpleGrid>
        <Text size="sm" c="dimmed">
          {t('bookings.zone', { zone })}
        </Text>
        {offered.length > 0 ? (
          <MultiSelect
            label={t('resources.title')}
            required={!custom}
            data={RESOURCE_TYPES.map((type) => ({
              group: t(`resources.group.${type}`),
              items: offered
                .filter((one) => one.type === type)
                .map(({ id, name }) => ({ value: id, label: name })),
            })).filter(({ items }) => items.length > 0)}
            renderOption={({ option }) => {
              const { location = '', ...one } = offered.find(({ id }) => id === option.value) ?? {};
              const capacity = 'capacity' in one && one.capacity;
              return (
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {option.label}
                  </Text>
                  <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                    {[location, capacity && t('resources.holds', { count: capacity })]
                      .filter(Boolean)
                      .join(' · ')}
                  </Text>
                </div>
              );
            }}
            searchable
            hidePickedOptions
            maxValues={20}
            nothingFoundMessage={t('resources.nothingFound')}
            {...form.getInputProps('resource_ids')}
          />
        ) : (
          <Text size="sm">
            {t('resources.noneToBook')}{' '}
            <Anchor size="sm" renderRoot={(props) => <Link to="/settings/resources" {...props} />}>
              {t('resources.title')}
            </Anchor>
          </Text>
        )}
        {custom && <Company form={form} booking={booking} />}
        <Textarea
          label={t('contacts.notes')}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={10_000}
          {...form.getInputProps('notes')}
        />
        {!booking && permissions.includes('meetings.schedule') && (
          <Switch
            label={t('bookings.onlineRoom')}
            description={t('bookings.onlineRoomHint')}
            {...form.getInputProps('with_online_room', { type: 'checkbox' })}
          />
        )}
        {problem?.code === 'CONFLICT' && (
          // Another answer is another note, which is gone to again.
          <ClashNote key={save.submittedAt} problem={problem} nameOf={nameOf} onTake={takeInstead} />
        )}
        {problem && !['CONFLICT', 'INVALID_SLOT'].includes(problem.code) && (
          <FormProblem error={problem} form={form} />
        )}
        <Text size="sm" role="status" ta="end">
          {taken}
        </Text>
        <Group justify="end">
          <Button variant="default" onClick={onCancel}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" ref={submit} loading={save.isPending}>
            {t(booking ? 'shell.save' : 'bookings.book')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** So many of those who are asked to come are named. */
const MOST_NAMED = 8;

type CompanyProps = { form: UseFormReturnType<Values>; booking?: Booking };

/** Who organizes it, who is asked to come, and where. */
function Company({ form, booking }: CompanyProps) {
  const { t } = useTranslation();
  const { me, organization } = useHere();
  const { data: members } = useQuery(membersQuery(organization.id));
  const { data: groups } = useQuery(contactGroupsQuery(organization.id));
  const { attendees, contact_group_ids } = form.values;
  const { data: asked } = useQuery({
    ...asksQuery(organization.id, attendees, contact_group_ids),
    enabled: contact_group_ids.length > 0,
    retry: false,
  });
  // Addresses can be hidden from some; whoever organizes it already can go on.
  const known = [me, ...(members ?? []).map(({ user }) => user)].flatMap(({ name, email }) =>
    email ? [{ value: email, label: name }] : [],
  );
  const organizer = booking?.organizer_email;
  const organizers = [...known, ...(organizer ? [{ value: organizer, label: organizer }] : [])];
  return (
    <>
      <Select
        label={t('bookings.organizer')}
        data={organizers.filter(
          ({ value }, index) => organizers.findIndex((one) => one.value === value) === index,
        )}
        searchable
        allowDeselect={false}
        nothingFoundMessage={t('schedule.nobody')}
        {...form.getInputProps('organizer_email')}
      />
      <TagsInput
        label={t('bookings.attendees')}
        description={t('bookings.attendeesHint')}
        data={[...new Set(known.map(({ value }) => value))]}
        renderOption={({ option }) => (
          <div style={{ minWidth: 0 }}>
            <Text size="sm">{known.find(({ value }) => value === option.value)?.label}</Text>
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {option.value}
            </Text>
          </div>
        )}
        filter={({ options, search }) => {
          const wanted = search.trim().toLowerCase();
          return options.filter((option) => {
            const value = 'value' in option ? option.value : '';
            const name = known.find((one) => one.value === value)?.label ?? '';
            return wanted !== '' && `${name} ${value}`.toLowerCase().includes(wanted);
          });
        }}
        splitChars={[',', ';', ' ']}
        acceptValueOnBlur
        {...form.getInputProps('attendees')}
      />
      {groups && groups.length > 0 && (
        <MultiSelect
          label={t('bookings.groups')}
          data={groups.map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          hidePickedOptions
          nothingFoundMessage={t('schedule.nobody')}
          {...form.getInputProps('contact_group_ids')}
        />
      )}
      {asked && (
        <Text size="sm" c="dimmed" role="status" style={{ overflowWrap: 'anywhere' }}>
          {[
            t('bookings.asks', { count: asked.items.length }),
            asked.items
              .slice(0, MOST_NAMED)
              .map(({ name, email }) => name || email)
              .join(', '),
            asked.unreachable.length > 0 && t('bookings.unreachable', { count: asked.unreachable.length }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
      )}
      <TextInput
        label={t('schedule.location')}
        description={t('bookings.locationHint')}
        maxLength={500}
        {...form.getInputProps('location')}
      />
    </>
  );
}
