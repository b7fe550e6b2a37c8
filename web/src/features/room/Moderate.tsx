import { useIsMuted, useTracks } from '@livekit/components-react';
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBan,
  IconBulb,
  IconBulbOff,
  IconCrown,
  IconDots,
  IconHandOff,
  IconMessage,
  IconMicrophone,
  IconMicrophoneOff,
  IconMoodSmile,
  IconScreenShare,
  IconScreenShareOff,
  IconUserMinus,
  IconUserUp,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Participant as LiveKitParticipant, Track } from 'livekit-client';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Meeting, ParticipantRights } from '../../api/types';
import { type Present, userIdOf } from '../../room/people';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { hearStage } from '../stage/queries';
import type { ConferenceState } from './useConference';

type Props = {
  meeting: Meeting;
  person: Present;
  participant: LiveKitParticipant;
  conference: ConferenceState;
};

/** So many people can be in front at once. */
const MOST_IN_FRONT = 4;

/** What those who moderate can do about one person; about themselves only what everybody sees. */
export function Moderate({ meeting, person, participant, conference }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [handing, hand] = useDisclosure(false);
  const { known, name, isLocal } = person;
  const { leads, stage } = conference;
  const user = userIdOf(person.identity);
  const params = { path: { id: meeting.id, user } };
  const silent = useIsMuted({ participant, source: Track.Source.Microphone });
  const dark = useIsMuted({ participant, source: Track.Source.Camera });
  const shares = useTracks([Track.Source.ScreenShare]).some(
    (track) => track.participant.identity === person.identity,
  );
  const hasPicture = meeting.meeting_type !== 'audio';
  const act = useMutation({
    mutationFn: (call: () => Promise<unknown>) => call(),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id, 'participants'] }),
    onError: notifyProblem,
  });
  const change = (body: Partial<ParticipantRights> & { role?: 'co_host' | 'participant' }) =>
    act.mutate(() => take(api.PATCH('/api/v1/meetings/{id}/participants/{user}', { params, body })));
  const mute = (source: 'microphone' | 'camera' | 'screen_share') =>
    act.mutate(() =>
      take(api.POST('/api/v1/meetings/{id}/participants/{user}/mute', { params, body: { source } })),
    );
  const ask = (source: 'microphone' | 'camera') =>
    act.mutate(() =>
      take(api.POST('/api/v1/meetings/{id}/participants/{user}/ask', { params, body: { source } })),
    );
  const remove = (ban: boolean) =>
    act.mutate(() =>
      take(api.POST('/api/v1/meetings/{id}/participants/{user}/remove', { params, body: { ban } })),
    );
  const lowerHand = () =>
    act.mutate(() => take(api.POST('/api/v1/meetings/{id}/participants/{user}/lower-hand', { params })));
  const lit = stage?.spotlight ?? [];
  const inFront = lit.includes(user);
  const spotlight = () =>
    act.mutate(async () => {
      const user_ids = inFront ? lit.filter((id) => id !== user) : [...lit, user].slice(-MOST_IN_FRONT);
      const path = { id: meeting.id };
      const told = await take(
        api.PUT('/api/v1/meetings/{id}/spotlight', { params: { path }, body: { user_ids } }),
      );
      hearStage(queryClient, meeting.id, told);
    });
  const item = (label: string, icon: ReactNode, onClick: () => void, danger = false) => (
    <Menu.Item leftSection={icon} onClick={onClick} c={danger ? 'var(--mantine-color-error)' : undefined}>
      {label}
    </Menu.Item>
  );
  // The camera would go with the microphone.
  const microphone = (can_unmute: boolean) =>
    change({ can_unmute, can_use_camera: known?.can_use_camera ?? true });
  const listens = meeting.meeting_type === 'audio' && known?.can_unmute === false;

  return (
    <>
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
        <Menu.Dropdown mah="70dvh" style={{ overflowY: 'auto' }}>
          {item(
            t(inFront ? 'stage.leaveFront' : 'stage.putInFront'),
            inFront ? <IconBulbOff size={16} aria-hidden /> : <IconBulb size={16} aria-hidden />,
            spotlight,
          )}
          {known?.hand_raised && item(t('room.lowerHand'), <IconHandOff size={16} aria-hidden />, lowerHand)}
          {!isLocal && (
            <>
              {silent
                ? item(
                    t(listens ? 'stage.inviteToSpeak' : 'stage.askToUnmute'),
                    <IconMicrophone size={16} aria-hidden />,
                    () => ask('microphone'),
                  )
                : item(t('room.moderate.mute'), <IconMicrophoneOff size={16} aria-hidden />, () =>
                    mute('microphone'),
                  )}
              {hasPicture &&
                (dark
                  ? item(t('stage.askForCamera'), <IconVideo size={16} aria-hidden />, () => ask('camera'))
                  : item(t('stage.stopCamera'), <IconVideoOff size={16} aria-hidden />, () =>
                      mute('camera'),
                    ))}
              {shares &&
                item(t('stage.stopShare'), <IconScreenShareOff size={16} aria-hidden />, () =>
                  mute('screen_share'),
                )}
            </>
          )}
          {known && !isLocal && known.role !== 'host' && (
            <>
              <Menu.Divider />
              {known.can_unmute
                ? item(
                    t(
                      meeting.meeting_type === 'audio'
                        ? 'stage.toListeners'
                        : 'room.moderate.forbidMicrophone',
                    ),
                    <IconMicrophoneOff size={16} aria-hidden />,
                    () => microphone(false),
                  )
                : item(t('room.moderate.allowMicrophone'), <IconMicrophone size={16} aria-hidden />, () =>
                    microphone(true),
                  )}
              {hasPicture &&
                item(
                  t(known.can_use_camera ? 'stage.forbid.camera' : 'stage.allow.camera'),
                  known.can_use_camera ? (
                    <IconVideoOff size={16} aria-hidden />
                  ) : (
                    <IconVideo size={16} aria-hidden />
                  ),
                  () => change({ can_use_camera: !known.can_use_camera }),
                )}
              {hasPicture &&
                item(
                  t(known.can_share_screen ? 'room.moderate.forbidSharing' : 'room.moderate.allowSharing'),
                  known.can_share_screen ? (
                    <IconScreenShareOff size={16} aria-hidden />
                  ) : (
                    <IconScreenShare size={16} aria-hidden />
                  ),
                  () => change({ can_share_screen: !known.can_share_screen }),
                )}
              {item(
                t(known.can_chat ? 'stage.forbid.chat' : 'stage.allow.chat'),
                <IconMessage size={16} aria-hidden />,
                () => change({ can_chat: !known.can_chat }),
              )}
              {item(
                t(known.can_react ? 'stage.forbid.reactions' : 'stage.allow.reactions'),
                <IconMoodSmile size={16} aria-hidden />,
                () => change({ can_react: !known.can_react }),
              )}
            </>
          )}
          {known && leads && !isLocal && !known.is_guest && known.role !== 'host' && (
            <>
              <Menu.Divider />
              {item(
                t(known.role === 'co_host' ? 'stage.endCoHost' : 'stage.makeCoHost'),
                <IconUserUp size={16} aria-hidden />,
                () => change({ role: known.role === 'co_host' ? 'participant' : 'co_host' }),
              )}
              {meeting.my.can.includes('change') &&
                item(t('stage.makeHost'), <IconCrown size={16} aria-hidden />, hand.open)}
            </>
          )}
          {!isLocal && known?.role !== 'host' && (
            <>
              <Menu.Divider />
              {item(
                t('room.moderate.remove'),
                <IconUserMinus size={16} aria-hidden />,
                () => remove(false),
                true,
              )}
              {item(t('room.moderate.ban'), <IconBan size={16} aria-hidden />, () => remove(true), true)}
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {handing && <HandOver meetingId={meeting.id} user={user} name={name} onClose={hand.close} />}
    </>
  );
}

type HandOverProps = { meetingId: string; user: string; name: string; onClose: () => void };

function HandOver({ meetingId, user, name, onClose }: HandOverProps) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const handOver = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/host', {
          params: { path: { id: meetingId } },
          body: { user_id: user },
        }),
      ),
    onSuccess: async () => {
      onClose();
      await queryClient.invalidateQueries({ queryKey: ['meeting', meetingId] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('stage.makeHost')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <Text size="sm">{t('stage.makeHostText', { name })}</Text>
        {handOver.error && <ProblemNote error={handOver.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('shell.cancel')}
          </Button>
          <Button loading={handOver.isPending} onClick={() => handOver.mutate()}>
            {t('stage.makeHost')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
