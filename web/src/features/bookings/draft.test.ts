import { describe, expect, it } from 'vitest';
import type { Booking } from '../../api/types';
import { changeBody, movedEnd, newBody, newValues, proposed, slotField, valuesOf } from './draft';

const ZONE = 'Africa/Nairobi';
const NOW = new Date('2026-12-01T06:58:00Z');

const booking = {
  booking_type: 'custom',
  title: 'Board',
  notes: '',
  starts_at: '2026-12-01T07:00:30Z',
  ends_at: '2026-12-01T08:00:00Z',
  resource_ids: ['r'],
  resources: [{ id: 'r', type: 'room', name: 'Baobab', location: '2nd floor' }],
  organizer_email: 'a@example.org',
  attendees: [{ email: 'b@example.org', name: 'B' }],
  location: 'Hall',
} as Booking;

describe('a new booking', () => {
  const start = (wanted: { start?: string; end?: string }) => {
    const { starts_at, ends_at } = newValues(wanted, NOW, ZONE, 'room', null);
    return [starts_at, ends_at];
  };

  it('begins with the times of the link, on the clocks here', () => {
    expect(start({ start: '2026-12-02T09:00:00Z', end: '2026-12-02T09:30:00+00:00' })).toEqual([
      '2026-12-02 12:00:00',
      '2026-12-02 12:30:00',
    ]);
  });

  it('begins soon and lasts an hour where the link says nothing that fits', () => {
    const soon = ['2026-12-01 10:15:00', '2026-12-01 11:15:00'];
    expect(start({})).toEqual(soon);
    expect(start({ start: 'soon', end: 'later' })).toEqual(soon);
    expect(start({ end: '2026-11-30T09:00:00Z' })).toEqual(soon);
  });

  it('of a room says nothing of people and places', () => {
    const values = {
      ...newValues({}, NOW, ZONE, 'room', 'me@example.org'),
      location: 'Hall',
      attendees: ['x'],
    };
    const body = newBody({ ...values, title: ' Board ' }, ZONE);
    expect(body).toEqual({
      booking_type: 'room',
      title: 'Board',
      notes: '',
      starts_at: '2026-12-01T07:15:00.000Z',
      ends_at: '2026-12-01T08:15:00.000Z',
      resource_ids: [],
      with_online_room: false,
    });
    expect(newBody({ ...values, booking_type: 'custom', location: ' ' }, ZONE)).toMatchObject({
      organizer_email: 'me@example.org',
      attendees: ['x'],
      location: null,
    });
  });
});

describe('a change', () => {
  const values = valuesOf(booking, ZONE);

  it('leaves times alone that nobody touched', () => {
    const { starts_at, ends_at, ...rest } = changeBody(values, booking, ZONE) as Record<string, unknown>;
    expect([starts_at, ends_at]).toEqual([undefined, undefined]);
    expect(rest).toMatchObject({ title: 'Board', attendees: ['b@example.org'], location: 'Hall' });
  });

  it('does not say a place that follows from the room', () => {
    const there = valuesOf({ ...booking, location: 'Baobab, 2nd floor' }, ZONE);
    expect(there.location).toBe('');
    expect(changeBody({ ...there, resource_ids: ['other'] }, booking, ZONE)).toMatchObject({
      location: null,
    });
  });

  it('sends the time that was moved', () => {
    const later = changeBody({ ...values, ends_at: '2026-12-01 12:00:00' }, booking, ZONE);
    expect(later).toMatchObject({ ends_at: '2026-12-01T09:00:00.000Z' });
    expect(later).not.toHaveProperty('starts_at');
  });
});

it('keeps its length when its start moves', () => {
  const values = newValues({}, NOW, ZONE, 'room', null);
  expect(movedEnd(values, '2026-12-05 09:00:00')).toBe('2026-12-05 10:00:00');
  expect(movedEnd(values, null)).toBeNull();
  expect(movedEnd({ ...values, ends_at: values.starts_at }, '2026-12-05 09:00:00')).toBeNull();
});

it('tells of a wrong time at the start or the end', () => {
  const at = (starts_at: string, ends_at: string) =>
    slotField({ ...newValues({}, NOW, ZONE, 'room', null), starts_at, ends_at }, ZONE);
  expect(at('2020-12-01 09:00:00', '2020-12-01 10:00:00')).toBe('starts_at');
  expect(at('2026-12-01 09:00:00', '2026-12-01 09:00:00')).toBe('ends_at');
  expect(at('2026-12-01 09:00:00', '2027-02-01 09:00:00')).toBe('ends_at');
});

it('takes the time and the rooms of a proposal', () => {
  const alternative = {
    starts_at: '2026-12-01T07:00:00Z',
    ends_at: '2026-12-01T08:00:00Z',
    resource_ids: ['a'],
  };
  expect(proposed(alternative, ZONE)).toEqual({
    starts_at: '2026-12-01 10:00:00',
    ends_at: '2026-12-01 11:00:00',
    resource_ids: ['a'],
  });
});
