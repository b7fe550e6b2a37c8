import { describe, expect, it } from 'vitest';
import {
  type Chapter,
  clock,
  currentChapter,
  keepPlace,
  moveOf,
  readPlace,
  stepSpeed,
  tileAt,
} from './playing';

const CHAPTERS = [0, 12.5, 60].map(
  (at_seconds): Chapter => ({ at_seconds, kind: 'speaker', title: 'Amina' }),
);

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

describe('chapters', () => {
  it.each([
    [0, 0],
    [12.3, 1],
    [12, 0],
    [59, 1],
    [1000, 2],
  ])('at %s s the one with number %s plays', (at, index) => {
    expect(currentChapter(CHAPTERS, at)).toBe(index);
  });

  it('none plays before the first', () => {
    expect(currentChapter(CHAPTERS.slice(1), 3)).toBe(-1);
    expect(currentChapter([], 3)).toBe(-1);
  });

  it.each([
    [-1, '0:00'],
    [7.9, '0:07'],
    [725, '12:05'],
    [3723, '1:02:03'],
  ])('%s s are written %s', (seconds, words) => {
    expect(clock(seconds)).toBe(words);
  });
});

describe('the small picture of a moment', () => {
  it.each([
    ['the first', 0, 95, 0, 0],
    ['one every ten seconds', 39.9, 95, 4, 0],
    ['the one before, where that is nearer', 34.9, 95, 3, 0],
    ['the last, which begins before the end', 95, 95, 9, 0],
    ['the only one', 7, 7, 0, 0],
    ['in the second row', 124, 300, 2, 1],
    ['of an hour', 1800, 3600, 0, 5],
    ['the hundredth and last', 3600, 3600, 9, 9],
    ['where nothing is known of the length', 12, 0, 0, 0],
  ])('%s', (_, at, length, column, row) => {
    expect(tileAt(at, length)).toEqual({ column, row });
  });
});

describe('keys', () => {
  it('are the same large and small', () => {
    expect(moveOf('J')).toEqual({ does: 'seek', by: -10 });
    expect(moveOf('l')).toEqual({ does: 'seek', by: 10 });
    expect(moveOf('K')).toEqual(moveOf(' '));
    expect(moveOf('ArrowRight')).toEqual({ does: 'seek', by: 5 });
    expect(moveOf('x')).toBeUndefined();
  });

  it('make it faster and slower, within what there is', () => {
    expect(stepSpeed(1, 1)).toBe(1.25);
    expect(stepSpeed(1, -1)).toBe(0.75);
    expect(stepSpeed(2, 1)).toBe(2);
    expect(stepSpeed(0.5, -1)).toBe(0.5);
    expect(stepSpeed(3, -1)).toBe(1.75);
  });
});

describe('the place in a recording', () => {
  it('is kept for each', () => {
    const store = memory();
    keepPlace(store, 'a', 61.7, 600);
    keepPlace(store, 'b', 30, 600);
    expect([readPlace(store, 'a'), readPlace(store, 'b'), readPlace(store, 'c')]).toEqual([61, 30, 0]);
  });

  it('is forgotten by whoever is through, or has hardly begun', () => {
    const store = memory();
    for (const at of [595, 3]) {
      keepPlace(store, 'a', 300, 600);
      keepPlace(store, 'a', at, 600);
      expect(readPlace(store, 'a')).toBe(0);
    }
  });

  it('is kept where the length is not known', () => {
    const store = memory();
    keepPlace(store, 'a', 300, Number.NaN);
    expect(readPlace(store, 'a')).toBe(300);
  });

  it('does not grow without end, and survives what somebody else wrote', () => {
    const store = memory();
    for (let index = 0; index < 60; index += 1) keepPlace(store, `r${index}`, 100, 600);
    expect([readPlace(store, 'r59'), readPlace(store, 'r9')]).toEqual([100, 0]);
    store.setItem('baraza.places', '{"a": 1');
    expect(readPlace(store, 'r59')).toBe(0);
  });
});
