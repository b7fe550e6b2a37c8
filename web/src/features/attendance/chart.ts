import type { Attendance } from '../../api/types';

type Span = Pick<Attendance['items'][number]['spans'][number], 'joined_at' | 'left_at'>;

/** From when to when, in milliseconds. */
export type Stretch = { from: number; to: number };

const MINUTE = 60_000;
/** Between two times that are written on the axis, in minutes. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440];
/** As many of them as fit on a phone. */
const MOST_TICKS = 5;

/** One connection after the other; what is open goes on until `now`. Where two devices were there at once, it counts once. */
export function presenceOf({ spans }: { spans: Span[] }, now: number): Stretch[] {
  const stretches = spans
    .map(({ joined_at, left_at }) => ({
      from: Date.parse(joined_at),
      to: left_at ? Date.parse(left_at) : now,
    }))
    .toSorted((a, b) => a.from - b.from);
  const together: Stretch[] = [];
  for (const stretch of stretches) {
    const last = together.at(-1);
    if (last && stretch.from <= last.to) last.to = Math.max(last.to, stretch.to);
    else together.push(stretch);
  }
  return together;
}

/**
 * From when to when the chart goes: as long as somebody was there, and the scheduled times where they are not so far off
 * that they would squeeze everything else. `null` when nobody was there.
 */
export function frameOf(presences: Stretch[][], scheduled: number[]): Stretch | null {
  const all = presences.flat();
  if (all.length === 0) return null;
  const from = all.reduce((first, stretch) => Math.min(first, stretch.from), Number.POSITIVE_INFINITY);
  const to = all.reduce((last, stretch) => Math.max(last, stretch.to), Number.NEGATIVE_INFINITY);
  const near = Math.max(to - from, 10 * MINUTE);
  const shown = scheduled.filter((at) => at > from - near && at < to + near);
  const start = Math.min(from, ...shown);
  return { from: start, to: Math.max(to, ...shown, start + MINUTE) };
}

/** The times to write on the axis: round ones of the reader's clock. */
export function ticksOf({ from, to }: Stretch): number[] {
  const long = (to - from) / MINUTE;
  const step =
    (STEPS.find((minutes) => long / minutes <= MOST_TICKS) ?? Math.ceil(long / MOST_TICKS)) * MINUTE;
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** Where something stands in the frame, in percent. */
export function place({ from, to }: Stretch, frame: Stretch) {
  const percent = (at: number) =>
    (100 * (Math.min(Math.max(at, frame.from), frame.to) - frame.from)) / (frame.to - frame.from);
  return { left: `${percent(from)}%`, width: `${percent(to) - percent(from)}%` };
}
