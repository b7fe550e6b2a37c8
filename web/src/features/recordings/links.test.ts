import { expect, it } from 'vitest';
import { stateOfLink } from './links';

const now = new Date('2026-11-22T12:00:00Z');
const link = { revoked_at: null, expires_at: null, max_views: null, views: 7 };

it.each([
  [{}, 'open'],
  [{ expires_at: '2026-11-22T12:00:01Z', max_views: 8 }, 'open'],
  [{ expires_at: '2026-11-22T12:00:00Z' }, 'expired'],
  [{ max_views: 7 }, 'usedUp'],
  [{ revoked_at: '2026-11-21T12:00:00Z', expires_at: '2026-11-22T11:00:00Z', max_views: 7 }, 'revoked'],
] as const)('a link with %o is %s', (more, state) => {
  expect(stateOfLink({ ...link, ...more }, now)).toBe(state);
});
