import {
  Alert,
  Badge,
  Button,
  Card,
  Grid,
  Group,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Textarea,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconCopy, IconEdit, IconUserPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { type CustomValues, can, type Meeting, type Participant } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { Markdown } from '../../ui/Markdown';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { DoorButton } from '../door/DoorButton';
import { GuestLinksButton } from '../guests/GuestLinks';
import { useHere } from '../orgs/OrganizationGate';
import { PeopleInput } from '../orgs/PeopleInput';
import { customFieldsQuery } from '../settings/queries';
import { ShowNote } from '../shows/ShowNote';
import { RightsButton } from '../stage/RightsButton';
import { DuplicateDialog } from './DuplicateDialog';
import { InviteeMenu } from './InviteeMenu';
import { meetingQuery, participantsQuery } from './queries';
import { ScheduleDialog } from './ScheduleDialog';

/** Agenda, people and their answers; change and cancel for the host. */
export function MeetingOverview({ meeting, live }: { meeting: Meeting; live: boolean }) {
  const { t } = useTranslation();
  const [editing, edit] = useDisclosure(false);
  const [copying, copy] = useDisclosure(false);
  const { permissions } = useHere();
  const schedules = permissions.includes('meetings.schedule');
  const scheduled = meeting.status === 'scheduled';
  return (
    <Grid gap="md">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack>
          {meeting.status === 'cancelled' && (
            <Alert color="red" icon={<IconX aria-hidden />} title={t('overview.cancelled')}>
              {meeting.cancel_reason}
            </Alert>
          )}
          {scheduled && meeting.my.role === 'participant' && <Answer meeting={meeting} />}
          <ShowNote meeting={meeting} />
          <Card withBorder component="section" padding="md">
            <Stack gap="xs">
              <Title order={2}>{t('overview.agenda')}</Title>
              <Prose text={meeting.agenda} empty={t('overview.noAgenda')} />
              {meeting.description && (
                <>
                  <Title order={2} mt="sm">
                    {t('overview.description')}
                  </Title>
                  <Prose text={meeting.description} empty="" />
                </>
              )}
            </Stack>
          </Card>
          <Details meeting={meeting} />
          {((scheduled && (can(meeting, 'change') || can(meeting, 'cancel'))) || schedules) && (
            <Group>
              {schedules && (
                <Button
                  variant="default"
                  leftSection={<IconCopy size={16} aria-hidden />}
                  onClick={copy.open}
                >
                  {t('duplicate.title')}
                </Button>
              )}
              {scheduled && can(meeting, 'change') && (
                <Button
                  variant="default"
                  leftSection={<IconEdit size={16} aria-hidden />}
                  onClick={edit.open}
                >
                  {t('overview.edit')}
                </Button>
              )}
              {scheduled && can(meeting, 'cancel') && (
                <DialogButton icon={IconX} label={t('overview.cancel')} color="red" variant="light">
                  {(close) => <CancelForm meeting={meeting} onDone={close} />}
                </DialogButton>
              )}
            </Group>
          )}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        {can(meeting, 'see_participants') && <People meeting={meeting} live={live} />}
      </Grid.Col>
      {copying && <DuplicateDialog meeting={meeting} onClose={copy.close} />}
      {editing && <ScheduleDialog meeting={meeting} onClose={edit.close} onSaved={edit.close} />}
    </Grid>
  );
}

function Prose({ text, empty }: { text: string; empty: string }) {
  return text ? <Markdown text={text} /> : <Text c="dimmed">{empty}</Text>;
}

/** What the meeting belongs to, and what the organization wants to know of it. */
function Details({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data: fields = [] } = useQuery(customFieldsQuery(meeting.organization_id));
  const values = meeting.custom_fields as CustomValues;
  const known = fields.filter(({ key }) => values[key] !== undefined);
  const unknown = Object.keys(values).filter((key) => !fields.some((field) => field.key === key));
  const object = meeting.related_object;
  const lines: [string, string, string][] = [
    ...(object
      ? [['related', t('schedule.related'), `${object.type} ${object.id}`] as [string, string, string]]
      : []),
    ...known.map(({ key, label }) => [key, label, shown(values[key])] as [string, string, string]),
    ...unknown.map((key) => [key, key, shown(values[key])] as [string, string, string]),
  ];
  if (lines.length === 0) return null;
  function shown(value: unknown): string {
    if (typeof value === 'boolean') return t(value ? 'fields.yes' : 'fields.no');
    if (typeof value === 'number') return value.toLocaleString(format.locale);
    if (Array.isArray(value)) return value.map(shown).join(', ');
    if (/^\d{4}-\d\d-\d\d$/.test(String(value))) return format.day(String(value));
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return (
    <Card withBorder component="section" padding="md">
      <Stack gap="xs">
        <Title order={2}>{t('overview.details')}</Title>
        <SimpleGrid component="dl" cols={{ base: 1, xs: 2 }} spacing="md" verticalSpacing="xs" m={0}>
          {lines.map(([key, label, value]) => (
            <div key={key} style={{ overflowWrap: 'anywhere' }}>
              <Text component="dt" size="sm" c="dimmed">
                {label}
              </Text>
              <Text component="dd" m={0} style={{ whiteSpace: 'pre-wrap' }}>
                {value}
              </Text>
            </div>
          ))}
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

function Answer({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const answer = useMutation({
    mutationFn: (response: 'accepted' | 'declined') =>
      take(
        api.POST('/api/v1/meetings/{id}/response', {
          params: { path: { id: meeting.id } },
          body: { response },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id] }),
    onError: notifyProblem,
  });
  const mine = meeting.my.status;
  return (
    <Card withBorder component="section" padding="md">
      <Group justify="space-between">
        <Text fw={600}>
          {mine === 'accepted' || mine === 'declined'
            ? t(`overview.answered.${mine}`)
            : t('overview.question')}
        </Text>
        <Group gap="xs">
          <Button
            variant={mine === 'accepted' ? 'filled' : 'default'}
            leftSection={<IconCheck size={16} aria-hidden />}
            aria-pressed={mine === 'accepted'}
            loading={answer.isPending && answer.variables === 'accepted'}
            onClick={() => answer.mutate('accepted')}
          >
            {t('overview.accept')}
          </Button>
          <Button
            variant={mine === 'declined' ? 'filled' : 'default'}
            leftSection={<IconX size={16} aria-hidden />}
            aria-pressed={mine === 'declined'}
            loading={answer.isPending && answer.variables === 'declined'}
            onClick={() => answer.mutate('declined')}
          >
            {t('overview.decline')}
          </Button>
        </Group>
      </Group>
    </Card>
  );
}

const ANSWER_COLORS: Partial<Record<Participant['status'], string>> = {
  accepted: 'green',
  joined: 'green',
  declined: 'red',
};

function People({ meeting, live }: { meeting: Meeting; live: boolean }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(participantsQuery(meeting.id, live));
  const open = meeting.status === 'scheduled' || meeting.status === 'in_progress';
  return (
    <Card withBorder component="section" padding="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2}>{t('overview.people')}</Title>
          {open && can(meeting, 'invite') && (
            <Group gap="xs">
              {can(meeting, 'moderate') && <DoorButton meetingId={meeting.id} />}
              {can(meeting, 'moderate') && <RightsButton meeting={meeting} />}
              <GuestLinksButton meeting={meeting} />
              <DialogButton icon={IconUserPlus} label={t('overview.invite')} variant="light" disabled={!data}>
                {(close) => <InviteForm meeting={meeting} invited={data ?? []} onDone={close} />}
              </DialogButton>
            </Group>
          )}
        </Group>
        {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton h={120} role="status" aria-label={t('shell.loading')} />}
        {data?.map((invitee) => {
          const { user, role, status, online } = invitee;
          return (
            <Group key={user.id} gap="sm" wrap="nowrap">
              <PersonAvatar name={user.name} url={user.avatar_url} size={32} />
              <div style={{ flex: 1, minWidth: 0 }}>
                <Text size="sm" fw={500} truncate>
                  {user.name}
                </Text>
                {role !== 'participant' && (
                  <Text size="xs" c="dimmed">
                    {t(`meetingRole.${role}`)}
                  </Text>
                )}
              </div>
              {online ? (
                <Badge variant="filled" color="green">
                  {t('participant.online')}
                </Badge>
              ) : (
                role !== 'host' && (
                  <Badge variant="light" color={ANSWER_COLORS[status] ?? 'gray'} style={{ flex: 'none' }}>
                    {t(`participant.status.${status}`)}
                  </Badge>
                )
              )}
              {open && can(meeting, 'moderate') && role !== 'host' && (
                <InviteeMenu meeting={meeting} invitee={invitee} />
              )}
            </Group>
          );
        })}
      </Stack>
    </Card>
  );
}

function InviteForm(props: { meeting: Meeting; invited: Participant[]; onDone: () => void }) {
  const { meeting, invited, onDone } = props;
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { organization } = useHere();
  const [chosen, setChosen] = useState<string[]>([]);
  const send = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/invite', {
          params: { path: { id: meeting.id } },
          body: { user_ids: chosen },
        }),
      ),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id] });
      onDone();
    },
  });
  return (
    <Stack>
      {send.error && <ProblemNote error={send.error} />}
      <PeopleInput
        org={meeting.organization_id ?? organization.id}
        without={invited.map(({ user }) => user.id)}
        value={chosen}
        onChange={setChosen}
        data-autofocus
      />
      <Group justify="end">
        <Button variant="default" onClick={onDone}>
          {t('shell.cancel')}
        </Button>
        <Button disabled={chosen.length === 0} loading={send.isPending} onClick={() => send.mutate()}>
          {t('overview.sendInvitations')}
        </Button>
      </Group>
    </Stack>
  );
}

function CancelForm({ meeting, onDone }: { meeting: Meeting; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const cancel = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/cancel', {
          params: { path: { id: meeting.id } },
          body: reason.trim() ? { reason: reason.trim() } : {},
        }),
      ),
    onSuccess: async (saved) => {
      queryClient.setQueryData(meetingQuery(meeting.id).queryKey, saved);
      await queryClient.invalidateQueries({ queryKey: ['meetings'] });
      onDone();
    },
  });
  return (
    <Stack>
      <Text size="sm">{t('overview.cancelText')}</Text>
      {cancel.error && <ProblemNote error={cancel.error} />}
      <Textarea
        label={t('overview.reason')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="end">
        <Button variant="default" onClick={onDone}>
          {t('overview.keep')}
        </Button>
        <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('overview.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
