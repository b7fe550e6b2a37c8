import { useIsMuted, useParticipants } from '@livekit/components-react';
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconHandOff, IconHandStop, IconMicrophone, IconMicrophoneOff } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Participant as LiveKitParticipant, Track } from 'livekit-client';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Meeting, Participant } from '../../api/types';
import { avatarOf, isBeside, type Present, userIdOf } from '../../room/people';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem } from '../../ui/ProblemNote';
import { DoorButton } from '../door/DoorButton';
import { GuestLinksButton } from '../guests/GuestLinks';
import { RightsButton } from '../stage/RightsButton';
import { Moderate } from './Moderate';
import type { ConferenceState } from './useConference';

/** Who is here, hands first, and for those who moderate what they can do about it. */
export function PeoplePanel({ meeting, conference }: { meeting: Meeting; conference: ConferenceState }) {
  const { t } = useTranslation();
  const { present, listed, waiting, moderates } = conference;
  const speakers = present.filter(({ listens }) => !listens);
  const listeners = present.filter(({ listens }) => listens);
  const hands = present.filter(({ identity, known }) => known?.hand_raised && !isBeside(identity)).length;
  const participants = new Map(useParticipants().map((one) => [one.identity, one]));
  const here = new Set(present.map(({ identity }) => userIdOf(identity)));
  const absent = listed?.filter((one) => !here.has(one.user.id) && !waiting.includes(one)) ?? [];
  const params = { path: { id: meeting.id } };
  const muteAll = useMutation({
    mutationFn: () => take(api.POST('/api/v1/meetings/{id}/mute-all', { params })),
    onError: notifyProblem,
  });
  const lowerHands = useMutation({
    mutationFn: () => take(api.POST('/api/v1/meetings/{id}/lower-hands', { params })),
    onError: notifyProblem,
  });
  const row = (person: Present) => {
    const participant = participants.get(person.identity);
    return (
      participant && (
        <PersonRow
          key={person.identity}
          meeting={meeting}
          person={person}
          participant={participant}
          conference={conference}
        />
      )
    );
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section style={{ height: '100%', overflowY: 'auto' }} tabIndex={0} aria-label={t('room.people')}>
      <Stack gap="xs">
        {waiting.length > 0 && <Lobby meeting={meeting} waiting={waiting} />}
        {moderates && <DoorButton meetingId={meeting.id} />}
        {moderates && <RightsButton meeting={meeting} />}
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
        {moderates && hands > 1 && (
          <Button
            variant="default"
            leftSection={<IconHandOff size={16} aria-hidden />}
            loading={lowerHands.isPending}
            onClick={() => lowerHands.mutate()}
          >
            {t('stage.lowerAll', { count: hands })}
          </Button>
        )}
        {speakers.map(row)}
        {listeners.length > 0 && (
          <Text size="sm" c="dimmed" mt="sm" component="h2" fw={400}>
            {t('stage.listening', { count: listeners.length })}
          </Text>
        )}
        {listeners.map(row)}
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

type RowProps = {
  meeting: Meeting;
  person: Present;
  participant: LiveKitParticipant;
  conference: ConferenceState;
};

function PersonRow({ meeting, person, participant, conference }: RowProps) {
  const { t } = useTranslation();
  const silent = useIsMuted({ participant, source: Track.Source.Microphone });
  const { name, isLocal, known } = person;
  const { moderates, stage } = conference;
  const id = userIdOf(person.identity);
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
      {stage?.acting_host_id === id && (
        <Badge size="sm" variant="light">
          {t('stage.actingBadge')}
        </Badge>
      )}
      {known?.hand_raised && <IconHandStop size={18} role="img" aria-label={t('room.handRaised')} />}
      {silent ? (
        <IconMicrophoneOff size={18} role="img" aria-label={t('room.muted')} />
      ) : (
        <IconMicrophone size={18} role="img" aria-label={t('room.speaksFreely')} />
      )}
      {moderates && (
        <Moderate meeting={meeting} person={person} participant={participant} conference={conference} />
      )}
    </Group>
  );
}
