import { describe, expect, it } from 'vitest';
import type { Message } from '../api/types';
import { mergeMessages, readable } from './messages';

const message = (id: string, second: number, extra: Partial<Message> = {}): Message => ({
  id,
  meeting_id: 'm',
  sender: { id: 'u', name: 'U' },
  type: 'text',
  content: id,
  metadata: {},
  created_at: `2026-11-21T10:00:${String(second).padStart(2, '0')}Z`,
  ...extra,
});

const ids = (messages: readonly Message[]) => messages.map(({ id }) => id).join('');

describe('mergeMessages', () => {
  it('puts late history before live messages', () => {
    const live = mergeMessages([], [message('c', 3)]);
    expect(ids(mergeMessages(live, [message('a', 1), message('b', 2), message('c', 3)]))).toBe('abc');
  });

  it('keeps the list itself when nothing is new', () => {
    const list = mergeMessages([], [message('a', 1)]);
    expect(mergeMessages(list, [message('a', 1)])).toBe(list);
    expect(mergeMessages(list, [])).toBe(list);
  });

  it('takes the later word of a changed message', () => {
    const list = mergeMessages([message('a', 1)], [message('a', 1, { content: 'changed' })]);
    expect(list.map(({ content }) => content)).toEqual(['changed']);
  });

  it('orders messages of one instant by id', () => {
    expect(ids(mergeMessages([], [message('b', 1), message('a', 1)]))).toBe('ab');
  });

  it('is the same whatever the order of arrival', () => {
    const all = [message('a', 1), message('b', 2), message('c', 2), message('d', 4)];
    for (let turn = 0; turn < all.length; turn++) {
      const arrival = [...all.slice(turn), ...all.slice(0, turn)];
      expect(ids(arrival.reduce<readonly Message[]>((list, one) => mergeMessages(list, [one]), []))).toBe(
        'abcd',
      );
    }
  });
});

it('shows hands on people, not in the chat', () => {
  const list = [
    message('a', 1),
    message('b', 2, { type: 'hand_raise' }),
    message('c', 3, { type: 'hand_lower' }),
  ];
  expect(ids(readable(list))).toBe('a');
});
