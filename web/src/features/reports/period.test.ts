import { expect, it } from 'vitest';
import { months, periodOf, span } from './period';

it('goes back from the end of the hour', () => {
  const now = new Date('2026-12-01T09:20:00Z');
  expect(span('month', now, 'UTC')).toEqual({
    from: '2026-11-01T10:00:00.000Z',
    to: '2026-12-01T10:00:00.000Z',
  });
  expect(span('year', now, 'UTC').from).toBe('2025-12-01T10:00:00.000Z');
});

it('is a month of the calendars of a place', () => {
  const now = new Date('2026-12-31T22:00:00Z');
  expect(span('2026-12', now, 'Africa/Nairobi')).toEqual({
    from: '2026-11-30T21:00:00.000Z',
    to: '2026-12-31T21:00:00.000Z',
  });
  const summer = span('2026-03', now, 'Europe/Berlin');
  expect(summer).toEqual({ from: '2026-02-28T23:00:00.000Z', to: '2026-03-31T22:00:00.000Z' });
  const known = months(now, 'Africa/Nairobi');
  expect([known.length, known[0], known[1], known[23]]).toEqual([24, '2027-01', '2026-12', '2025-02']);
});

it('is read from an address', () => {
  expect(['month', '2026-11', '2026-13', 'week', undefined].map(periodOf)).toEqual([
    'month',
    '2026-11',
    undefined,
    undefined,
    undefined,
  ]);
});
