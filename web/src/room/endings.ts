import { DisconnectReason } from 'livekit-client';
import type { Problem } from '../api/problem';

/** Why a person is no longer in the room, as they should be told. */
export type Ending = 'left' | 'ended' | 'removed' | 'elsewhere' | 'lost';

/** What LiveKit's reason means. Everything that nobody decided is a lost connection. */
export function endingOf(reason: DisconnectReason | undefined): Ending {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return 'left';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'elsewhere';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'ended';
    default:
      return 'lost';
  }
}

/** What a refused join means for someone who was in the room before. */
export function endingOfRefusal({ code }: Problem): Ending | null {
  switch (code) {
    case 'MEETING_ENDED':
    case 'MEETING_CANCELLED':
      return 'ended';
    case 'BANNED':
    case 'DENIED':
    case 'NOT_INVITED':
    case 'LINK_REVOKED':
    case 'GUESTS_NOT_ALLOWED':
      return 'removed';
    default:
      return null;
  }
}

/**
 * Waits before each try to get back in, in milliseconds: none so long that somebody sits before a network that works
 * again, and together longer than a server takes to restart.
 */
export const REJOIN_WAITS: readonly number[] = [0, 500, 1_000, ...Array<number>(15).fill(2_000)];

/** Whether the same call may succeed a moment later: the server was silent, busy or starting. */
export const worthAnotherTry = ({ status }: Problem) => status === 0 || status === 429 || status >= 500;
