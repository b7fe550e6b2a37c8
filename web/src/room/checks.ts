import type { LatestCheck } from '../api/types';

/** What is told of a check that opens. */
export type OpenedCheck = Pick<LatestCheck, 'id' | 'opened_at' | 'closes_at'>;

/** What is known after a check opened: whoever hears of it in the room was asked. What the server said of it stays. */
export const opened = (known: LatestCheck | null | undefined, told: OpenedCheck): LatestCheck =>
  known?.id === told.id
    ? known
    : { ...told, closed_at: null, was_asked: true, confirmed_at: null, standing: null };

/** What is known after a check closed. */
export const closed = (known: LatestCheck | null | undefined, id: string, now: Date) =>
  known?.id === id && !known.closed_at ? { ...known, closed_at: now.toISOString() } : (known ?? null);

/** Whether the viewer is asked and has not answered. */
export const waits = (check: LatestCheck | null | undefined): check is LatestCheck =>
  !!check && check.was_asked && !check.confirmed_at && !check.closed_at;

/** How many seconds there are left, by a clock that may go wrong: at least none, and no more than there were. */
export function secondsLeft({ opened_at, closes_at }: OpenedCheck, now: Date): number {
  const end = Date.parse(closes_at);
  const whole = end - Date.parse(opened_at);
  return Math.ceil(Math.min(Math.max(end - now.getTime(), 0), whole) / 1000);
}
