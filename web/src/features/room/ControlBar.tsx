import { useLocalParticipant } from '@livekit/components-react';
import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Indicator,
  Menu,
  Modal,
  Stack,
  Text,
  Tooltip,
} from '@mantine/core';
import { useDisclosure, useFullscreenDocument } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  type Icon,
  IconChartBar,
  IconDots,
  IconEar,
  IconHandStop,
  IconKeyboard,
  IconLayoutGrid,
  IconMaximize,
  IconMessageCircle,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneOff,
  IconPictureInPicture,
  IconPlayerPause,
  IconPlayerRecord,
  IconScreenShare,
  IconScreenShareOff,
  IconSettings,
  IconUser,
  IconUserQuestion,
  IconUsers,
  IconVideo,
  IconVideoOff,
  IconVolume,
  IconVolumeOff,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { can, type Meeting, type Participant } from '../../api/types';
import type { Present } from '../../room/people';
import { ariaKeysOf, keysOf, type Shortcut } from '../../room/shortcuts';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useAsk } from '../presence/useCheck';
import { ReactButton, ReactItems } from '../reactions/Reactions';
import classes from './Conference.module.css';
import { DeviceDialog } from './DeviceDialog';
import { troubleOf } from './devices';
import { KeysDialog } from './KeysDialog';
import { RecordDialog } from './RecordDialog';
import type { Panel } from './RoomScreen';
import type { ConferenceState } from './useConference';
import { IS_MAC, useKeys, useSpaceToTalk } from './useKeys';
import type { Seen } from './useView';

type Props = {
  meeting: Meeting;
  conference: ConferenceState;
  phone: boolean;
  panel: Panel | null;
  unread: number;
  /** Polls that wait for the viewer's vote. */
  unanswered: number;
  seen: Seen;
  /** Who started the recording that runs. */
  starter: string | undefined;
  /** The room's sound, where it can be switched off: on a second device. */
  sound?: { on: boolean; toggle: () => void } | undefined;
  onPanel: (panel: Panel) => void;
  onLeave: () => void;
};

/** The controls; what the viewer may not do is said rather than hidden, what a device can't do is hidden. */
export function ControlBar({
  meeting,
  conference,
  phone,
  panel,
  unread,
  unanswered,
  seen,
  starter,
  sound,
  onPanel,
  onLeave,
}: Props) {
  const { t } = useTranslation();
  const { rights, me } = conference;
  const { localParticipant, isMicrophoneEnabled, isCameraEnabled, isScreenShareEnabled } =
    useLocalParticipant();
  const hand = useHand(meeting.id, me);
  const ask = useAsk(meeting.id);
  const running = conference.active !== undefined;
  const [recording, record] = useDisclosure(false);
  const [choosing, devices] = useDisclosure(false);
  const [ending, end] = useDisclosure(false);
  const [helping, help] = useDisclosure(false);

  const media = useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onError: (error) => {
      const trouble = troubleOf(error);
      // Who closes the browser's question about sharing has said no; there is nothing to add.
      if (trouble === 'denied' && (error as Error).name === 'NotAllowedError' && !isBlocked(error)) return;
      notifications.show({ color: 'yellow', message: t(`room.mediaFailed.${trouble}`) });
    },
  });
  const toggleMicrophone = () =>
    media.mutate(() => localParticipant.setMicrophoneEnabled(!isMicrophoneEnabled));
  const toggleCamera = () => media.mutate(() => localParticipant.setCameraEnabled(!isCameraEnabled));
  const hasCamera = meeting.meeting_type !== 'audio';
  useKeys(
    {
      microphone: rights.microphone ? toggleMicrophone : undefined,
      camera: rights.camera && hasCamera ? toggleCamera : undefined,
      hand: hand.toggle,
      chat: () => onPanel('chat'),
      people: () => onPanel('people'),
    },
    help.open,
  );
  useSpaceToTalk(rights.microphone && !isMicrophoneEnabled, (on) =>
    media.mutate(() => localParticipant.setMicrophoneEnabled(on)),
  );
  const canShare = rights.screen && 'getDisplayMedia' in (navigator.mediaDevices ?? {});
  const toggleShare = () =>
    media.mutate(() => localParticipant.setScreenShareEnabled(!isScreenShareEnabled, { audio: true }));
  const shareLabel = isScreenShareEnabled ? t('room.stopSharing') : t('room.share');
  const noReactions =
    conference.stage?.my_rights.can_react === false ? t('room.forbidden.reactions') : undefined;

  return (
    <>
      <footer>
        <div className={classes.bar} role="toolbar" aria-label={t('room.controls')}>
          <Control
            label={isMicrophoneEnabled ? t('room.mute') : t('room.unmute')}
            icon={isMicrophoneEnabled ? IconMicrophone : IconMicrophoneOff}
            off={!isMicrophoneEnabled}
            forbidden={rights.microphone ? undefined : t('room.forbidden.microphone')}
            keys="microphone"
            onClick={toggleMicrophone}
          />
          {hasCamera && (
            <Control
              label={isCameraEnabled ? t('room.cameraOff') : t('room.cameraOn')}
              icon={isCameraEnabled ? IconVideo : IconVideoOff}
              off={!isCameraEnabled}
              forbidden={rights.camera ? undefined : t('room.forbidden.camera')}
              keys="camera"
              onClick={toggleCamera}
            />
          )}
          {!phone && (
            <Control
              label={shareLabel}
              icon={isScreenShareEnabled ? IconScreenShareOff : IconScreenShare}
              on={isScreenShareEnabled}
              forbidden={canShare ? undefined : t('room.forbidden.screen')}
              onClick={toggleShare}
            />
          )}
          <Control
            label={hand.raised ? t('room.lowerHand') : t('room.raiseHand')}
            icon={IconHandStop}
            on={hand.raised}
            keys="hand"
            onClick={hand.toggle}
          />
          {!phone && <ReactButton meetingId={meeting.id} forbidden={noReactions} />}
          <Indicator
            label={unread > 99 ? '99+' : unread}
            size={18}
            disabled={unread === 0}
            offset={6}
            color="clay"
          >
            <Control
              label={t('room.chat')}
              hint={unread > 0 ? t('room.unread', { count: unread }) : undefined}
              icon={IconMessageCircle}
              on={panel === 'chat'}
              pressed={panel === 'chat'}
              keys="chat"
              onClick={() => onPanel('chat')}
            />
          </Indicator>
          <Indicator
            label={conference.waiting.length}
            size={18}
            disabled={conference.waiting.length === 0}
            offset={6}
            color="clay"
          >
            <Control
              label={t('room.people')}
              hint={
                conference.waiting.length > 0
                  ? t('room.waitingCount', { count: conference.waiting.length })
                  : undefined
              }
              icon={IconUsers}
              on={panel === 'people'}
              pressed={panel === 'people'}
              keys="people"
              onClick={() => onPanel('people')}
            />
          </Indicator>
          {!phone && can(meeting, 'chat') && (
            <Indicator label={unanswered} size={18} disabled={unanswered === 0} offset={6} color="clay">
              <Control
                label={t('poll.title')}
                hint={unanswered > 0 ? t('poll.unanswered', { count: unanswered }) : undefined}
                icon={IconChartBar}
                on={panel === 'polls'}
                pressed={panel === 'polls'}
                onClick={() => onPanel('polls')}
              />
            </Indicator>
          )}
          {!phone && can(meeting, 'record') && (
            <Control
              label={t('room.record')}
              hint={running ? t('room.recordRunning') : undefined}
              icon={conference.active?.paused_at ? IconPlayerPause : IconPlayerRecord}
              on={running}
              onClick={record.open}
            />
          )}
          <Menu position="top">
            <Menu.Target>
              <ActionIcon size={48} radius="xl" variant="filled" color="dark" aria-label={t('room.more')}>
                <IconDots size={22} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {phone && canShare && (
                <Menu.Item leftSection={<IconScreenShare size={16} aria-hidden />} onClick={toggleShare}>
                  {shareLabel}
                </Menu.Item>
              )}
              {phone && can(meeting, 'chat') && (
                <Menu.Item
                  leftSection={<IconChartBar size={16} aria-hidden />}
                  rightSection={unanswered > 0 && <Badge size="sm">{unanswered}</Badge>}
                  onClick={() => onPanel('polls')}
                >
                  {t('poll.title')}
                </Menu.Item>
              )}
              {phone && can(meeting, 'record') && (
                <Menu.Item leftSection={<IconPlayerRecord size={16} aria-hidden />} onClick={record.open}>
                  {t('room.record')}
                </Menu.Item>
              )}
              {phone && <ReactItems meetingId={meeting.id} forbidden={noReactions} />}
              <ViewItems seen={seen} />
              {sound && (
                <Menu.Item
                  leftSection={
                    sound.on ? <IconVolumeOff size={16} aria-hidden /> : <IconVolume size={16} aria-hidden />
                  }
                  onClick={sound.toggle}
                >
                  {t(sound.on ? 'room.soundOff' : 'room.soundOn')}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconSettings size={16} aria-hidden />} onClick={devices.open}>
                {t('room.devices')}
              </Menu.Item>
              {!phone && (
                <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={help.open}>
                  {t('room.keys.title')}
                </Menu.Item>
              )}
              {conference.moderates && (
                <Menu.Item
                  leftSection={<IconUserQuestion size={16} aria-hidden />}
                  disabled={ask.isPending}
                  onClick={() => ask.mutate()}
                >
                  {t('presence.ask')}
                </Menu.Item>
              )}
              {can(meeting, 'end') && (
                <Menu.Item
                  c="var(--mantine-color-error)"
                  leftSection={<IconPhoneOff size={16} aria-hidden />}
                  onClick={end.open}
                >
                  {t('room.endForAll')}
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
          {phone ? (
            <Control label={t('room.leave')} icon={IconPhoneOff} off onClick={onLeave} />
          ) : (
            <Button
              color="red"
              radius="xl"
              size="md"
              leftSection={<IconPhoneOff size={20} aria-hidden />}
              onClick={onLeave}
            >
              {t('room.leave')}
            </Button>
          )}
        </div>
      </footer>
      {choosing && <DeviceDialog onClose={devices.close} />}
      {helping && <KeysDialog onClose={help.close} />}
      {recording && (
        <RecordDialog meeting={meeting} active={conference.active} starter={starter} onClose={record.close} />
      )}
      {ending && <EndDialog meetingId={meeting.id} onClose={end.close} />}
    </>
  );
}

/** How the viewer sees the room; what the browser can't do is left out. */
function ViewItems({ seen }: { seen: Seen }) {
  const { t } = useTranslation();
  const { toggle, fullscreen } = useFullscreenDocument();
  const picture = useMutation({
    mutationFn: async () => {
      if (document.pictureInPictureElement) return document.exitPictureInPicture();
      const videos = [...document.querySelectorAll<HTMLVideoElement>('main video')];
      // What is in front comes first on the page.
      const video = videos.find(({ readyState }) => readyState > 0);
      if (video) await video.requestPictureInPicture();
      else notifications.show({ message: t('view.noPicture') });
    },
    onError: notifyProblem,
  });
  const speaker = seen.view === 'speaker';
  return (
    <>
      <Menu.Item
        leftSection={speaker ? <IconLayoutGrid size={16} aria-hidden /> : <IconUser size={16} aria-hidden />}
        onClick={() => seen.change({ view: speaker ? 'grid' : 'speaker' })}
      >
        {t(speaker ? 'view.grid' : 'view.speaker')}
      </Menu.Item>
      <Menu.Item
        leftSection={<IconEar size={16} aria-hidden />}
        onClick={() => seen.change({ audioFirst: !seen.audioFirst })}
      >
        {t(seen.audioFirst ? 'view.withCameras' : 'view.audioFirst')}
      </Menu.Item>
      {document.fullscreenEnabled && (
        <Menu.Item leftSection={<IconMaximize size={16} aria-hidden />} onClick={toggle}>
          {t(fullscreen ? 'view.leaveFullScreen' : 'view.fullScreen')}
        </Menu.Item>
      )}
      {document.pictureInPictureEnabled && (
        <Menu.Item
          leftSection={<IconPictureInPicture size={16} aria-hidden />}
          onClick={() => picture.mutate()}
        >
          {t('view.pictureInPicture')}
        </Menu.Item>
      )}
      <Menu.Divider />
    </>
  );
}

/** A refusal by a rule of the page or system, which no question was asked about. */
const isBlocked = (error: unknown) => error instanceof Error && /system|policy/i.test(error.message);

type ControlProps = {
  label: string;
  /** Shown instead of the label on hover. */
  hint?: string;
  icon: Icon;
  /** Highlighted: something is going on. */
  on?: boolean;
  /** Red: something is switched off. */
  off?: boolean;
  /** For controls that open a panel. */
  pressed?: boolean;
  /** Why the viewer may not. */
  forbidden?: string;
  /** The keys that do the same. */
  keys?: Shortcut;
  onClick: () => void;
};

function Control({ label, hint, icon: Picture, on, off, pressed, forbidden, keys, onClick }: ControlProps) {
  const { t } = useTranslation();
  const named = keys ? t('room.withKeys', { label, keys: keysOf(keys, IS_MAC).join('+') }) : label;
  return (
    <Tooltip label={forbidden ?? hint ?? named} events={{ hover: true, focus: true, touch: false }}>
      <ActionIcon
        size={48}
        radius="xl"
        variant="filled"
        color={forbidden ? 'dark' : off ? 'red' : on ? 'clay' : 'dark'}
        aria-label={label}
        aria-pressed={pressed}
        aria-keyshortcuts={keys && ariaKeysOf(keys)}
        aria-disabled={forbidden ? true : undefined}
        data-disabled={forbidden ? true : undefined}
        // A disabled button could not say why.
        onClick={forbidden ? undefined : onClick}
      >
        <Picture size={22} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

/** The own hand, shown at once and put right when the server says otherwise. */
function useHand(meetingId: string, me: Present | undefined) {
  const queryClient = useQueryClient();
  const send = useMutation({
    // One after the other: up and down again must not overtake each other.
    scope: { id: `hand-${meetingId}` },
    mutationFn: (raise: boolean) =>
      take(
        api.POST('/api/v1/meetings/{id}/chat', {
          params: { path: { id: meetingId } },
          body: { type: raise ? 'hand_raise' : 'hand_lower' },
          headers: idempotent(),
        }),
      ),
    // The event that tells of it may come later than the answer.
    onSuccess: (_, hand_raised) =>
      queryClient.setQueryData<Participant[]>(['meeting', meetingId, 'participants'], (list) =>
        list?.map((one) => (one.user.id === me?.known?.user.id ? { ...one, hand_raised } : one)),
      ),
    onError: notifyProblem,
  });
  const raised = send.isPending ? send.variables : (me?.known?.hand_raised ?? false);
  return { raised, toggle: () => send.mutate(!raised) };
}

function EndDialog({ meetingId, onClose }: { meetingId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const end = useMutation({
    mutationFn: () => take(api.POST('/api/v1/meetings/{id}/end', { params: { path: { id: meetingId } } })),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('room.endForAll')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <Text size="sm">{t('room.endText')}</Text>
        {end.error && <ProblemNote error={end.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('shell.cancel')}
          </Button>
          <Button color="red" loading={end.isPending || end.isSuccess} onClick={() => end.mutate()}>
            {t('room.endForAll')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
