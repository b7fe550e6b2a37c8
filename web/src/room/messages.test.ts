import { describe, expect, it } from 'vitest';
import type { Message } from '../api/types';
import { mergeMessages, readable, unreadOf } from './messages';

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

  it('keeps what was taken back as it is, whatever comes late', () => {
    const edited = message('a', 1, { content: 'edited', edited_at: '2026-11-21T10:01:00Z' });
    const deleted = { ...edited, content: '', deleted_at: '2026-11-21T10:02:00Z' };
    const list = mergeMessages([], [deleted]);
    expect(mergeMessages(list, [message('a', 1)])).toBe(list);
    expect(mergeMessages(list, [edited])).toBe(list);
    expect(mergeMessages([edited], [deleted])).toEqual([deleted]);
  });

  it('adds to ten thousand in a moment', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      message(String(index).padStart(5, '0'), 0, { created_at: new Date(index * 1000).toISOString() }),
    );
    const begin = performance.now();
    const next = mergeMessages(many, [message('x', 59)]);
    expect(next.at(-1)?.id).toBe('x');
    expect(performance.now() - begin).toBeLessThan(50);
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

describe('unreadOf', () => {
  const messages = [
    message('a', 1),
    message('b', 2, { sender: { id: 'me', name: 'Me' } }),
    message('c', 3, { mentions: [{ id: 'me', name: 'Me' }] }),
    message('d', 4, { type: 'hand_raise' }),
    message('e', 5, { deleted_at: '2026-11-21T10:01:00Z' }),
    message('f', 6, { type: 'poll' }),
  ];
  const all = { messages, older: undefined };
  const mark = (message_id: string | null, unread = 0) => ({ message_id, unread, mentions: 0 });

  it('counts what others have said since', () => {
    expect(unreadOf(all, mark('a'), 'me')).toEqual({ count: 2, mentions: 1 });
    expect(unreadOf(all, mark('f'), 'me')).toEqual({ count: 0, mentions: 0 });
    expect(unreadOf(all, mark(null), 'me').count).toBe(3);
  });

  it('believes the server where it knows more', () => {
    const part = { messages, older: 'cursor' };
    expect(unreadOf(part, mark('long ago', 950), 'me').count).toBe(950);
    expect(unreadOf(part, mark('long ago', 1), 'me').count).toBe(3);
    expect(unreadOf(part, mark('c', 950), 'me').count).toBe(1);
  });
});
