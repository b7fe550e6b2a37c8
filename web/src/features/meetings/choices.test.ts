import { describe, expect, it } from 'vitest';
import type { Meeting, MeetingAction } from '../../api/types';
import { choicesOf, wordsOf } from './choices';

const meeting = (id: string, title: string, actions: MeetingAction[]) =>
  ({ id, title, scheduled_start: `2026-11-0${id}T09:00:00Z`, my: { can: actions } }) as Meeting;

describe('the meetings that are offered', () => {
  it('are those with which one may do it, in their order', () => {
    const found = choicesOf(
      [
        meeting('3', 'Harvest', ['share_recordings', 'change']),
        meeting('2', 'Loans', ['join', 'see_participants']),
        meeting('1', 'Roads', ['share_recordings']),
      ],
      'share_recordings',
    );
    expect(found).toEqual([
      { value: '3', label: 'Harvest', begins: '2026-11-03T09:00:00Z' },
      { value: '1', label: 'Roads', begins: '2026-11-01T09:00:00Z' },
    ]);
  });

  it('stay apart where they are called the same', () => {
    const same = [meeting('2', 'Weekly', ['share_recordings']), meeting('1', 'Weekly', ['share_recordings'])];
    expect(choicesOf(same, 'share_recordings').map(({ value }) => value)).toEqual(['2', '1']);
  });
});

describe('the words that are looked for', () => {
  it.each([
    ['', undefined, ''],
    ['  harvest ', undefined, 'harvest'],
    ['Harvest', 'Harvest', ''],
    ['Harve', 'Harvest', 'Harve'],
  ])('while %j stands there and %j is chosen are %j', (typed, label, words) => {
    expect(wordsOf(typed, label === undefined ? undefined : { label })).toBe(words);
  });
});
