import { expect, it } from 'vitest';
import { seating } from './seating';

const seats = (before: string, present: string, speaking = '', firstPage = 3) =>
  seating([...before], [...present], [...speaking], firstPage).join('');

it('keeps everybody where they sit', () => {
  expect(seats('', 'abc')).toBe('abc');
  expect(seats('bca', 'abcd')).toBe('bcad');
  expect(seats('abcd', 'acd')).toBe('acd');
});

it('brings who speaks to the first page', () => {
  expect(seats('abcde', 'abcde', 'e')).toBe('abedc');
  expect(seats('abcde', 'abcde', 'ce')).toBe('aecdb');
  expect(seats('abcde', 'abcde', 'b')).toBe('abcde');
});

it('leaves the first page alone when all there speak', () => {
  expect(seats('abcde', 'abcde', 'abce')).toBe('abcde');
});

it('answers the same list when nothing changes', () => {
  const before = ['a', 'b'];
  expect(seating(before, ['b', 'a'], [], 1)).toBe(before);
});
