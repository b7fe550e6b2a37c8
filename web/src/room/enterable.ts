import type { Meeting } from '../api/types';

/** How long before the start a list offers to join. */
const EARLY_MS = 15 * 60_000;

/** How long a meeting whose room merely emptied can be taken up again, at the least. */
const AFTER_EMPTY_MS = 15 * 60_000;

/**
 * Whether the door is open. A meeting that everybody left is over only when its time is over too; one
 * that was ended stays ended. The server has the last word when somebody joins.
 */
export function enterable(
  {
    status,
    ended_by,
    scheduled_end,
    actual_end,
  }: Pick<Meeting, 'status' | 'ended_by' | 'scheduled_end' | 'actual_end'>,
  now: Date,
): boolean {
  if (status === 'scheduled' || status === 'in_progress') return true;
  if (status !== 'completed' || ended_by !== 'room_empty') return false;
  const until = Math.max(
    scheduled_end ? Date.parse(scheduled_end) : 0,
    actual_end ? Date.parse(actual_end) + AFTER_EMPTY_MS : 0,
  );
  return now.getTime() < until;
}

/** Whether joining is what one wants to do with a meeting now, and the way in is open. */
export const isOn = (
  meeting: Parameters<typeof enterable>[0] & Pick<Meeting, 'scheduled_start'>,
  now: Date,
): boolean =>
  enterable(meeting, now) &&
  Date.parse(meeting.scheduled_start) - EARLY_MS <= now.getTime() &&
  (meeting.status === 'in_progress' ||
    meeting.scheduled_end == null ||
    now.getTime() < Date.parse(meeting.scheduled_end));
