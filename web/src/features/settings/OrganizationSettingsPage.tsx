import {
  Button,
  Card,
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Skeleton,
  Stack,
  Switch,
  Text,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ACCESS_LEVELS, MEETING_TYPES, ORG_ROLES, type Settings, WEEK_STARTS } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import {
  PresenceInputs,
  type PresenceValues,
  presenceRules,
  presenceValues,
} from '../attendance/PresenceInputs';
import { useHere } from '../orgs/OrganizationGate';
import { settingsQuery } from './queries';

/** What new meetings begin with, and how the organization wants to be served. */
export function OrganizationSettingsPage() {
  const { t } = useTranslation();
  usePageTitle(t('orgSettings.title'));
  const { organization } = useHere();
  const { data, error, refetch } = useQuery(settingsQuery(organization.id));
  return (
    <Stack maw={720}>
      <Title order={2}>{t('orgSettings.title')}</Title>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={400} role="status" aria-label={t('shell.loading')} />}
      {data && <SettingsForm key={organization.id} settings={data} />}
    </Stack>
  );
}

const LIMITS = [
  'max_participants',
  'recording_max_minutes',
  'recording_quota_gb',
  'recording_retention_days',
] as const satisfies readonly (keyof Settings)[];
type Limit = (typeof LIMITS)[number];

/** The numbers are empty while there is none. */
type Values = Omit<Settings, Limit | keyof PresenceValues> & PresenceValues & Record<Limit, number | ''>;

/** What stands in each of the limits, by what it was. */
const limits = <From, To>(values: Record<Limit, From>, turn: (value: From) => To) =>
  Object.fromEntries(LIMITS.map((name) => [name, turn(values[name])])) as Record<Limit, To>;

const toValues = (settings: Settings): Values => ({
  ...settings,
  ...limits(settings as Record<Limit, number | null | undefined>, (value) => value ?? ''),
  ...presenceValues(settings),
});

function SettingsForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const { organization, permissions } = useHere();
  const queryClient = useQueryClient();
  const form = useForm<Values>({ initialValues: toValues(settings) });
  const frozen = !permissions.includes('settings.manage');
  const save = useMutation({
    mutationFn: (values: Values) =>
      take(
        api.PATCH('/api/v1/organizations/{org}/settings', {
          params: { path: { org: organization.id } },
          body: {
            ...values,
            ...limits(values, (value) => (value === '' ? null : value)),
            ...presenceRules(values),
          },
        }),
      ),
    onSuccess: (saved) => {
      queryClient.setQueryData(settingsQuery(organization.id).queryKey, saved);
      form.setInitialValues(toValues(saved));
      form.reset();
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
    onError: (error) => showAtFields(form, error),
  });
  const box = (field: keyof Values) => form.getInputProps(field, { type: 'checkbox' });
  const minutes = { min: 0, max: 1440, allowDecimal: false, allowNegative: false };
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <fieldset disabled={frozen} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack>
          {frozen && <Text c="dimmed">{t('settings.adminsOnly')}</Text>}
          <FormProblem error={save.error} form={form} />
          <Section title={t('orgSettings.meetings')} text={t('orgSettings.meetingsText')}>
            <Select
              label={t('schedule.type')}
              data={MEETING_TYPES.map((value) => ({ value, label: t(`meetingType.${value}`) }))}
              allowDeselect={false}
              {...form.getInputProps('meeting_type')}
            />
            <NumberInput
              label={t('orgSettings.duration')}
              {...minutes}
              min={5}
              step={5}
              {...form.getInputProps('default_duration_minutes')}
            />
            <NumberInput
              label={t('orgSettings.late')}
              {...minutes}
              {...form.getInputProps('late_threshold_minutes')}
            />
            <PresenceInputs form={form} />
            <NumberInput
              label={t('schedule.maxParticipants')}
              description={t('schedule.maxParticipantsHint')}
              min={1}
              max={10_000}
              allowDecimal={false}
              {...form.getInputProps('max_participants')}
            />
            <Checkbox label={t('schedule.autoRecord')} {...box('auto_record')} />
            <Checkbox
              label={t('schedule.requireApproval')}
              description={t('schedule.requireApprovalHint')}
              {...box('require_approval')}
            />
            <Checkbox
              label={t('orgSettings.joinShows')}
              description={t('orgSettings.joinShowsHint')}
              {...box('livekit_join_shows')}
            />
            <Checkbox
              label={t('orgSettings.speaking')}
              description={t('orgSettings.speakingHint')}
              {...box('measure_speaking')}
            />
          </Section>
          <Section title={t('orgSettings.security')}>
            <Switch
              label={t('orgSettings.guests')}
              description={t('orgSettings.guestsHint')}
              {...box('allow_guests')}
            />
            <Switch
              label={t('orgSettings.strict')}
              description={t('orgSettings.strictHint')}
              {...box('record_strict')}
            />
          </Section>
          <Section title={t('orgSettings.recordings')}>
            <Switch
              label={t('orgSettings.recordingAllowed')}
              description={t('orgSettings.recordingAllowedHint')}
              {...box('recording_allowed')}
            />
            <Switch
              label={t('orgSettings.transcripts')}
              description={t('orgSettings.transcriptsHint')}
              {...box('transcripts')}
            />
            <Select
              label={t('orgSettings.access')}
              data={ACCESS_LEVELS.map((value) => ({ value, label: t(`recording.access.${value}`) }))}
              allowDeselect={false}
              {...form.getInputProps('recording_access_level')}
            />
            {form.values.recording_access_level === 'role_based' && (
              <MultiSelect
                label={t('recording.roles')}
                data={ORG_ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
                {...form.getInputProps('recording_allowed_roles')}
              />
            )}
            <NumberInput
              label={t('orgSettings.recordingMinutes')}
              description={t('orgSettings.recordingMinutesHint')}
              min={5}
              max={1440}
              step={5}
              allowDecimal={false}
              allowNegative={false}
              {...form.getInputProps('recording_max_minutes')}
            />
            <NumberInput
              label={t('orgSettings.recordingQuota')}
              description={t('orgSettings.recordingQuotaHint')}
              min={1}
              max={1_000_000}
              allowDecimal={false}
              allowNegative={false}
              {...form.getInputProps('recording_quota_gb')}
            />
            <NumberInput
              label={t('orgSettings.retention')}
              description={t('orgSettings.retentionHint')}
              min={1}
              max={36_500}
              allowDecimal={false}
              {...form.getInputProps('recording_retention_days')}
            />
          </Section>
          <Section title={t('orgSettings.notifications')}>
            <Switch label={t('orgSettings.meetingNotifications')} {...box('meeting_notifications')} />
            <Switch label={t('orgSettings.calendarNotifications')} {...box('calendar_event_notifications')} />
          </Section>
          <Section title={t('orgSettings.calendar')}>
            <Select
              label={t('orgSettings.week')}
              data={WEEK_STARTS.map((value) => ({ value, label: t(`weekStart.${value}`) }))}
              allowDeselect={false}
              {...form.getInputProps('week_starts_on')}
            />
          </Section>
          {!frozen && (
            <Group>
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                {t('shell.save')}
              </Button>
            </Group>
          )}
        </Stack>
      </fieldset>
    </form>
  );
}

function Section({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={3}>{title}</Title>
        {text && (
          <Text size="sm" c="dimmed">
            {text}
          </Text>
        )}
        {children}
      </Stack>
    </Card>
  );
}
