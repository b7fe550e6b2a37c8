import {
  isTrackReference,
  type TrackReferenceOrPlaceholder,
  useConnectionQualityIndicator,
  useIsMuted,
  useIsSpeaking,
  useSpeakingParticipants,
  useTracks,
  VideoTrack,
} from '@livekit/components-react';
import { ActionIcon, Group, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import {
  IconAntennaBars2,
  IconBulb,
  IconChevronLeft,
  IconChevronRight,
  IconHandStop,
  IconMicrophoneOff,
  IconPin,
  IconPinnedOff,
  IconScreenShare,
} from '@tabler/icons-react';
import { ConnectionQuality, Track } from 'livekit-client';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Meeting } from '../../api/types';
import { bestGrid } from '../../room/grid';
import { avatarOf, type Present, userIdOf } from '../../room/people';
import { seating } from '../../room/seating';
import { inFront } from '../../room/view';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { FloatingReactions } from '../reactions/Reactions';
import classes from './Stage.module.css';
import type { Seen } from './useView';

const TILES = { desktop: 49, phone: 8, besideFront: 5 };
const GAP = 8;

type Props = {
  meeting: Meeting;
  present: Present[];
  spotlight: readonly string[];
  phone: boolean;
  seen: Seen;
};

/** The tiles of all who do not only listen; a shared screen, or who was chosen, takes the foreground. */
export function Stage({ meeting, present, spotlight, phone, seen }: Props) {
  const { t } = useTranslation();
  const byIdentity = new Map(present.map((one) => [one.identity, one]));
  const cameras = useTracks([{ source: Track.Source.Camera, withPlaceholder: true }], {
    onlySubscribed: false,
  }).filter(({ participant }) => !byIdentity.get(participant.identity)?.listens);
  const listening = present.filter(({ listens }) => listens).length;
  const [newestShare] = useTracks([Track.Source.ScreenShare], { onlySubscribed: true }).toReversed();
  const all = cameras.map(({ participant }) => participant.identity);
  const speakers = useSpeakingParticipants();
  const speaking = speakers.map(({ identity }) => identity);
  const [lastSpeaker, setLastSpeaker] = useState<string>();
  const loudest = speakers.find(({ isLocal }) => !isLocal)?.identity;
  if (loudest !== undefined && loudest !== lastSpeaker) setLastSpeaker(loudest);
  // One's own choice goes before a shared screen, and that before everything else.
  const pinned = seen.pinned !== undefined && all.includes(seen.pinned);
  const share = pinned ? undefined : newestShare;
  const front = share
    ? []
    : inFront({
        present: all,
        pinned: seen.pinned,
        spotlight: spotlight.flatMap((id) => all.find((identity) => userIdOf(identity) === id) ?? []),
        speaker: lastSpeaker,
        view: seen.view,
      });
  const hasFront = share !== undefined || front.length > 0;
  const most = hasFront ? TILES.besideFront : phone ? TILES.phone : TILES.desktop;
  const ids = all.filter((id) => !front.includes(id));
  const [order, setOrder] = useState<readonly string[]>([]);
  const seats = seating(order, ids, speaking, most);
  if (seats !== order) setOrder(seats);
  const [wanted, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(seats.length / most));
  const page = Math.min(wanted, pages - 1);
  const tracks = seats
    .slice(page * most, (page + 1) * most)
    .flatMap((id) => cameras.find(({ participant }) => participant.identity === id) ?? []);
  const { ref, width, height } = useElementSize();
  const grid = bestGrid(tracks.length, { width, height }, GAP);
  const inFrontTracks = front.flatMap(
    (id) => cameras.find(({ participant }) => participant.identity === id) ?? [],
  );
  const tile = (track: TrackReferenceOrPlaceholder, large = false) => (
    <Tile
      key={track.participant.identity}
      track={track}
      person={byIdentity.get(track.participant.identity)}
      withVideo={meeting.meeting_type !== 'audio' && !seen.audioFirst}
      lit={spotlight.includes(userIdOf(track.participant.identity))}
      pinned={track.participant.identity === seen.pinned}
      onPin={seen.pin}
      face={large ? 140 : hasFront ? 48 : Math.round(Math.min(140, Math.max(40, grid.height * 0.4)))}
      style={hasFront ? undefined : { width: grid.width, height: grid.height }}
    />
  );

  return (
    <section className={classes.stage} aria-label={t('room.stage')} data-front={hasFront || undefined}>
      <FloatingReactions meetingId={meeting.id} />
      {share && (
        <figure className={classes.share}>
          <VideoTrack trackRef={share} className={classes.shareVideo} />
          <figcaption className={classes.label}>
            <IconScreenShare size={16} aria-hidden />
            {t('room.sharedBy', {
              name: byIdentity.get(share.participant.identity)?.name ?? share.participant.name,
            })}
          </figcaption>
        </figure>
      )}
      {inFrontTracks.length > 0 && (
        <div className={classes.front}>{inFrontTracks.map((track) => tile(track, true))}</div>
      )}
      {/* Beside what is in front the tiles scroll, which must be possible by keyboard. */}
      <div
        className={classes.tiles}
        ref={ref}
        tabIndex={hasFront ? 0 : undefined}
        hidden={hasFront && tracks.length === 0}
      >
        <div
          className={classes.grid}
          style={hasFront ? undefined : { maxWidth: grid.columns * (grid.width + GAP) }}
        >
          {tracks.map((track) => tile(track))}
        </div>
      </div>
      {listening > 0 && (
        <Text size="sm" ta="center" className={classes.listening}>
          {t('stage.listening', { count: listening })}
        </Text>
      )}
      {pages > 1 && (
        <Group className={classes.pages} gap="xs">
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={t('room.previousPage')}
            disabled={page === 0}
            onClick={() => setPage(page - 1)}
          >
            <IconChevronLeft size={18} aria-hidden />
          </ActionIcon>
          <Text size="sm">{`${page + 1} / ${pages}`}</Text>
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={t('room.nextPage')}
            disabled={page === pages - 1}
            onClick={() => setPage(page + 1)}
          >
            <IconChevronRight size={18} aria-hidden />
          </ActionIcon>
        </Group>
      )}
    </section>
  );
}

type TileProps = {
  track: TrackReferenceOrPlaceholder;
  person: Present | undefined;
  withVideo: boolean;
  /** A host put them in front. */
  lit: boolean;
  /** The viewer wants them large. */
  pinned: boolean;
  onPin: (identity: string | undefined) => void;
  /** Size of the initials, in pixels. */
  face: number;
  style?: { width: number; height: number };
};

/** One person: picture or initials, name, and what others should know at a glance. */
function Tile({ track, person, withVideo, lit, pinned, onPin, face, style }: TileProps) {
  const { t } = useTranslation();
  const { participant } = track;
  const speaking = useIsSpeaking(participant);
  const silent = useIsMuted({ participant, source: Track.Source.Microphone });
  const dark = useIsMuted({ participant, source: Track.Source.Camera });
  const name = person?.name ?? (participant.name || participant.identity);
  const { quality } = useConnectionQualityIndicator({ participant });
  const weak = quality === ConnectionQuality.Poor || quality === ConnectionQuality.Lost;
  const shown = withVideo && !dark && isTrackReference(track);
  return (
    <article
      className={classes.tile}
      style={style}
      data-speaking={speaking || undefined}
      data-mirrored={participant.isLocal || undefined}
      aria-label={name}
    >
      {shown ? (
        <VideoTrack trackRef={track} className={classes.video} />
      ) : (
        <PersonAvatar name={name} url={avatarOf(participant.metadata)} size={face} />
      )}
      <div className={classes.label}>
        {silent && <IconMicrophoneOff size={16} role="img" aria-label={t('room.muted')} />}
        {weak && <IconAntennaBars2 size={16} role="img" aria-label={t('stage.weak')} />}
        {lit && <IconBulb size={16} role="img" aria-label={t('stage.inFront')} />}
        <span className={classes.name}>{participant.isLocal ? `${name} ${t('people.you')}` : name}</span>
      </div>
      <ActionIcon
        className={classes.pin}
        variant="filled"
        color="dark"
        size="lg"
        aria-label={t(pinned ? 'stage.unpin' : 'stage.pin', { name })}
        aria-pressed={pinned}
        onClick={() => onPin(pinned ? undefined : participant.identity)}
      >
        {pinned ? <IconPinnedOff size={18} aria-hidden /> : <IconPin size={18} aria-hidden />}
      </ActionIcon>
      {person?.known?.hand_raised && (
        <div className={classes.hand}>
          <IconHandStop size={20} role="img" aria-label={t('room.handRaised')} />
        </div>
      )}
    </article>
  );
}
