import {
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMediaQuery } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import {
  type CustomField,
  type CustomValues,
  MEETING_TYPES,
  type Meeting,
  type MeetingType,
  type Settings,
  VENUE_MODES,
  type VenueMode,
} from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { localZone, nextQuarter, toInstant, toWall, zones } from '../../ui/time';
import { WhenInput } from '../../ui/WhenInput';
import {
  PresenceInputs,
  type PresenceValues,
  presenceRules,
  presenceValues,
} from '../attendance/PresenceInputs';
import { useHere } from '../orgs/OrganizationGate';
import { PeopleInput } from '../orgs/PeopleInput';
import { customFieldsQuery, settingsQuery } from '../settings/queries';
import { CustomFieldInputs, filledIn, valuesOf } from './CustomFields';
import classes from './ScheduleDialog.module.css';

/** The fields carry the names of the API, so that its pointers find them. */
type Values = {
  title: string;
  description: string;
  agenda: string;
  venue_mode: VenueMode;
  location: string;
  external_url: string;
  scheduled_start: string | null;
  scheduled_end: string | null;
  timezone: string;
  meeting_type: MeetingType;
  max_participants: number | string;
  auto_record: boolean;
  require_approval: boolean;
  participants: string[];
  settings: {
    allow_guests: boolean;
    recording_allowed: boolean;
    late_threshold_minutes: number | string;
  } & PresenceValues;
  related_object: { type: string; id: string };
  custom_fields: CustomValues;
};

/** What another program's link says of a meeting that is to be scheduled. */
export type Draft = {
  title?: string;
  description?: string;
  start?: string;
  related_type?: string;
  related_id?: string;
};

const MINUTE = 60_000;

function initialValues(
  meeting: Meeting | undefined,
  draft: Draft,
  settings: Settings,
  fields: CustomField[],
): Values {
  const zone = meeting?.timezone ?? localZone();
  const wanted = draft.start && !Number.isNaN(Date.parse(draft.start)) ? new Date(draft.start) : undefined;
  const start = meeting ? new Date(meeting.scheduled_start) : (wanted ?? nextQuarter(new Date()));
  const end = meeting
    ? meeting.scheduled_end
    : new Date(start.getTime() + settings.default_duration_minutes * MINUTE);
  return {
    title: meeting?.title ?? draft.title ?? '',
    description: meeting?.description ?? draft.description ?? '',
    agenda: meeting?.agenda ?? '',
    venue_mode: meeting?.venue_mode ?? 'virtual',
    location: meeting?.location ?? '',
    external_url: meeting?.external_url ?? '',
    scheduled_start: toWall(start, zone),
    scheduled_end: end ? toWall(end, zone) : null,
    timezone: zone,
    meeting_type: (meeting ?? settings).meeting_type,
    max_participants: (meeting ?? settings).max_participants ?? '',
    auto_record: (meeting ?? settings).auto_record,
    require_approval: (meeting ?? settings).require_approval,
    participants: [],
    settings: {
      allow_guests: meeting?.settings.allow_guests ?? false,
      recording_allowed: meeting?.settings.recording_allowed ?? true,
      late_threshold_minutes: (meeting?.settings ?? settings).late_threshold_minutes,
      ...presenceValues(meeting?.settings ?? settings),
    },
    related_object: meeting
      ? (meeting.related_object ?? { type: '', id: '' })
      : { type: draft.related_type ?? '', id: draft.related_id ?? '' },
    custom_fields: valuesOf(fields, meeting?.custom_fields as CustomValues | undefined),
  };
}

function toBody(values: Values) {
  const {
    scheduled_start,
    scheduled_end,
    timezone,
    max_participants,
    title,
    settings,
    external_url,
    ...rest
  } = values;
  const { type, id } = values.related_object;
  const { late_threshold_minutes: late } = settings;
  return {
    ...rest,
    title: title.trim(),
    external_url: external_url.trim() || null,
    timezone,
    scheduled_start: toInstant(scheduled_start ?? '', timezone),
    scheduled_end: scheduled_end ? toInstant(scheduled_end, timezone) : null,
    max_participants: max_participants === '' ? null : Number(max_participants),
    settings: {
      ...settings,
      late_threshold_minutes: late === '' ? null : Number(late),
      ...presenceRules(settings),
    },
    related_object: type || id ? { type, id } : null,
    custom_fields: filledIn(values.custom_fields),
  };
}

type Props = {
  meeting?: Meeting;
  draft?: Draft;
  onClose: () => void;
  onSaved: (meeting: Meeting) => void;
};

/** Schedules a meeting, or changes the one given. */
export function ScheduleDialog(props: Props) {
  const { meeting, onClose } = props;
  const { t } = useTranslation();
  const { organization } = useHere();
  const org = meeting?.organization_id ?? organization.id;
  const phone = useMediaQuery('(max-width: 48em)');
  const settings = useQuery(settingsQuery(org));
  const fields = useQuery(customFieldsQuery(org));
  const error = settings.error ?? fields.error;
  return (
    <Modal
      opened
      onClose={onClose}
      title={meeting ? t('schedule.editTitle') : t('schedule.title')}
      size="lg"
      fullScreen={phone}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      {settings.data && fields.data ? (
        <ScheduleForm {...props} settings={settings.data} fields={fields.data} />
      ) : error ? (
        <ProblemNote
          error={error}
          onRetry={() => {
            void settings.refetch();
            void fields.refetch();
          }}
        />
      ) : (
        <Skeleton h={400} role="status" aria-label={t('shell.loading')} />
      )}
    </Modal>
  );
}

function ScheduleForm(props: Props & { settings: Settings; fields: CustomField[] }) {
  const { meeting, draft = {}, settings, fields, onClose, onSaved } = props;
  const { t } = useTranslation();
  const { organization, me } = useHere();
  const queryClient = useQueryClient();
  // One key for as long as the dialog says the same thing: pressing again after a lost answer makes no second meeting.
  const [key, setKey] = useState(idempotent);

  const form = useForm<Values>({
    initialValues: initialValues(meeting, draft, settings, fields),
    onValuesChange: () => setKey(idempotent()),
    validate: {
      title: (title) => (title.trim() ? null : t('form.required')),
      scheduled_start: (start) => (start ? null : t('form.required')),
      scheduled_end: (end, { scheduled_start }) =>
        end && scheduled_start && end <= scheduled_start ? t('schedule.endBeforeStart') : null,
    },
  });
  const begin = useEffectEvent(() => form.getInputNode('title')?.focus());
  useEffect(() => begin(), []);
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
          <PeopleInput org={organization.id} without={[me.id]} {...form.getInputProps('participants')} />
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
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select
            label={t('schedule.venue')}
            data={VENUE_MODES.map((value) => ({ value, label: t(`venueMode.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('venue_mode')}
          />
          <TextInput label={t('schedule.location')} maxLength={500} {...form.getInputProps('location')} />
        </SimpleGrid>
        <TextInput
          label={t('schedule.externalUrl')}
          description={t('schedule.externalUrlHint')}
          type="url"
          maxLength={2000}
          {...form.getInputProps('external_url')}
        />
        <Textarea
          label={t('schedule.description')}
          autosize
          minRows={2}
          maxRows={6}
          {...form.getInputProps('description')}
        />
        <Textarea
          label={t('schedule.agenda')}
          description={t('schedule.agendaHint')}
          autosize
          minRows={2}
          maxRows={8}
          {...form.getInputProps('agenda')}
        />
        <CustomFieldInputs fields={fields} form={form} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label={t('schedule.maxParticipants')}
            description={t('schedule.maxParticipantsHint')}
            min={1}
            max={10_000}
            allowDecimal={false}
            {...form.getInputProps('max_participants')}
          />
          <NumberInput
            label={t('schedule.late')}
            description={t('schedule.lateHint')}
            min={0}
            max={1440}
            allowDecimal={false}
            {...form.getInputProps('settings.late_threshold_minutes')}
          />
        </SimpleGrid>
        <PresenceInputs form={form} at="settings." />
        {settings.recording_allowed ? (
          <>
            <Switch
              label={t('schedule.recordingAllowed')}
              {...form.getInputProps('settings.recording_allowed', { type: 'checkbox' })}
            />
            {form.values.settings.recording_allowed && (
              <Checkbox
                label={t('schedule.autoRecord')}
                {...form.getInputProps('auto_record', { type: 'checkbox' })}
              />
            )}
          </>
        ) : (
          <Text size="sm" c="dimmed">
            {t('schedule.recordingOff')}
          </Text>
        )}
        <Checkbox
          label={t('schedule.requireApproval')}
          description={t('schedule.requireApprovalHint')}
          {...form.getInputProps('require_approval', { type: 'checkbox' })}
        />
        {settings.allow_guests && (
          <Checkbox
            label={t('schedule.allowGuests')}
            description={t('schedule.allowGuestsHint')}
            {...form.getInputProps('settings.allow_guests', { type: 'checkbox' })}
          />
        )}
        <details open={Boolean(form.getInitialValues().related_object.type)}>
          <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
            {t('schedule.related')}
          </Text>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mt="xs">
            <TextInput
              label={t('schedule.relatedType')}
              maxLength={100}
              {...form.getInputProps('related_object.type')}
            />
            <TextInput
              label={t('schedule.relatedId')}
              maxLength={255}
              {...form.getInputProps('related_object.id')}
            />
          </SimpleGrid>
        </details>
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
  );
}
