import { expect, it } from 'vitest';
import { arrange, type DeviceMeeting, isOpen } from './tablet';

const at = (minute: number) => new Date(Date.UTC(2026, 11, 1, 9, minute));

const meeting = (start: number, end: number | null, more: Partial<DeviceMeeting> = {}) =>
  ({
    id: `${start}`,
    status: 'scheduled',
    show_status: 'pending',
    scheduled_start: at(start).toISOString(),
    scheduled_end: end === null ? null : at(end).toISOString(),
    show_until: at(start + 120).toISOString(),
    ...more,
  }) as DeviceMeeting;

it('asks from the start until the window is over, and not again', () => {
  const one = meeting(0, 60);
  expect([-1, 0, 120, 121].map((minute) => isOpen(one, at(minute)))).toEqual([false, true, true, false]);
  expect(isOpen({ ...one, show_status: 'attended' }, at(5))).toBe(false);
  expect(isOpen({ ...one, show_status: 'no_show' }, at(5))).toBe(true);
});

it('shows what is now, then what is next', () => {
  const ids = (meetings: DeviceMeeting[]) => meetings.map(({ id }) => id);
  const all = [meeting(0, 60), meeting(30, null, { show_status: 'attended' }), meeting(90, 120)];
  expect(ids(arrange(all, at(45)).current)).toEqual(['0', '30']);
  expect(ids(arrange(all, at(45)).next)).toEqual(['90']);
  // Over, but nobody has said yet whether it took place.
  expect(ids(arrange(all, at(110)).current)).toEqual(['0', '30', '90']);
  expect(ids(arrange([meeting(0, 60, { show_status: 'attended' })], at(61)).current)).toEqual([]);
  expect(ids(arrange([meeting(0, 60, { status: 'completed' })], at(20)).current)).toEqual([]);
});
