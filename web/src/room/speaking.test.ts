import { expect, it } from 'vitest';
import { toTell } from './speaking';

const NOW = 10_000_000;
/** Stretches by seconds before now. */
const ago = (...seconds: [number, number][]) =>
  seconds.map(([from, to]) => ({ from: NOW - from * 1000, to: NOW - to * 1000 }));

it('merges over pauses of less than two seconds and drops what is shorter than half a second', () => {
  const heard = ago([60, 58], [56.1, 55], [50, 48], [46, 45], [40, 39.6], [30, 29.5]);
  expect(toTell(heard, null, NOW)).toEqual({
    tell: ago([60, 55], [50, 48], [46, 45], [30, 29.5]),
    keep: [],
  });
});

it('takes them in any order, also where they overlap', () => {
  expect(toTell(ago([20, 18], [30, 19], [25, 24]), null, NOW).tell).toEqual(ago([30, 18]));
});

it('waits for the end of what may go on', () => {
  expect(toTell(ago([60, 55], [5, 1]), null, NOW)).toEqual({ tell: ago([60, 55]), keep: ago([5, 1]) });
  expect(toTell(ago([60, 55], [5, 4]), NOW - 3_000, NOW)).toEqual({
    tell: ago([60, 55]),
    keep: ago([5, 0]),
  });
  // What waited goes on where it stopped.
  expect(toTell(ago([5, 0]), NOW - 3_000, NOW + 1_000).keep).toEqual([
    { from: NOW - 5_000, to: NOW + 1_000 },
  ]);
  expect(toTell(ago([5, 2]), null, NOW).tell).toEqual(ago([5, 2]));
});

it('keeps a beginning that is still too short to count', () => {
  expect(toTell(ago([0.3, 0.1]), null, NOW)).toEqual({ tell: [], keep: ago([0.3, 0.1]) });
});

it('tells of whoever speaks on and on, and of everything when the page goes', () => {
  expect(toTell([], NOW - 299_000, NOW).tell).toEqual([]);
  expect(toTell([], NOW - 300_000, NOW)).toEqual({ tell: ago([300, 0]), keep: [] });
  expect(toTell(ago([5, 4]), NOW - 3_000, NOW, true)).toEqual({ tell: ago([5, 0]), keep: [] });
  expect(toTell(ago([0.3, 0]), null, NOW, true)).toEqual({ tell: [], keep: [] });
});

it('tells no more at once than the server takes, and nothing that it would refuse', () => {
  const many = ago(
    ...Array.from({ length: 250 }, (_, index): [number, number] => [800 - index * 3, 799 - index * 3]),
  );
  const { tell, keep } = toTell(many, null, NOW);
  expect([tell.length, keep.length]).toEqual([200, 50]);
  expect(toTell(ago([900, 890], [841, 839]), null, NOW)).toEqual({ tell: [], keep: [] });
});
