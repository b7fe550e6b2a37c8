import { Alert, Button, Loader, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconBadgeCc, IconHeadphones, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, type SyntheticEvent, useEffect, useEffectEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Transcript as Said } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { useObjectUrl } from '../../ui/useObjectUrl';
import { Chapters } from './Chapters';
import { Controls, Button as PlayerButton } from './Controls';
import { keepCaptions, readCaptions } from './lines';
import { beside, pictureAt, stateOfAddress } from './media';
import classes from './Player.module.css';
import { type Chapter, currentChapter, keepPlace, moveOf, readPlace, stepSpeed } from './playing';
import { Transcript } from './Transcript';
import { seek, switchSound, toggle } from './useMedia';

/** How often the place is written down, in seconds of the recording. */
const KEEP_EVERY = 5;
/** So often it is tried anew without anything having played in between. */
const TRIES = 2;

type Props = {
  title: string;
  audioOnly: boolean;
  /** Asks for an address that is good for some minutes. */
  load: () => Promise<string>;
  /** What is played, among all that is. */
  id: string;
  chapters?: readonly Chapter[];
  /** What is said in it. */
  transcript?: Said;
  /** Where it begins, in seconds, instead of where somebody stood. */
  startsAt?: number;
  /** Whether the place is remembered on this device. */
  remembers?: boolean;
  /** Whether it begins by itself, for whoever has just asked for it. */
  begins?: boolean;
};

/** Plays a recording, with its chapters beside it. */
export function Player(props: Props) {
  const { title, audioOnly, load, id, chapters = [], transcript, startsAt, remembers, begins } = props;
  const { t } = useTranslation();
  const [media, setMedia] = useState<HTMLMediaElement | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef(startsAt ?? (remembers ? readPlace(localStorage, id) : 0));
  const kept = useRef(place.current);
  const goesOn = useRef(begins ?? false);
  const tries = useRef(0);
  const [speed, setSpeed] = useState(1);
  const [chapter, setChapter] = useState(-1);
  const [ready, setReady] = useState(false);
  const [begun, setBegun] = useState(false);
  const [trouble, setTrouble] = useState<'broken' | 'away'>();
  const { data, error, refetch } = useQuery({
    queryKey: ['playback', id],
    queryFn: load,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  // Loaded once: the address by which it comes is good for some minutes, and somebody may point at the bar later.
  const sheet = useQuery({
    queryKey: ['playback', id, 'thumbnails'],
    queryFn: () => pictureAt(beside(data ?? '', 'thumbnails')),
    enabled: data !== undefined && ready && !audioOnly,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const sheetUrl = useObjectUrl(sheet.data);

  const says = transcript?.status === 'available' && transcript.segments.length > 0 ? transcript : undefined;
  const captions = useCaptions(media, says !== undefined && !audioOnly);

  const change = (next: number) => {
    setSpeed(next);
    if (media) media.playbackRate = next;
  };
  const go = (to: number) => {
    if (!media) return;
    seek(media, to);
    void media.play().catch(() => undefined);
  };
  const press = (key: string) => {
    const move = moveOf(key);
    if (!media || !move) return false;
    if (move.does === 'speed') change(stepSpeed(speed, move.by));
    else if (move.does === 'seek') seek(media, media.currentTime + move.by);
    else if (move.does === 'mute') switchSound(media);
    else if (move.does === 'toggle') toggle(media);
    else if (audioOnly) return false;
    else if (move.does === 'captions') captions.toggle();
    else fill(frame.current, media);
    return true;
  };
  useKeys(press);

  /** The address is good for some minutes only: a long recording needs a new one, and goes on where it stood. */
  const again = async ({ currentTarget: element }: SyntheticEvent<HTMLMediaElement>) => {
    if (!data) return;
    const lost = element.error?.code === MediaError.MEDIA_ERR_NETWORK;
    goesOn.current ||= !element.paused;
    tries.current += 1;
    const state = await stateOfAddress(data);
    const given = tries.current <= TRIES && state === 'over' ? (await refetch()).data : undefined;
    // An address of the same second is the same.
    if (given === data || (tries.current <= TRIES && state === 'there' && lost)) element.load();
    else if (!given && state !== 'over') setTrouble(state === 'away' || lost ? 'away' : 'broken');
    else if (tries.current > TRIES) setTrouble('away');
  };
  const retry = () => {
    setTrouble(undefined);
    tries.current = 0;
    media?.load();
  };
  const begin = ({ currentTarget: element }: SyntheticEvent<HTMLMediaElement>) => {
    setTrouble(undefined);
    setReady(true);
    element.playbackRate = speed;
    if (place.current > 0) element.currentTime = place.current;
    // Browsers may want to be touched first; then the button is there.
    if (goesOn.current) void element.play().catch(() => undefined);
    goesOn.current = false;
  };
  const follow = ({ currentTarget: element }: SyntheticEvent<HTMLMediaElement>) => {
    const at = element.currentTime;
    // A file that is loaded anew stands at the beginning for a moment.
    if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    if (at > place.current) tries.current = 0;
    place.current = at;
    setChapter(currentChapter(chapters, at));
    if (remembers && (Math.abs(at - kept.current) >= KEEP_EVERY || element.paused || element.ended)) {
      kept.current = at;
      keepPlace(localStorage, id, at, element.duration);
    }
  };
  const common = {
    ref: setMedia,
    src: data,
    preload: 'metadata',
    'aria-label': t('recording.player', { title }),
    onError: again,
    onLoadedMetadata: begin,
    onTimeUpdate: follow,
    onPause: follow,
    onPlay: () => setBegun(true),
    onSeeked: follow,
    onEnded: follow,
  } as const;

  return (
    <Stack gap="sm">
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {trouble && (
        <Alert
          color="red"
          icon={<IconAlertTriangle aria-hidden />}
          role="alert"
          title={t(`player.${trouble}`)}
        >
          {trouble === 'away' && (
            <Button size="xs" variant="default" onClick={retry}>
              {t('player.goOn')}
            </Button>
          )}
        </Alert>
      )}
      <div className={classes.beside} data-aside={chapters.length > 0 || says !== undefined || undefined}>
        <Stack gap="xs">
          {!data && !error && (
            <div className={classes.waiting}>
              <Loader aria-label={t('shell.loading')} role="status" />
            </div>
          )}
          {data && (
            <div className={classes.frame} ref={frame}>
              {audioOnly ? (
                <div className={classes.sound}>
                  <IconHeadphones size={48} aria-hidden />
                  <Text size="sm">{t('player.soundOnly')}</Text>
                  <audio {...common} />
                </div>
              ) : (
                <div className={classes.screen}>
                  <video
                    className={classes.picture}
                    poster={beside(data, 'poster')}
                    playsInline
                    onClick={({ currentTarget }) => toggle(currentTarget)}
                    onDoubleClick={({ currentTarget }) => fill(frame.current, currentTarget)}
                    {...common}
                  >
                    {says && (
                      <track
                        kind="captions"
                        src={beside(data, 'captions.vtt')}
                        srcLang={languageOf(says)}
                        label={t('transcript.captions')}
                      />
                    )}
                  </video>
                  {ready && !begun && (
                    <div className={classes.begin} aria-hidden>
                      <span>
                        <IconPlayerPlayFilled size={32} />
                      </span>
                    </div>
                  )}
                </div>
              )}
              {media && (
                <Controls
                  media={media}
                  sheet={sheetUrl}
                  chapters={chapters}
                  speed={speed}
                  onSpeed={change}
                  onFill={audioOnly ? undefined : () => fill(frame.current, media)}
                >
                  {captions.are && (
                    <PlayerButton
                      label={t('transcript.captions')}
                      keys="C"
                      pressed={captions.on}
                      onClick={captions.toggle}
                    >
                      <IconBadgeCc size={22} aria-hidden />
                    </PlayerButton>
                  )}
                </Controls>
              )}
            </div>
          )}
          <Text size="xs" c="dimmed" visibleFrom="sm">
            {[t('player.keys'), captions.are && t('transcript.keys')].filter(Boolean).join(' ')}
          </Text>
        </Stack>
        {media && says ? (
          <Aside
            transcript={<Transcript media={media} transcript={says} onGo={go} />}
            chapters={
              chapters.length > 0 && <Chapters chapters={chapters} current={chapter} onGo={go} titled />
            }
          />
        ) : (
          chapters.length > 0 && <Chapters chapters={chapters} current={chapter} onGo={go} />
        )}
      </div>
    </Stack>
  );
}

/** What stands beside the picture: what is said, and what happened. */
function Aside({ transcript, chapters }: { transcript: ReactNode; chapters: ReactNode }) {
  const { t } = useTranslation();
  if (!chapters)
    return (
      <section aria-label={t('transcript.title')}>
        <Title order={2} fz="md" mb={4}>
          {t('transcript.title')}
        </Title>
        {transcript}
      </section>
    );
  return (
    <Tabs defaultValue="transcript" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="transcript">{t('transcript.title')}</Tabs.Tab>
        <Tabs.Tab value="chapters">{t('player.chapters')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="transcript" pt="xs">
        {transcript}
      </Tabs.Panel>
      <Tabs.Panel value="chapters" pt="xs">
        {chapters}
      </Tabs.Panel>
    </Tabs>
  );
}

/** Captions are loaded with the picture, since their address lasts no longer, and shown to whoever wants them. */
function useCaptions(media: HTMLMediaElement | null, are: boolean) {
  const [on, setOn] = useState(() => readCaptions(localStorage));
  useEffect(() => {
    const track = are ? media?.textTracks[0] : undefined;
    if (track) track.mode = on ? 'showing' : 'hidden';
  }, [media, are, on]);
  const toggle = () => {
    if (!are) return;
    setOn(!on);
    keepCaptions(localStorage, !on);
  };
  return { are, on, toggle };
}

/** The language as browsers name it; services have names of their own for some. */
const languageOf = ({ language }: Said) => (language && /^[a-z]{2,3}$/.test(language) ? language : undefined);

/** Fills the screen with the player, or ends that. */
function fill(frame: HTMLElement | null, media: HTMLMediaElement) {
  const alone = media as HTMLMediaElement & { webkitEnterFullscreen?: () => void };
  if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  else if (frame?.requestFullscreen) void frame.requestFullscreen().catch(() => undefined);
  // Phones of one maker know it for a video alone.
  else alone.webkitEnterFullscreen?.();
}

/** What takes keys itself; the player's own bar is moved as the page is. */
const TAKES_KEYS =
  'input:not([data-seek]), textarea, select, [contenteditable], [role=dialog] *, [role=menu] *, [role=listbox] *';
const TAKES_SPACE = 'a, button, summary';

/** Lets the keyboard play wherever on the page the focus is, unless what has it takes the key itself. */
function useKeys(press: (key: string) => boolean) {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element) {
      if (target.matches(TAKES_KEYS) || (key.startsWith('Arrow') && target.matches('[role=tab]'))) return;
      if (key === ' ' && target.matches(TAKES_SPACE)) return;
    }
    if (press(key)) event.preventDefault();
  });
  useEffect(() => {
    const down = (event: KeyboardEvent) => pressed(event);
    window.addEventListener('keydown', down);
    return () => window.removeEventListener('keydown', down);
  }, []);
}
