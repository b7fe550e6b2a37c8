/** A place in a recording that is worth going to. */
export type Chapter = { at_seconds: number; kind: 'speaker' | 'screen' | 'poll'; title: string };

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** The next speed up (1) or down (-1) from what is set; the last stays. */
export function stepSpeed(now: number, by: 1 | -1): number {
  const at = SPEEDS.findIndex((speed) => speed >= now);
  const next = (at < 0 ? SPEEDS.length - 1 : at) + by;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, next))] ?? 1;
}

/** What a key does in the player. */
export type Move =
  | { does: 'toggle' | 'mute' | 'fill' | 'captions' }
  | { does: 'seek'; by: number }
  | { does: 'speed'; by: 1 | -1 };

const MOVES: Readonly<Record<string, Move>> = {
  ' ': { does: 'toggle' },
  k: { does: 'toggle' },
  j: { does: 'seek', by: -10 },
  l: { does: 'seek', by: 10 },
  ArrowLeft: { does: 'seek', by: -5 },
  ArrowRight: { does: 'seek', by: 5 },
  m: { does: 'mute' },
  f: { does: 'fill' },
  c: { does: 'captions' },
  '<': { does: 'speed', by: -1 },
  '>': { does: 'speed', by: 1 },
};

/** What a key does, whether it is written large or small. */
export const moveOf = (key: string): Move | undefined => MOVES[key] ?? MOVES[key.toLowerCase()];

/** Which chapter plays at a moment; -1 before the first. */
export function currentChapter(chapters: readonly Chapter[], at: number): number {
  // Browsers stop a little before the place that they are sent to.
  return chapters.findLastIndex(({ at_seconds }) => at_seconds <= at + 0.25);
}

const SMALL_PICTURES = { every: 10, most: 100, inRow: 10 } as const;

/** Which of the small pictures is nearest to a moment, as column and row of the sheet that they are on. */
export function tileAt(at: number, length: number): { column: number; row: number } {
  const { every, most, inRow } = SMALL_PICTURES;
  const step = Math.max(every, length / most);
  const last = Math.max(0, Math.min(most, Math.ceil(length / step)) - 1);
  const n = Math.min(last, Math.max(0, Math.round(at / step)));
  return { column: n % inRow, row: Math.floor(n / inRow) };
}

/** "0:07", "12:05", "1:02:03": where something is in a recording. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, two(whole % 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const PLACES = 'baraza.places';
/** So many recordings are remembered, the last watched first. */
const MOST = 50;
/** Whoever is so near to the beginning or the end, in seconds, begins anew. */
const EDGE = 10;

function places(store: Store): [string, number][] {
  try {
    const kept: unknown = JSON.parse(store.getItem(PLACES) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => Array.isArray(one) && typeof one[1] === 'number') : [];
  } catch {
    return [];
  }
}

/** Where somebody stood in a recording; 0 when they did not watch it or are through. */
export const readPlace = (store: Store, id: string) =>
  places(store).find(([known]) => known === id)?.[1] ?? 0;

/** Remembers where somebody stands in a recording that is `length` seconds long. */
export function keepPlace(store: Store, id: string, at: number, length: number) {
  const others = places(store).filter(([known]) => known !== id);
  const between = at >= EDGE && !(at > length - EDGE);
  const kept = between ? [[id, Math.floor(at)], ...others] : others;
  try {
    store.setItem(PLACES, JSON.stringify(kept.slice(0, MOST)));
  } catch {
    // Without room to remember one begins at the beginning.
  }
}
