import type { Door, Meeting, Message, Participant, Recording, Stage, StageQuorum } from '../api/types';
import type { OpenedCheck } from './checks';

/** What happens in a meeting, the same over LiveKit data packets and over Server-Sent Events. */
export type MeetingEvent = Happening & {
  /** Its number in the meeting. */
  seq?: number;
  /** Too large for a packet: `data` holds only the id, and the rest must be fetched. */
  truncated?: true;
};

type Happening =
  | { event: 'chat.message'; data: Message }
  /** Its words were changed or taken back. */
  | { event: 'chat.updated'; data: Message }
  /** Somebody has voted, or the poll is closed; the own vote is not in it. */
  | { event: 'poll.updated'; data: Pick<Message, 'id' | 'metadata'> }
  | { event: 'participant.updated'; data: Participant }
  | { event: 'participant.removed'; data: { user_id: string } }
  | { event: 'door.changed'; data: Door }
  | { event: 'stage.changed'; data: Stage }
  /** A host asks somebody to switch something on. */
  | { event: 'participant.asked'; data: { user_id: string; source: string } }
  /** Somebody asks to be let in. */
  | { event: 'lobby.knocked'; data: { user_id: string } }
  | {
      event: 'meeting.updated';
      data: Pick<Meeting, 'id' | 'status' | 'title' | 'actual_start' | 'actual_end'> &
        Partial<Pick<Meeting, 'show_status' | 'shown_at'>>;
    }
  | { event: 'recording.updated'; data: Recording }
  /** Whoever is in the room is asked whether they are; who answers is not told. */
  | { event: 'presence_check.opened'; data: OpenedCheck }
  | { event: 'presence_check.closed'; data: { id: string } }
  | { event: 'presence.changed'; data: { user_id: string; online: boolean } }
  /** How many members must be there, and how many are. */
  | { event: 'quorum.changed'; data: StageQuorum };

const KNOWN: ReadonlySet<string> = new Set<MeetingEvent['event']>([
  'chat.message',
  'chat.updated',
  'poll.updated',
  'participant.updated',
  'participant.removed',
  'door.changed',
  'stage.changed',
  'participant.asked',
  'lobby.knocked',
  'meeting.updated',
  'recording.updated',
  'presence.changed',
  'presence_check.opened',
  'presence_check.closed',
  'quorum.changed',
]);

/** What an event is about: of two about the same, the later one counts. */
function subject({ event, data }: MeetingEvent): string {
  switch (event) {
    case 'chat.message':
    case 'chat.updated':
      return `chat ${data.id}`;
    case 'poll.updated':
    case 'recording.updated':
    case 'meeting.updated':
      return `${event} ${data.id}`;
    case 'participant.updated':
      return `participant ${data.user.id}`;
    case 'participant.removed':
    case 'lobby.knocked':
      return `participant ${data.user_id}`;
    case 'participant.asked':
      return `asked ${data.user_id}`;
    case 'door.changed':
    case 'stage.changed':
    case 'quorum.changed':
      return event;
    case 'presence_check.opened':
    case 'presence_check.closed':
      return `check ${data.id}`;
    case 'presence.changed':
      return `presence ${data.user_id}`;
  }
}

/**
 * Tells news from what is known. Events come on two ways, of which one may be behind the other or lose
 * some; an older word about something must not overwrite a newer one.
 */
export function newsFilter(): (event: MeetingEvent) => boolean {
  const heard = new Map<string, number>();
  return (event) => {
    // The whole of a truncated event is still to come under the same number.
    if (event.seq === undefined || event.truncated) return true;
    const about = subject(event);
    if ((heard.get(about) ?? -1) >= event.seq) return false;
    heard.set(about, event.seq);
    return true;
  };
}

/** The topic of the server's own packets. */
export const TOPIC = 'baraza';

/** An event from its JSON; null for what this version does not know. */
export function readEvent(json: string): MeetingEvent | null {
  try {
    const value: unknown = JSON.parse(json);
    const { event, data } = value as { event?: unknown; data?: unknown };
    const known = typeof event === 'string' && KNOWN.has(event) && typeof data === 'object' && data !== null;
    return known ? (value as MeetingEvent) : null;
  } catch {
    return null;
  }
}

/**
 * An event from a data packet. Only packets without a sender come from the server: LiveKit stamps the
 * sender on everything that a participant publishes, so nobody in the room can forge one.
 */
export function readPacket(
  payload: Uint8Array,
  sender: string | undefined,
  topic: string | undefined,
): MeetingEvent | null {
  if (sender || topic !== TOPIC) return null;
  return readEvent(new TextDecoder().decode(payload));
}
