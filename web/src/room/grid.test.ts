import { expect, it } from 'vitest';
import { bestGrid } from './grid';

it.each([
  [1, 1600, 900, 1],
  [2, 1600, 900, 2],
  [2, 400, 800, 1],
  [4, 1600, 900, 2],
  [9, 1600, 900, 3],
  [6, 400, 800, 2],
])('%i tiles in %i x %i stand in %i columns', (count, width, height, columns) => {
  expect(bestGrid(count, { width, height }).columns).toBe(columns);
});

it('always fits', () => {
  for (let count = 1; count <= 30; count++) {
    for (const [width, height] of [
      [1280, 600],
      [360, 640],
      [700, 700],
    ] as const) {
      const grid = bestGrid(count, { width, height });
      const rows = Math.ceil(count / grid.columns);
      expect(grid.columns * grid.width + 8 * (grid.columns - 1)).toBeLessThanOrEqual(width);
      expect(rows * grid.height + 8 * (rows - 1)).toBeLessThanOrEqual(height);
    }
  }
});

it('is empty where there is no space', () => {
  expect(bestGrid(3, { width: 0, height: 0 }).width).toBe(0);
});
