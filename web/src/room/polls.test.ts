import { describe, expect, it } from 'vitest';
import type { Message } from '../api/types';
import { mayVote, pollsOf, readPoll, shares, updatePoll } from './polls';

const message = (id: string, metadata: object, extra: Partial<Message> = {}): Message => ({
  id,
  meeting_id: 'm',
  sender: { id: 'u', name: 'U' },
  type: 'poll',
  content: '',
  metadata: metadata as Message['metadata'],
  created_at: '2026-11-21T10:00:00Z',
  ...extra,
});

const asked = { question: 'Tea?', options: ['yes', 'no'] };
const poll = (metadata: object = {}, extra: Partial<Message> = {}) => {
  const read = readPoll(message('a', { ...asked, ...metadata }, extra));
  if (!read) throw new Error('no poll');
  return read;
};

describe('readPoll', () => {
  it('is an open poll with nobody in it when nothing else is said', () => {
    expect(poll()).toMatchObject({ closed: false, secret: false, multiple: false, voted: 0 });
    expect(poll().majority).toBe('plurality');
  });

  it('knows polls from other messages, the newest first', () => {
    const list = [message('a', asked), message('b', {}, { type: 'text' }), message('c', asked)];
    expect(pollsOf(list).map(({ id }) => id)).toEqual(['c', 'a']);
  });
});

describe('shares', () => {
  it('measures against those who voted, not against the choices', () => {
    expect(shares(poll({ multiple: true, voted: 4, results: { counts: [4, 2] } }))).toEqual([1, 0.5]);
  });

  it('goes by weight where votes have weights', () => {
    const weighted = { voted: 3, results: { counts: [1, 2], weights: [5, 2], cast_weight: 10 } };
    expect(shares(poll(weighted))).toEqual([0.5, 0.2]);
  });

  it('is nothing without results or voters', () => {
    expect(shares(poll())).toEqual([]);
    expect(shares(poll({ voted: 0, results: { counts: [0, 0] } }))).toEqual([0, 0]);
  });
});

it('lets people vote again until it is closed, but once in secret', () => {
  expect(mayVote(poll())).toBe(true);
  expect(mayVote(poll({}, { my_vote: { choices: [0] } }))).toBe(true);
  expect(mayVote(poll({ secret: true }))).toBe(true);
  expect(mayVote(poll({ secret: true }, { my_vote: { choices: null } }))).toBe(false);
  expect(mayVote(poll({ closed: true }))).toBe(false);
});

it('keeps the own vote through news, and what is closed closed', () => {
  const mine = { my_vote: { choices: [1] } };
  const list = [message('a', asked, mine), message('b', asked)];
  const news = (metadata: object) => ({ id: 'a', metadata: metadata as Message['metadata'] });
  const voted = updatePoll(list, news({ ...asked, voted: 1 }));
  expect(voted[0]).toMatchObject({ metadata: { voted: 1 }, ...mine });
  expect(voted[1]).toBe(list[1]);
  const closed = updatePoll(voted, news({ ...asked, voted: 2, closed: true }));
  expect(updatePoll(closed, news({ ...asked, voted: 1, closed: false }))[0]?.metadata).toMatchObject({
    voted: 2,
  });
});
