import type { components } from '../../api/schema';

export type DeviceMeeting = components['schemas']['DeviceMeeting'];

const KEY = 'baraza.device';

/** The token of this tablet: it stays until somebody takes it away. */
export const deviceToken = {
  get: () => localStorage.getItem(KEY),
  set: (token: string) => localStorage.setItem(KEY, token),
  forget: () => localStorage.removeItem(KEY),
};

/** Whether a meeting waits for somebody to say that it takes place. */
export const isOpen = (
  meeting: Pick<DeviceMeeting, 'scheduled_start' | 'show_until' | 'show_status'>,
  now: Date,
) =>
  meeting.show_status !== 'attended' &&
  Date.parse(meeting.scheduled_start) <= now.getTime() &&
  now.getTime() <= Date.parse(meeting.show_until);

/** What a tablet shows large, what is to come under it, and nothing of what is over. */
export function arrange(meetings: readonly DeviceMeeting[], now: Date) {
  const current: DeviceMeeting[] = [];
  const next: DeviceMeeting[] = [];
  for (const meeting of meetings) {
    const begins = Date.parse(meeting.scheduled_start);
    const ends = meeting.scheduled_end ? Date.parse(meeting.scheduled_end) : Date.parse(meeting.show_until);
    if (begins > now.getTime()) next.push(meeting);
    else if (meeting.status !== 'completed' && (now.getTime() < ends || isOpen(meeting, now)))
      current.push(meeting);
  }
  return { current, next };
}
