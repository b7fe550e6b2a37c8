import { useIsMuted, useParticipants } from '@livekit/components-react';
import { ActionIcon, Button, Group, Menu, Stack, Text } from '@mantine/core';
import {
  IconBan,
  IconDots,
  IconHandStop,
  IconMicrophone,
  IconMicrophoneOff,
  IconScreenShare,
  IconScreenShareOff,
  IconUserMinus,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Participant as LiveKitParticipant, Track } from 'livekit-client';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Meeting, Participant } from '../../api/types';
import { avatarOf, type Present, userIdOf } from '../../room/people';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem } from '../../ui/ProblemNote';
import { DoorButton } from '../door/DoorButton';
import { GuestLinksButton } from '../guests/GuestLinks';
import type { ConferenceState } from './useConference';

/** Who is here, hands first, and for those who moderate what they can do about it. */
export function PeoplePanel({ meeting, conference }: { meeting: Meeting; conference: ConferenceState }) {
  const { t } = useTranslation();
  const { present, listed, waiting, moderates } = conference;
  const participants = new Map(useParticipants().map((one) => [one.identity, one]));
  const here = new Set(present.map(({ identity }) => userIdOf(identity)));
  const absent = listed?.filter((one) => !here.has(one.user.id) && !waiting.includes(one)) ?? [];
  const muteAll = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/meetings/{id}/mute-all', { params: { path: { id: meeting.id } } })),
    onError: notifyProblem,
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section style={{ height: '100%', overflowY: 'auto' }} tabIndex={0} aria-label={t('room.people')}>
      <Stack gap="xs">
        {waiting.length > 0 && <Lobby meeting={meeting} waiting={waiting} />}
        {moderates && <DoorButton meetingId={meeting.id} />}
        {moderates && <GuestLinksButton meeting={meeting} />}
        {moderates && (
          <Button
            variant="default"
            leftSection={<IconMicrophoneOff size={16} aria-hidden />}
            loading={muteAll.isPending}
            onClick={() => muteAll.mutate()}
          >
            {t('room.muteAll')}
          </Button>
        )}
        {present.map((person) => {
          const participant = participants.get(person.identity);
          return (
            participant && (
              <PersonRow
                key={person.identity}
                meeting={meeting}
                person={person}
                participant={participant}
                moderates={moderates}
              />
            )
          );
        })}
        {absent.length > 0 && (
          <Text size="sm" c="dimmed" mt="sm" component="h2" fw={400}>
            {t('room.notHere', { count: absent.length })}
          </Text>
        )}
        {absent.map(({ user }) => (
          <Group key={user.id} gap="sm" wrap="nowrap">
            <PersonAvatar name={user.name} url={user.avatar_url} size={32} />
            <Text size="sm" c="dimmed" truncate>
              {user.name}
            </Text>
          </Group>
        ))}
      </Stack>
    </section>
  );
}

/** So many of those who wait have a line of their own. */
const MOST_SHOWN = 50;

/** Who waits at the door. */
function Lobby({ meeting, waiting }: { meeting: Meeting; waiting: Participant[] }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const changed = {
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id, 'participants'] }),
    onError: notifyProblem,
  };
  const decide = useMutation({
    mutationFn: ({ user, admit }: { user: string; admit: boolean }) => {
      const params = { path: { id: meeting.id, user } };
      return admit
        ? take(api.POST('/api/v1/meetings/{id}/lobby/{user}/admit', { params }))
        : take(api.POST('/api/v1/meetings/{id}/lobby/{user}/deny', { params }));
    },
    ...changed,
  });
  const admitAll = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/meetings/{id}/lobby/admit-all', { params: { path: { id: meeting.id } } })),
    ...changed,
  });
  return (
    <Stack gap="xs" role="group" aria-label={t('room.waiting')}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {t('room.waitingCount', { count: waiting.length })}
        </Text>
        {waiting.length > 1 && (
          <Button size="xs" loading={admitAll.isPending} onClick={() => admitAll.mutate()}>
            {t('room.admitAll')}
          </Button>
        )}
      </Group>
      {waiting.slice(0, MOST_SHOWN).map(({ user }) => (
        <Group key={user.id} gap="xs" wrap="nowrap">
          <PersonAvatar name={user.name} url={user.avatar_url} size={32} />
          <Text size="sm" fw={500} truncate style={{ flex: 1 }}>
            {user.name}
          </Text>
          <Button
            size="xs"
            aria-label={t('room.admitName', { name: user.name })}
            onClick={() => decide.mutate({ user: user.id, admit: true })}
          >
            {t('room.admit')}
          </Button>
          <Button
            size="xs"
            variant="default"
            aria-label={t('room.denyName', { name: user.name })}
            onClick={() => decide.mutate({ user: user.id, admit: false })}
          >
            {t('room.deny')}
          </Button>
        </Group>
      ))}
      {waiting.length > MOST_SHOWN && (
        <Text size="sm" c="dimmed">
          {t('room.waitingMore', { count: waiting.length - MOST_SHOWN })}
        </Text>
      )}
    </Stack>
  );
}

type RowProps = { meeting: Meeting; person: Present; participant: LiveKitParticipant; moderates: boolean };

function PersonRow({ meeting, person, participant, moderates }: RowProps) {
  const { t } = useTranslation();
  const silent = useIsMuted({ participant, source: Track.Source.Microphone });
  const { name, isLocal, known } = person;
  return (
    <Group gap="sm" wrap="nowrap" mih={44}>
      <PersonAvatar name={name} url={known?.user.avatar_url ?? avatarOf(participant.metadata)} size={32} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" fw={500} truncate>
          {isLocal ? `${name} ${t('people.you')}` : name}
        </Text>
        {known && known.role !== 'participant' && (
          <Text size="xs" c="dimmed">
            {t(`meetingRole.${known.role}`)}
          </Text>
        )}
      </div>
      {known?.hand_raised && <IconHandStop size={18} role="img" aria-label={t('room.handRaised')} />}
      {silent ? (
        <IconMicrophoneOff size={18} role="img" aria-label={t('room.muted')} />
      ) : (
        <IconMicrophone size={18} role="img" aria-label={t('room.speaksFreely')} />
      )}
      {moderates && !isLocal && <Moderate meeting={meeting} person={person} silent={silent} />}
    </Group>
  );
}

function Moderate({ meeting, person, silent }: { meeting: Meeting; person: Present; silent: boolean }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { known, name } = person;
  // The camera goes with the microphone, where the meeting has cameras.
  const media = meeting.meeting_type === 'audio' ? 'Microphone' : 'Media';
  const path = { id: meeting.id, user: userIdOf(person.identity) };
  const act = useMutation({
    mutationFn: (call: () => Promise<unknown>) => call(),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id, 'participants'] }),
    onError: notifyProblem,
  });
  const allow = (body: { can_unmute?: boolean; can_share_screen?: boolean }) => () =>
    take(api.PATCH('/api/v1/meetings/{id}/participants/{user}', { params: { path }, body }));
  const remove = (ban: boolean) => () =>
    take(api.POST('/api/v1/meetings/{id}/participants/{user}/remove', { params: { path }, body: { ban } }));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t('people.actionsFor', { name })}
          loading={act.isPending}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconMicrophoneOff size={16} aria-hidden />}
          disabled={silent}
          onClick={() =>
            act.mutate(() =>
              take(
                api.POST('/api/v1/meetings/{id}/participants/{user}/mute', {
                  params: { path },
                  body: { source: 'microphone' },
                }),
              ),
            )
          }
        >
          {t('room.moderate.mute')}
        </Menu.Item>
        {known && (
          <>
            <Menu.Item
              leftSection={
                known.can_unmute ? (
                  <IconMicrophoneOff size={16} aria-hidden />
                ) : (
                  <IconMicrophone size={16} aria-hidden />
                )
              }
              onClick={() => act.mutate(allow({ can_unmute: !known.can_unmute }))}
            >
              {known.can_unmute ? t(`room.moderate.forbid${media}`) : t(`room.moderate.allow${media}`)}
            </Menu.Item>
            <Menu.Item
              leftSection={
                known.can_share_screen ? (
                  <IconScreenShareOff size={16} aria-hidden />
                ) : (
                  <IconScreenShare size={16} aria-hidden />
                )
              }
              onClick={() => act.mutate(allow({ can_share_screen: !known.can_share_screen }))}
            >
              {known.can_share_screen ? t('room.moderate.forbidSharing') : t('room.moderate.allowSharing')}
            </Menu.Item>
          </>
        )}
        <Menu.Divider />
        <Menu.Item
          c="var(--mantine-color-error)"
          leftSection={<IconUserMinus size={16} aria-hidden />}
          onClick={() => act.mutate(remove(false))}
        >
          {t('room.moderate.remove')}
        </Menu.Item>
        <Menu.Item
          c="var(--mantine-color-error)"
          leftSection={<IconBan size={16} aria-hidden />}
          onClick={() => act.mutate(remove(true))}
        >
          {t('room.moderate.ban')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
