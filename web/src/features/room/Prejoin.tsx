import {
  ActionIcon,
  Alert,
  Avatar,
  Button,
  Group,
  Progress,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import {
  IconArrowLeft,
  IconMicrophone,
  IconMicrophoneOff,
  IconVideo,
  IconVideoOff,
  IconVolume,
} from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Problem } from '../../api/problem';
import { can, type Meeting, type Participant } from '../../api/types';
import { testSound } from '../../room/chime';
import { type Choices, readChoices, type Seat } from '../../room/choices';
import { Logo } from '../../ui/Logo';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { participantsQuery } from '../meetings/queries';
import { StatusBadge } from '../meetings/status';
import { type AskTrial, ConnectionTest } from './ConnectionTest';
import { DeviceSelect } from './DeviceSelect';
import { type DeviceTrouble, useCameraPreview, useDevices, useLevel, useMicrophonePreview } from './devices';
import classes from './Prejoin.module.css';

type Props = {
  meeting: Meeting;
  /** Who is about to enter; a guest has not said it yet. */
  me: { id?: string; name: string; avatar_url?: string | null };
  /** What a guest has to fill in, in the place of the own name; then there is no way into the app either. */
  guest?: ReactNode;
  /** Whether the organization wants to know how long people speak. */
  measured?: boolean | undefined;
  /** Why the last attempt to join failed. */
  problem?: Problem;
  /** Where the connection can be tried. */
  ask: AskTrial;
  /** `now` is what of the choices can be had. */
  onJoin: (choices: Choices, now: Choices, seat: Seat) => void;
};

/** Own picture and sound before entering, with a choice of devices. Nothing here is needed to join. */
export function Prejoin({ meeting, me, guest, measured, problem, ask, onJoin }: Props) {
  const { t } = useTranslation();
  const [choices, setChoices] = useState(() => readChoices(localStorage));
  const change = (part: Partial<Choices>) => setChoices((before) => ({ ...before, ...part }));
  const hasCamera = meeting.meeting_type !== 'audio';
  const camera = useCameraPreview(hasCamera && choices.camera, choices.videoinput);
  const microphone = useMicrophonePreview(choices.microphone, choices.audioinput);
  const level = useLevel(microphone.track);
  const there = usePeopleThere(meeting);
  // A guest's link has no place in the room but this one.
  const elsewhere = !guest && there?.some(({ user }) => user.id === me.id) === true;
  const enter = (seat: Seat) =>
    onJoin(
      choices,
      {
        ...choices,
        camera: choices.camera && !camera.trouble,
        microphone: choices.microphone && !microphone.trouble,
      },
      seat,
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter('first');
  };
  const devices = useDevices([camera.track, microphone.track].filter(Boolean).length);
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    const { track } = camera;
    if (!element || !track) return;
    track.attach(element);
    return () => {
      track.detach(element);
    };
  }, [camera]);

  return (
    <main className={classes.page}>
      <Group justify="space-between" w="100%" maw={960}>
        {guest ? (
          <Logo />
        ) : (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            renderRoot={(props) => <Link to="/meetings" {...props} />}
          >
            {t('nav.meetings')}
          </Button>
        )}
        <StatusBadge status={meeting.status} />
      </Group>
      <div className={classes.columns}>
        <Stack gap="sm">
          <div className={classes.preview}>
            {camera.track ? (
              <video
                ref={video}
                className={classes.video}
                muted
                playsInline
                aria-label={t('room.ownPicture')}
              />
            ) : (
              <PersonAvatar name={me.name} url={me.avatar_url} size={96} />
            )}
            <Group className={classes.toggles} gap="sm">
              <Toggle
                on={choices.microphone}
                label={choices.microphone ? t('room.mute') : t('room.unmute')}
                icons={[IconMicrophone, IconMicrophoneOff]}
                onClick={() => change({ microphone: !choices.microphone })}
              />
              {hasCamera && (
                <Toggle
                  on={choices.camera}
                  label={choices.camera ? t('room.cameraOff') : t('room.cameraOn')}
                  icons={[IconVideo, IconVideoOff]}
                  onClick={() => change({ camera: !choices.camera })}
                />
              )}
            </Group>
          </div>
          <Progress
            value={Math.min(100, level * 160)}
            size="sm"
            color="green"
            aria-label={t('room.level')}
            transitionDuration={80}
          />
          <Trouble kind="videoinput" trouble={camera.trouble} />
          <Trouble kind="audioinput" trouble={microphone.trouble} />
        </Stack>
        <Stack gap="md" component="form" onSubmit={submit}>
          <div>
            <Title order={1}>{meeting.title}</Title>
            {!guest && <Text c="dimmed">{t('room.joinAs', { name: me.name })}</Text>}
          </div>
          {guest ?? <AlreadyThere there={there} />}
          {problem && <ProblemNote error={problem} />}
          {measured && (
            <Text size="sm" c="dimmed">
              {t('room.speakingMeasured')}
            </Text>
          )}
          {elsewhere && <Text size="sm">{t('room.elsewhere')}</Text>}
          <Button size="lg" type="submit" autoFocus={!guest}>
            {elsewhere ? t('room.takeOver') : t('room.join')}
          </Button>
          {elsewhere && (
            <Button size="lg" variant="default" onClick={() => enter('beside')}>
              {t('room.joinBeside')}
            </Button>
          )}
          {hasCamera && (
            <DeviceSelect
              kind="videoinput"
              devices={devices}
              value={choices.videoinput}
              onChange={(videoinput) => change({ videoinput })}
            />
          )}
          <DeviceSelect
            kind="audioinput"
            devices={devices}
            value={choices.audioinput}
            onChange={(audioinput) => change({ audioinput })}
          />
          <DeviceSelect
            kind="audiooutput"
            devices={devices}
            value={choices.audiooutput}
            onChange={(audiooutput) => change({ audiooutput })}
          />
          <SpeakerTest speaker={choices.audiooutput} />
          <ConnectionTest ask={ask} />
        </Stack>
      </div>
    </main>
  );
}

/** Whether one hears anything is best found out before others speak. */
function SpeakerTest({ speaker }: { speaker: string | undefined }) {
  const { t } = useTranslation();
  const sound = useMutation({ mutationFn: () => testSound(speaker), onError: notifyProblem });
  return (
    <Button
      variant="default"
      leftSection={<IconVolume size={18} aria-hidden />}
      loading={sound.isPending}
      onClick={() => sound.mutate()}
    >
      {t('room.testSpeaker')}
    </Button>
  );
}

type ToggleProps = {
  on: boolean;
  label: string;
  icons: [typeof IconVideo, typeof IconVideo];
  onClick: () => void;
};

function Toggle({ on, label, icons: [On, Off], onClick }: ToggleProps) {
  const Picture = on ? On : Off;
  return (
    <Tooltip label={label}>
      <ActionIcon
        size={48}
        radius="xl"
        variant="filled"
        color={on ? 'dark' : 'red'}
        aria-label={label}
        onClick={onClick}
      >
        <Picture size={22} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function Trouble({ kind, trouble }: { kind: 'videoinput' | 'audioinput'; trouble: DeviceTrouble | null }) {
  const { t } = useTranslation();
  if (!trouble) return null;
  return (
    <Alert color="yellow" title={t(`room.trouble.${kind}.${trouble}`)} role="status">
      {t('room.troubleHint')}
    </Alert>
  );
}

const FACES = 5;

/** Who is in the room, as far as the viewer may know. */
function usePeopleThere(meeting: Meeting) {
  const { data } = useQuery({
    ...participantsQuery(meeting.id, false),
    enabled: can(meeting, 'see_participants'),
    // Known from the list of a meeting that one was in, it may be old.
    refetchOnMount: 'always',
  });
  return data?.filter(({ online }) => online);
}

function AlreadyThere({ there = [] }: { there?: Participant[] | undefined }) {
  const { t } = useTranslation();
  if (there.length === 0) return <Text size="sm">{t('room.nobodyThere')}</Text>;
  return (
    <Group gap="xs">
      <Avatar.Group>
        {there.slice(0, FACES).map(({ user }) => (
          <PersonAvatar key={user.id} name={user.name} url={user.avatar_url} size={32} />
        ))}
      </Avatar.Group>
      <Text size="sm">
        {t('room.already', {
          names: there
            .slice(0, FACES)
            .map(({ user }) => user.name)
            .join(', '),
          count: there.length,
        })}
      </Text>
    </Group>
  );
}
