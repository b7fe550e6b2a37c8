import { DisconnectReason } from 'livekit-client';
import { expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { endingOf, endingOfRefusal, worthAnotherTry } from './endings';

it.each([
  [DisconnectReason.CLIENT_INITIATED, 'left'],
  [DisconnectReason.DUPLICATE_IDENTITY, 'elsewhere'],
  [DisconnectReason.PARTICIPANT_REMOVED, 'removed'],
  [DisconnectReason.ROOM_DELETED, 'ended'],
  [DisconnectReason.SERVER_SHUTDOWN, 'lost'],
  [DisconnectReason.SIGNAL_CLOSE, 'lost'],
  [undefined, 'lost'],
] as const)('tells reason %s as %s', (reason, ending) => {
  expect(endingOf(reason)).toBe(ending);
});

it('tells a refusal on the way back apart from a server that is away', () => {
  expect(endingOfRefusal(new Problem({ code: 'MEETING_ENDED', status: 409 }))).toBe('ended');
  expect(endingOfRefusal(new Problem({ code: 'BANNED', status: 403 }))).toBe('removed');
  expect(endingOfRefusal(new Problem({ code: 'ROOM_FULL', status: 409 }))).toBeNull();
  expect(worthAnotherTry(new Problem({ code: 'UNREACHABLE' }))).toBe(true);
  expect(worthAnotherTry(new Problem({ code: 'DATABASE_AWAY', status: 503 }))).toBe(true);
  expect(worthAnotherTry(new Problem({ code: 'ROOM_FULL', status: 409 }))).toBe(false);
});
