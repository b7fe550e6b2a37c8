import { ActionIcon, NativeSelect, Text } from '@mantine/core';
import {
  IconMaximize,
  IconMinimize,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconVolume,
  IconVolume3,
} from '@tabler/icons-react';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../ui/useFormat';
import classes from './Player.module.css';
import { type Chapter, clock, currentChapter, SPEEDS, tileAt } from './playing';
import { lengthOf, placeOf, seek, switchSound, toggle, useMedia } from './useMedia';

type Props = {
  media: HTMLMediaElement;
  /** The address of the sheet with small pictures, where there is one. */
  sheet: string | undefined;
  chapters: readonly Chapter[];
  speed: number;
  onSpeed: (speed: number) => void;
  /** Fills the screen with the picture, and back again; not for sound alone. */
  onFill: (() => void) | undefined;
  /** What else can be switched. */
  children?: ReactNode;
};

/** Plays, stops, goes to a place, and sets loudness and speed. */
export function Controls({ media, sheet, chapters, speed, onSpeed, onFill, children }: Props) {
  const { t } = useTranslation();
  const paused = useMedia(media, (now) => now.paused);
  const at = useMedia(media, (now) => Math.floor(now.currentTime));
  const length = useMedia(media, lengthOf);
  const Play = paused ? IconPlayerPlayFilled : IconPlayerPauseFilled;
  return (
    <section className={classes.controls} aria-label={t('player.controls')}>
      <SeekBar media={media} sheet={sheet} chapters={chapters} />
      <div className={classes.row}>
        <Button label={t(paused ? 'player.play' : 'player.pause')} keys="K" onClick={() => toggle(media)}>
          <Play size={20} aria-hidden />
        </Button>
        <Loudness media={media} />
        <Text size="sm" className={classes.time}>
          {`${clock(at)} / ${clock(length)}`}
        </Text>
        <span className={classes.rest} />
        {children}
        <Speed speed={speed} onChange={onSpeed} />
        {onFill && <Fill onFill={onFill} />}
      </div>
    </section>
  );
}

type ButtonProps = {
  label: string;
  keys: string;
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode;
};

/** A button of the player, with its key on hover. */
export function Button({ label, keys, pressed, onClick, children }: ButtonProps) {
  const { t } = useTranslation();
  return (
    <ActionIcon
      size="lg"
      variant={pressed ? 'light' : 'subtle'}
      color={pressed ? undefined : 'gray'}
      c={pressed ? undefined : 'var(--mantine-color-text)'}
      aria-label={label}
      aria-pressed={pressed}
      title={t('room.withKeys', { label, keys })}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  );
}

/** By how much keys move the place, beyond the left and right that the whole page knows. */
const STEPS: Readonly<Record<string, number>> = { ArrowUp: 5, ArrowDown: -5, PageUp: 30, PageDown: -30 };
/** As wide as what is dragged, in pixels: its middle goes from one end of the bar to the other. */
const THUMB = 16;

type SeekProps = Pick<Props, 'media' | 'sheet' | 'chapters'>;

/** Where it stands. Whoever points at a place, or has the bar under the keys, sees what is there. */
function SeekBar({ media, sheet, chapters }: SeekProps) {
  const { t } = useTranslation();
  const at = useMedia(media, placeOf);
  const length = useMedia(media, lengthOf);
  const [pointed, point] = useState<number>();
  const [byKeys, setByKeys] = useState(false);
  const shown = pointed ?? (byKeys ? at : undefined);

  const follow = ({ currentTarget: bar, clientX }: PointerEvent<HTMLInputElement>) => {
    const { left, width } = bar.getBoundingClientRect();
    const part = (clientX - left - THUMB / 2) / (width - THUMB);
    point(length * Math.max(0, Math.min(1, part)));
  };
  const press = (event: KeyboardEvent) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    seek(media, media.currentTime + by);
  };
  return (
    <div className={classes.seek}>
      {shown !== undefined && length > 0 && (
        <Preview at={shown} length={length} sheet={sheet} chapters={chapters} />
      )}
      <input
        type="range"
        className={classes.bar}
        data-seek
        aria-label={t('player.seek')}
        aria-valuetext={t('player.place', { at: clock(at), length: clock(length) })}
        min={0}
        max={length}
        step={0.25}
        value={at}
        disabled={length === 0}
        onChange={(event) => seek(media, Number(event.currentTarget.value))}
        onKeyDown={press}
        onPointerMove={follow}
        onPointerLeave={() => point(undefined)}
        onFocus={(event) => setByKeys(event.currentTarget.matches(':focus-visible'))}
        onBlur={() => setByKeys(false)}
      />
    </div>
  );
}

const TILE = { width: 160, height: 90 };

type PreviewProps = Pick<Props, 'sheet' | 'chapters'> & { at: number; length: number };

/** What is to be seen at a place. The bar says the place in words, so nothing is read aloud here. */
function Preview({ at, length, sheet, chapters }: PreviewProps) {
  // Pictures are made after the file, and there may be none yet.
  const [missing, setMissing] = useState<string>();
  const { column, row } = tileAt(at, length);
  const chapter = chapters[currentChapter(chapters, at)];
  return (
    <div
      className={classes.preview}
      style={{ insetInlineStart: `clamp(5.25rem, ${(100 * at) / length}%, 100% - 5.25rem)` }}
      aria-hidden
    >
      {sheet && sheet !== missing && (
        <div className={classes.tile}>
          <img
            src={sheet}
            alt=""
            style={{ translate: `${-column * TILE.width}px ${-row * TILE.height}px` }}
            onError={() => setMissing(sheet)}
          />
        </div>
      )}
      <span className={classes.time}>{clock(at)}</span>
      {chapter && <span className={classes.previewChapter}>{chapter.title}</span>}
    </div>
  );
}

function Loudness({ media }: { media: HTMLMediaElement }) {
  const { t } = useTranslation();
  const volume = useMedia(media, (now) => (now.muted ? 0 : now.volume));
  const Icon = volume === 0 ? IconVolume3 : IconVolume;
  const set = (next: number) => {
    media.muted = false;
    media.volume = next;
  };
  return (
    <>
      <Button
        label={t(volume === 0 ? 'player.unmute' : 'player.mute')}
        keys="M"
        onClick={() => switchSound(media)}
      >
        <Icon size={20} aria-hidden />
      </Button>
      {/* On phones the device's own buttons do it. */}
      <input
        type="range"
        className={classes.loudness}
        aria-label={t('player.volume')}
        min={0}
        max={1}
        step={0.05}
        value={volume}
        onChange={(event) => set(Number(event.currentTarget.value))}
      />
    </>
  );
}

function Speed({ speed, onChange }: { speed: number; onChange: (speed: number) => void }) {
  const { t } = useTranslation();
  const { locale } = useFormat();
  const number = new Intl.NumberFormat(locale);
  return (
    <NativeSelect
      aria-label={t('player.speed')}
      title={t('player.speed')}
      size="sm"
      w={80}
      style={{ flex: 'none' }}
      data={SPEEDS.map((value) => ({ value: String(value), label: `${number.format(value)} ×` }))}
      value={String(speed)}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
    />
  );
}

function Fill({ onFill }: { onFill: () => void }) {
  const { t } = useTranslation();
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  return (
    <Button label={t(full ? 'player.window' : 'player.fullscreen')} keys="F" onClick={onFill}>
      {full ? <IconMinimize size={20} aria-hidden /> : <IconMaximize size={20} aria-hidden />}
    </Button>
  );
}
