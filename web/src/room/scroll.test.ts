import { describe, expect, it } from 'vitest';
import { around, downwards, held, type Part, placesOf, upwards } from './scroll';

const rows = (count: number) => Array.from({ length: count }, (_, index) => `r${index}`);

describe('the drawn part of a list', () => {
  it('is all of a short one', () => {
    expect(placesOf('end', rows(3))).toEqual({ from: 0, to: 3 });
    expect(placesOf('end', [])).toEqual({ from: 0, to: 0 });
    expect(upwards('end', rows(3))).toBe('end');
    expect(held('end', [])).toBe('end');
  });

  it('walks a long one from end to beginning and back, always with rows in common', () => {
    const ids = rows(1000);
    let part: Part = 'end';
    let places = placesOf(part, ids);
    expect(places).toEqual({ from: 880, to: 1000 });
    for (let turn = 0; turn < 22; turn++) {
      part = upwards(part, ids);
      const next = placesOf(part, ids);
      expect(next.to).toBeGreaterThan(places.from);
      expect(next.to - next.from).toBe(120);
      places = next;
    }
    expect(places.from).toBe(0);
    expect(upwards(part, ids)).toEqual({ first: 'r0' });
    for (let turn = 0; turn < 22; turn++) part = downwards(part, ids);
    expect(part).toBe('end');
  });

  it('stays where it is held while rows come before and behind', () => {
    const part = held('end', rows(200));
    expect(part).toEqual({ first: 'r80' });
    expect(placesOf(part, [...rows(200), 'new'])).toEqual({ from: 80, to: 200 });
    expect(placesOf(part, ['older', ...rows(200)])).toEqual({ from: 81, to: 201 });
    expect(placesOf({ first: 'gone' }, rows(200)).to).toBe(200);
  });

  it('has a row in its middle', () => {
    const ids = rows(1000);
    const { from, to } = placesOf(around('r500', ids), ids);
    expect(from).toBe(440);
    expect(to).toBe(560);
    expect(around('r999', ids)).toBe('end');
    expect(around('r1', ids)).toEqual({ first: 'r0' });
  });
});
