import { describe, expect, it } from 'vitest';
import type { TranscriptSegment } from '../../api/types';
import { around, keepCaptions, lineAt, linesWith, readCaptions } from './lines';

const line = (starts_ms: number, text: string, name: string | null = null): TranscriptSegment => ({
  starts_ms,
  ends_ms: starts_ms + 900,
  text,
  name,
  user_id: null,
  guest_id: null,
});
const LINES = [
  line(1000, 'Karibuni wote.', 'Amina'),
  line(4000, 'Asante.'),
  line(4000, 'Ndiyo.'),
  line(9000, 'Twende.'),
];

describe('the line of a moment', () => {
  it.each([
    [0, -1],
    [0.8, 0],
    [3.5, 0],
    [4, 2],
    [8.9, 3],
    [600, 3],
  ])('at %s s is %s', (at, number) => {
    expect(lineAt(LINES, at)).toBe(number);
  });

  it('is none where nothing is said', () => {
    expect(lineAt([], 5)).toBe(-1);
  });
});

describe('looking for words', () => {
  it.each([
    ['', [0, 1, 2, 3]],
    ['  ', [0, 1, 2, 3]],
    ['ASANTE', [1]],
    ['amina', [0]],
    ['zzz', []],
  ])('%j finds %j', (wanted, numbers) => {
    expect(linesWith(LINES, wanted, 'sw').map(({ number }) => number)).toEqual(numbers);
  });
});

it('a long line is shown from shortly before the words', () => {
  const long = `${'mwanzo '.repeat(30)}mavuno ${'mwisho '.repeat(30)}`;
  expect(around(long, ['MAVUNO'])).toMatch(/^…mwanzo .{30,80}mavuno mwisho/);
  expect(around('mavuno mema', ['mavuno'])).toBe('mavuno mema');
  expect(around(long, ['zzz'])).toBe(long);
});

it('whether captions are wanted is remembered', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  expect(readCaptions(store)).toBe(false);
  keepCaptions(store, true);
  expect(readCaptions(store)).toBe(true);
  keepCaptions(store, false);
  expect(readCaptions(store)).toBe(false);
});
