import {
  Button,
  Checkbox,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { MEETING_TYPES, type Meeting, type MeetingType } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { localZone, nextQuarter, toInstant, toWall } from '../../ui/time';
import { WhenInput } from '../../ui/WhenInput';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import classes from './ScheduleDialog.module.css';

/** The fields carry the names of the API, so that its pointers find them. */
type Values = {
  title: string;
  description: string;
  agenda: string;
  scheduled_start: string | null;
  scheduled_end: string | null;
  timezone: string;
  meeting_type: MeetingType;
  max_participants: number | string;
  auto_record: boolean;
  require_approval: boolean;
  participants: string[];
};

const HOUR = 3_600_000;

function initialValues(meeting: Meeting | undefined): Values {
  const zone = meeting?.timezone ?? localZone();
  const start = meeting ? new Date(meeting.scheduled_start) : nextQuarter(new Date());
  const end = meeting ? meeting.scheduled_end : new Date(start.getTime() + HOUR);
  return {
    title: meeting?.title ?? '',
    description: meeting?.description ?? '',
    agenda: meeting?.agenda ?? '',
    scheduled_start: toWall(start, zone),
    scheduled_end: end ? toWall(end, zone) : null,
    timezone: zone,
    meeting_type: meeting?.meeting_type ?? 'video',
    max_participants: meeting?.max_participants ?? '',
    auto_record: meeting?.auto_record ?? false,
    require_approval: meeting?.require_approval ?? false,
    participants: [],
  };
}

function toBody(values: Values) {
  const { scheduled_start, scheduled_end, timezone, max_participants, title, participants, ...rest } = values;
  return {
    ...rest,
    title: title.trim(),
    timezone,
    scheduled_start: toInstant(scheduled_start ?? '', timezone),
    scheduled_end: scheduled_end ? toInstant(scheduled_end, timezone) : null,
    max_participants: max_participants === '' ? null : Number(max_participants),
    participants,
  };
}

/** Schedules a meeting, or changes the one given. */
export function ScheduleDialog(props: {
  meeting?: Meeting;
  onClose: () => void;
  onSaved: (meeting: Meeting) => void;
}) {
  const { meeting, onClose, onSaved } = props;
  const { t } = useTranslation();
  const { organization, me } = useHere();
  const queryClient = useQueryClient();
  const phone = useMediaQuery('(max-width: 48em)');
  // One key for as long as the dialog says the same thing: pressing again after a lost answer makes no second meeting.
  const [key, setKey] = useState(idempotent);
  const members = useQuery({ ...membersQuery(organization.id), enabled: !meeting });

  const form = useForm<Values>({
    initialValues: initialValues(meeting),
    onValuesChange: () => setKey(idempotent()),
    validate: {
      title: (title) => (title.trim() ? null : t('form.required')),
      scheduled_start: (start) => (start ? null : t('form.required')),
      scheduled_end: (end, { scheduled_start }) =>
        end && scheduled_start && end <= scheduled_start ? t('schedule.endBeforeStart') : null,
    },
  });
  const save = useMutation({
    mutationFn: (values: Values) => {
      const { participants, ...fields } = toBody(values);
      return meeting
        ? take(api.PATCH('/api/v1/meetings/{id}', { params: { path: { id: meeting.id } }, body: fields }))
        : take(
            api.POST('/api/v1/organizations/{org}/meetings', {
              params: { path: { org: organization.id } },
              body: { ...fields, participants },
              headers: key,
            }),
          );
    },
    onSuccess: (saved) => {
      queryClient.setQueryData(['meeting', saved.id], saved);
      void queryClient.invalidateQueries({ queryKey: ['meetings'] });
      onSaved(saved);
    },
    onError: (error) => showAtFields(form, error),
  });

  /** Moves the end along with the start, so that the length stays. */
  function moveStart(start: string | null) {
    const { scheduled_start: before, scheduled_end: end } = form.getValues();
    form.setFieldValue('scheduled_start', start);
    if (!start || !before || !end) return;
    const length = Date.parse(toInstant(end, 'UTC')) - Date.parse(toInstant(before, 'UTC'));
    form.setFieldValue(
      'scheduled_end',
      toWall(new Date(Date.parse(toInstant(start, 'UTC')) + length), 'UTC'),
    );
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title={meeting ? t('schedule.editTitle') : t('schedule.title')}
      size="lg"
      fullScreen={phone}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack gap="sm">
          <FormProblem error={save.error} form={form} />
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
              {...form.getInputProps('scheduled_start')}
              onChange={moveStart}
            />
            <WhenInput
              label={t('schedule.end')}
              clearable
              clearButtonProps={{ 'aria-label': t('schedule.noEnd') }}
              {...form.getInputProps('scheduled_end')}
            />
          </SimpleGrid>
          <Select
            label={t('schedule.timezone')}
            data={zones(form.getValues().timezone)}
            searchable
            allowDeselect={false}
            limit={100}
            {...form.getInputProps('timezone')}
          />
          {!meeting && (
            <MultiSelect
              label={t('schedule.people')}
              placeholder={t('schedule.peoplePlaceholder')}
              data={(members.data ?? [])
                .filter(({ user }) => user.id !== me.id)
                .map(({ user }) => ({
                  value: user.id,
                  label: user.email ? `${user.name} (${user.email})` : user.name,
                }))}
              searchable
              hidePickedOptions
              nothingFoundMessage={t('schedule.nobody')}
              {...form.getInputProps('participants')}
            />
          )}
          <Stack gap={4}>
            <Text size="sm" fw={500} id="meeting-type">
              {t('schedule.type')}
            </Text>
            <SegmentedControl
              aria-labelledby="meeting-type"
              data={MEETING_TYPES.map((type) => ({ value: type, label: t(`meetingType.${type}`) }))}
              {...form.getInputProps('meeting_type')}
            />
          </Stack>
          <Textarea
            label={t('schedule.description')}
            autosize
            minRows={2}
            maxRows={6}
            {...form.getInputProps('description')}
          />
          <Textarea
            label={t('schedule.agenda')}
            autosize
            minRows={2}
            maxRows={8}
            {...form.getInputProps('agenda')}
          />
          <NumberInput
            label={t('schedule.maxParticipants')}
            description={t('schedule.maxParticipantsHint')}
            min={2}
            max={1000}
            allowDecimal={false}
            {...form.getInputProps('max_participants')}
          />
          <Checkbox
            label={t('schedule.autoRecord')}
            {...form.getInputProps('auto_record', { type: 'checkbox' })}
          />
          <Checkbox
            label={t('schedule.requireApproval')}
            description={t('schedule.requireApprovalHint')}
            {...form.getInputProps('require_approval', { type: 'checkbox' })}
          />
          <Group justify="end" className={classes.foot}>
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {meeting ? t('shell.save') : t('meeting.schedule')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** All zones this browser knows, the current one first of all. */
function zones(current: string) {
  const known = Intl.supportedValuesOf('timeZone');
  const rest = known.filter((zone) => zone !== current && zone !== 'UTC');
  return [...new Set([current, 'UTC', ...rest])];
}
