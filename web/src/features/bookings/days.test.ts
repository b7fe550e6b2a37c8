import { expect, it } from 'vitest';
import type { Booking } from '../../api/types';
import { byDay, nameOfDay, timesOfDay } from './days';

const NOW = new Date('2026-12-01T06:00:00Z');
const at = (id: string, starts_at: string, ends_at = starts_at) => ({ id, starts_at, ends_at }) as Booking;

it('puts bookings under their days, as the clocks of the zone show them', () => {
  const bookings = [
    at('since yesterday', '2026-11-30T20:00:00Z', '2026-12-01T08:00:00Z'),
    at('at noon', '2026-12-01T09:00:00Z'),
    at('at night', '2026-12-01T22:00:00Z'),
  ];
  const ids = (zone: string) =>
    byDay(bookings, NOW, zone).map(({ day, items }) => [day, ...items.map(({ id }) => id)]);
  expect(ids('Africa/Nairobi')).toEqual([
    ['2026-12-01', 'since yesterday', 'at noon'],
    ['2026-12-02', 'at night'],
  ]);
  expect(ids('America/New_York')).toEqual([['2026-12-01', 'since yesterday', 'at noon', 'at night']]);
});

it('calls days by their names, the nearest also by how near they are', () => {
  const name = (day: string) => nameOfDay(day, NOW, 'en-GB', 'Africa/Nairobi').replace(',', '');
  expect(name('2026-12-01')).toBe('Today · Tuesday 1 December 2026');
  expect(name('2026-12-02')).toBe('Tomorrow · Wednesday 2 December 2026');
  expect(name('2026-12-03')).toBe('Thursday 3 December 2026');
  // The same moment is the day before in another place.
  expect(nameOfDay('2026-12-01', NOW, 'en-GB', 'America/Los_Angeles')).toMatch(/^Tomorrow/);
});

it('tells the times of one day with their zone, and of several not without the days', () => {
  const times = (end: string, zone = 'Africa/Nairobi') =>
    timesOfDay('2026-12-01T06:00:00Z', end, 'en-GB', zone)?.replaceAll(/[\u2009\u202f]/g, ' ');
  expect(times('2026-12-01T07:30:00Z')).toMatch(/^09:00 ?– ?10:30 \S+/);
  expect(times('2026-12-02T07:30:00Z')).toBeUndefined();
});
