import { expect, it } from 'vitest';
import { frameOf, place, presenceOf, ticksOf } from './chart';

const START = Date.parse('2026-12-01T09:00:00Z');
const at = (minutes: number) => START + minutes * 60_000;
const span = (from: number, to: number | null) => ({
  joined_at: new Date(at(from)).toISOString(),
  left_at: to === null ? null : new Date(at(to)).toISOString(),
});

it('tells once of two devices, and until now of whoever is there', () => {
  const spans = [span(20, null), span(0, 10), span(5, 12)];
  expect(presenceOf({ spans }, at(30))).toEqual([
    { from: at(0), to: at(12) },
    { from: at(20), to: at(30) },
  ]);
});

it('shows the scheduled times unless they are far away', () => {
  const presences = [[{ from: at(5), to: at(50) }], [], [{ from: at(2), to: at(20) }]];
  expect(frameOf(presences, [at(0), at(60)])).toEqual({ from: at(0), to: at(60) });
  expect(frameOf(presences, [at(-600), at(-540)])).toEqual({ from: at(2), to: at(50) });
  expect(frameOf([[]], [at(0)])).toBeNull();
  expect(frameOf([[{ from: at(0), to: at(0) }]], [])).toEqual({ from: at(0), to: at(1) });
});

it('writes round times, few enough for a phone', () => {
  expect(ticksOf({ from: at(2), to: at(50) })).toEqual([at(10), at(20), at(30), at(40), at(50)]);
  for (const minutes of [1, 3, 17, 59, 61, 200, 1000, 20_000]) {
    const ticks = ticksOf({ from: at(1), to: at(1 + minutes) });
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(ticks.every((tick) => tick >= at(1) && tick <= at(1 + minutes))).toBe(true);
  }
});

it('places what it shows, and nothing outside', () => {
  const frame = { from: at(0), to: at(100) };
  expect(place({ from: at(25), to: at(75) }, frame)).toEqual({ left: '25%', width: '50%' });
  expect(place({ from: at(-50), to: at(10) }, frame)).toEqual({ left: '0%', width: '10%' });
});
