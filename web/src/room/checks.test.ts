import { expect, it } from 'vitest';
import { closed, opened, secondsLeft, waits } from './checks';

const told = { id: 'c1', opened_at: '2026-12-01T09:00:00Z', closes_at: '2026-12-01T09:01:00Z' };
const at = (time: string) => new Date(`2026-12-01T${time}Z`);

it('asks from the opening to the answer or the closing', () => {
  const check = opened(null, told);
  expect(waits(check)).toBe(true);
  expect(waits({ ...check, confirmed_at: '2026-12-01T09:00:10Z' })).toBe(false);
  expect(waits(closed(check, 'c1', at('09:01:00')))).toBe(false);
  expect(waits(closed(check, 'c0', at('09:01:00')))).toBe(true);
  expect(waits({ ...check, was_asked: false })).toBe(false);
  expect(waits(undefined)).toBe(false);
  expect(closed(undefined, 'c1', at('09:01:00'))).toBeNull();
});

it('keeps what the server said when the event comes behind it', () => {
  const own = { ...opened(null, told), confirmed_at: told.opened_at };
  expect(opened(own, told)).toBe(own);
  expect(opened(own, { ...told, id: 'c2' }).confirmed_at).toBeNull();
});

it('counts down by whatever clock there is', () => {
  expect(secondsLeft(told, at('09:00:17'))).toBe(43);
  expect(secondsLeft(told, at('09:00:17.500'))).toBe(43);
  expect(secondsLeft(told, at('08:00:00'))).toBe(60);
  expect(secondsLeft(told, at('10:00:00'))).toBe(0);
});
