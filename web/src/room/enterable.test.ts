import { expect, it } from 'vitest';
import { enterable, isOn } from './enterable';

const now = new Date('2026-11-21T10:00:00Z');
const meeting = {
  status: 'completed',
  ended_by: 'room_empty',
  scheduled_end: null,
  actual_end: null,
} as const;

it.each([
  [{ status: 'scheduled' }, true],
  [{ status: 'in_progress' }, true],
  [{ status: 'cancelled' }, false],
  [{ ended_by: 'host', scheduled_end: '2026-11-21T11:00:00Z' }, false],
  [{ scheduled_end: '2026-11-21T10:01:00Z' }, true],
  [{ scheduled_end: '2026-11-21T09:00:00Z', actual_end: '2026-11-21T09:50:00Z' }, true],
  [{ scheduled_end: '2026-11-21T09:00:00Z', actual_end: '2026-11-21T09:40:00Z' }, false],
] as const)('%j can be entered: %s', (part, expected) => {
  expect(enterable({ ...meeting, ...part }, now)).toBe(expected);
});

it.each([
  [{ status: 'scheduled', scheduled_start: '2026-11-21T10:15:00Z' }, true],
  [{ status: 'scheduled', scheduled_start: '2026-11-21T10:16:00Z' }, false],
  [{ status: 'scheduled', scheduled_start: '2026-11-21T09:00:00Z' }, true],
  [
    { status: 'scheduled', scheduled_start: '2026-11-21T09:00:00Z', scheduled_end: '2026-11-21T09:59:00Z' },
    false,
  ],
  [
    { status: 'in_progress', scheduled_start: '2026-11-21T09:00:00Z', scheduled_end: '2026-11-21T09:59:00Z' },
    true,
  ],
  [{ status: 'cancelled', scheduled_start: '2026-11-21T10:00:00Z' }, false],
] as const)('%j is on: %s', (part, expected) => {
  expect(isOn({ ...meeting, ...part }, now)).toBe(expected);
});
