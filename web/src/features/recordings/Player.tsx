import {
  Alert,
  Group,
  Loader,
  NativeSelect,
  Stack,
  Text,
  Title,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconChartBar,
  IconMessageCircle,
  IconPlayerPlayFilled,
  IconScreenShare,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import {
  type RefObject,
  type SyntheticEvent,
  useEffect,
  useEffectEvent,
  useId,
  useRef,
  useState,
} from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import classes from './Player.module.css';
import {
  type Chapter,
  clock,
  currentChapter,
  keepPlace,
  moveOf,
  readPlace,
  SPEEDS,
  stepSpeed,
} from './playing';

/** A file that fails this soon after its address was given is broken, not forgotten. */
const FRESH_MS = 30_000;
/** How often the place is written down, in seconds of the recording. */
const KEEP_EVERY = 5;

type Props = {
  title: string;
  audioOnly: boolean;
  /** Asks for an address that is good for some minutes. */
  load: () => Promise<string>;
  /** What is played, among all that is. */
  id: string;
  chapters?: readonly Chapter[];
  /** Whether the place is remembered on this device. */
  remembers?: boolean;
  /** Whether it begins by itself, for whoever has just asked for it. */
  begins?: boolean;
};

/** Plays a recording, with its chapters beside it. */
export function Player({ title, audioOnly, load, id, chapters = [], remembers, begins }: Props) {
  const { t } = useTranslation();
  const media = useRef<HTMLMediaElement>(null);
  const place = useRef(remembers ? readPlace(localStorage, id) : 0);
  const kept = useRef(place.current);
  const goesOn = useRef(begins ?? false);
  const [speed, setSpeed] = useState(1);
  const [chapter, setChapter] = useState(-1);
  const [broken, setBroken] = useState(false);
  const { data, error, refetch, dataUpdatedAt } = useQuery({
    queryKey: ['playback', id],
    queryFn: load,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });

  const change = (next: number) => {
    setSpeed(next);
    if (media.current) media.current.playbackRate = next;
  };
  const seek = (to: number) => {
    const element = media.current;
    if (!element) return;
    element.currentTime = Math.max(0, Math.min(to, element.duration || to));
  };
  const press = (key: string) => {
    const [element, move] = [media.current, moveOf(key)];
    if (!element || !move) return false;
    if (move.does === 'speed') change(stepSpeed(speed, move.by));
    else if (move.does === 'seek') seek(element.currentTime + move.by);
    else if (element.paused) void element.play().catch(() => undefined);
    else element.pause();
    return true;
  };
  useKeysOf(media, press);

  /** The address is good for some minutes only: a long recording needs a new one, and goes on where it stood. */
  const again = () => {
    if (Date.now() - dataUpdatedAt < FRESH_MS) {
      setBroken(true);
      return;
    }
    goesOn.current = !media.current?.paused;
    void refetch();
  };
  const begin = ({ currentTarget: element }: SyntheticEvent<HTMLMediaElement>) => {
    setBroken(false);
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
    place.current = at;
    setChapter(currentChapter(chapters, at));
    if (remembers && (Math.abs(at - kept.current) >= KEEP_EVERY || element.paused || element.ended)) {
      kept.current = at;
      keepPlace(localStorage, id, at, element.duration);
    }
  };
  const common = {
    src: data,
    controls: true,
    preload: 'metadata',
    'aria-label': t('recording.player', { title }),
    onError: again,
    onLoadedMetadata: begin,
    onTimeUpdate: follow,
    onPause: follow,
    onSeeked: follow,
    onEnded: follow,
  } as const;

  return (
    <Stack gap="sm">
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {broken && (
        <Alert color="red" icon={<IconAlertTriangle aria-hidden />} role="alert" title={t('player.broken')} />
      )}
      <div className={classes.beside} data-chapters={chapters.length > 0 || undefined}>
        <Stack gap="xs">
          {!data && !error && (
            <div className={classes.waiting}>
              <Loader aria-label={t('shell.loading')} role="status" />
            </div>
          )}
          {data &&
            (audioOnly ? (
              <audio ref={media as RefObject<HTMLAudioElement>} className={classes.sound} {...common} />
            ) : (
              <video
                ref={media as RefObject<HTMLVideoElement>}
                className={classes.picture}
                playsInline
                {...common}
              />
            ))}
          <Group justify="space-between" gap="xs" align="end">
            <Text size="xs" c="dimmed" visibleFrom="sm" style={{ flex: '1 1 16rem' }}>
              {t('player.keys')}
            </Text>
            <Speed speed={speed} onChange={change} />
          </Group>
        </Stack>
        {chapters.length > 0 && (
          <Chapters
            chapters={chapters}
            current={chapter}
            onGo={(to) => {
              seek(to);
              void media.current?.play().catch(() => undefined);
            }}
          />
        )}
      </div>
    </Stack>
  );
}

/** What takes keys itself. */
const TAKES_KEYS =
  'input, textarea, select, [contenteditable], [role=dialog] *, [role=menu] *, [role=listbox] *';
const TAKES_SPACE = 'a, button, summary';

/** Lets the keyboard play wherever on the page the focus is, unless what has it takes the key itself. */
function useKeysOf(media: RefObject<HTMLMediaElement | null>, press: (key: string) => boolean) {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element) {
      const isArrow = key.startsWith('Arrow');
      if (target.matches(TAKES_KEYS) || (isArrow && target.matches('[role=tab]'))) return;
      if (key === ' ' && target.matches(TAKES_SPACE)) return;
      // The browser's own controls know the space bar and the arrows, for the loudness too.
      if (target === media.current && (key === ' ' || isArrow)) return;
    }
    if (press(key)) event.preventDefault();
  });
  useEffect(() => {
    const down = (event: KeyboardEvent) => pressed(event);
    window.addEventListener('keydown', down);
    return () => window.removeEventListener('keydown', down);
  }, []);
}

function Speed({ speed, onChange }: { speed: number; onChange: (speed: number) => void }) {
  const { t } = useTranslation();
  const { locale } = useFormat();
  const id = useId();
  const number = new Intl.NumberFormat(locale);
  return (
    <Group gap="xs" wrap="nowrap">
      <Text component="label" size="sm" htmlFor={id}>
        {t('player.speed')}
      </Text>
      <NativeSelect
        id={id}
        size="sm"
        w={96}
        data={SPEEDS.map((value) => ({ value: String(value), label: `${number.format(value)} ×` }))}
        value={String(speed)}
        onChange={(event) => onChange(Number(event.currentTarget.value))}
      />
    </Group>
  );
}

const KINDS = { speaker: IconMessageCircle, screen: IconScreenShare, poll: IconChartBar } as const;

type ChaptersProps = { chapters: readonly Chapter[]; current: number; onGo: (at: number) => void };

function Chapters({ chapters, current, onGo }: ChaptersProps) {
  const { t } = useTranslation();
  const list = useRef<HTMLOListElement>(null);
  const title = useId();
  useEffect(() => {
    // Within the list alone: the page stays where the reader has it.
    const [box, item] = [list.current, list.current?.children[current]];
    if (!box || !(item instanceof HTMLElement)) return;
    const over = item.offsetTop + item.offsetHeight - box.scrollTop - box.clientHeight;
    if (over > 0) box.scrollTop += over;
    if (item.offsetTop < box.scrollTop) box.scrollTop = item.offsetTop;
  }, [current]);
  return (
    <nav aria-labelledby={title}>
      <Title order={2} fz="md" mb={4} id={title}>
        {t('player.chapters')}
      </Title>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by the keyboard. */}
      <ol className={classes.chapters} ref={list} tabIndex={0} aria-labelledby={title}>
        {chapters.map((chapter, index) => {
          const Kind = index === current ? IconPlayerPlayFilled : KINDS[chapter.kind];
          return (
            <li key={`${chapter.at_seconds} ${chapter.kind} ${chapter.title}`}>
              <UnstyledButton
                className={classes.chapter}
                aria-current={index === current || undefined}
                onClick={() => onGo(chapter.at_seconds)}
              >
                <span className={classes.at}>{clock(chapter.at_seconds)}</span>
                <Kind size={16} style={{ flex: 'none' }} aria-hidden />
                <span className={classes.name}>
                  <VisuallyHidden>{`${t(`player.kind.${chapter.kind}`)}: `}</VisuallyHidden>
                  {chapter.title}
                </span>
              </UnstyledButton>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
