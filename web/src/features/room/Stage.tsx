import {
  isTrackReference,
  type TrackReferenceOrPlaceholder,
  useIsMuted,
  useIsSpeaking,
  useSpeakingParticipants,
  useTracks,
  VideoTrack,
} from '@livekit/components-react';
import { ActionIcon, Group, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import {
  IconChevronLeft,
  IconChevronRight,
  IconHandStop,
  IconMicrophoneOff,
  IconScreenShare,
} from '@tabler/icons-react';
import { Track } from 'livekit-client';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Meeting } from '../../api/types';
import { bestGrid } from '../../room/grid';
import { avatarOf, type Present } from '../../room/people';
import { seating } from '../../room/seating';
import { PersonAvatar } from '../../ui/PersonAvatar';
import classes from './Stage.module.css';

const TILES = { desktop: 25, phone: 8, besideShare: 5 };
const GAP = 8;

/** Everybody's tiles; a shared screen takes the foreground. */
export function Stage({ meeting, present, phone }: { meeting: Meeting; present: Present[]; phone: boolean }) {
  const { t } = useTranslation();
  const cameras = useTracks([{ source: Track.Source.Camera, withPlaceholder: true }], {
    onlySubscribed: false,
  });
  const [share] = useTracks([Track.Source.ScreenShare], { onlySubscribed: true }).toReversed();
  const most = share ? TILES.besideShare : phone ? TILES.phone : TILES.desktop;
  const ids = cameras.map(({ participant }) => participant.identity);
  const speaking = useSpeakingParticipants().map(({ identity }) => identity);
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
  const byIdentity = new Map(present.map((one) => [one.identity, one]));
  const tile = (track: TrackReferenceOrPlaceholder) => (
    <Tile
      key={track.participant.identity}
      track={track}
      person={byIdentity.get(track.participant.identity)}
      withVideo={meeting.meeting_type !== 'audio'}
      face={share ? 48 : Math.round(Math.min(140, Math.max(40, grid.height * 0.4)))}
      style={share ? undefined : { width: grid.width, height: grid.height }}
    />
  );

  return (
    <section className={classes.stage} aria-label={t('room.stage')} data-share={share ? true : undefined}>
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
      {/* Beside a shared screen the tiles scroll, which must be possible by keyboard. */}
      <div className={classes.tiles} ref={ref} tabIndex={share ? 0 : undefined}>
        <div
          className={classes.grid}
          style={share ? undefined : { maxWidth: grid.columns * (grid.width + GAP) }}
        >
          {tracks.map(tile)}
        </div>
      </div>
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
  /** Size of the initials, in pixels. */
  face: number;
  style?: { width: number; height: number };
};

/** One person: picture or initials, name, and what others should know at a glance. */
function Tile({ track, person, withVideo, face, style }: TileProps) {
  const { t } = useTranslation();
  const { participant } = track;
  const speaking = useIsSpeaking(participant);
  const silent = useIsMuted({ participant, source: Track.Source.Microphone });
  const dark = useIsMuted({ participant, source: Track.Source.Camera });
  const name = person?.name ?? (participant.name || participant.identity);
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
        <span className={classes.name}>{participant.isLocal ? `${name} ${t('people.you')}` : name}</span>
      </div>
      {person?.known?.hand_raised && (
        <div className={classes.hand}>
          <IconHandStop size={20} role="img" aria-label={t('room.handRaised')} />
        </div>
      )}
    </article>
  );
}
