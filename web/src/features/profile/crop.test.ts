import { expect, it } from 'vitest';
import { cropped, WHOLE } from './crop';

it('shows the middle of a picture until told otherwise', () => {
  expect(cropped(300, 100, WHOLE)).toEqual({ left: 100, top: 0, edge: 100 });
  expect(cropped(100, 300, WHOLE)).toEqual({ left: 0, top: 100, edge: 100 });
});

it('never looks past the edges', () => {
  for (const [x, y] of [
    [-1, -1],
    [1, 1],
    [1, -1],
  ] as const) {
    const { left, top, edge } = cropped(300, 100, { zoom: 2, x, y });
    expect(edge).toBe(50);
    expect([left, top]).toEqual([x < 0 ? 0 : 250, y < 0 ? 0 : 50]);
  }
});
