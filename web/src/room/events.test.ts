import { describe, expect, it } from 'vitest';
import { type MeetingEvent, newsFilter, readEvent, readPacket } from './events';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const removed = { event: 'participant.removed', data: { user_id: 'u1' } };

describe('packets', () => {
  it('takes what the server sends', () => {
    expect(readPacket(bytes(removed), undefined, 'baraza')).toEqual(removed);
    expect(readPacket(bytes(removed), '', 'baraza')).toEqual(removed);
  });

  it('takes nothing from a participant', () => {
    expect(readPacket(bytes(removed), 'u2', 'baraza')).toBeNull();
  });

  it('takes nothing from another topic', () => {
    expect(readPacket(bytes(removed), undefined, 'lk.chat')).toBeNull();
    expect(readPacket(bytes(removed), undefined, undefined)).toBeNull();
  });

  it.each([
    '',
    'null',
    '7',
    '{"event":"chat.message"}',
    '{"event":"unheard.of","data":{}}',
    '{"event":1,"data":{}}',
  ])('leaves %j alone', (json) => {
    expect(readEvent(json)).toBeNull();
  });
});

describe('news', () => {
  const hand = (seq: number, id: string) =>
    ({ event: 'participant.updated', data: { user: { id } }, seq }) as MeetingEvent;

  it('takes each event once, whichever way it came', () => {
    const isNews = newsFilter();
    expect([hand(1, 'a'), hand(1, 'a'), hand(2, 'a'), hand(1, 'a')].map(isNews)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('takes a late event about somebody else', () => {
    const isNews = newsFilter();
    expect([hand(3, 'a'), hand(2, 'b')].map(isNews)).toEqual([true, true]);
  });

  it('lets nobody come back who was removed later', () => {
    const isNews = newsFilter();
    const gone = { event: 'participant.removed', data: { user_id: 'a' }, seq: 5 } as MeetingEvent;
    expect([gone, hand(4, 'a')].map(isNews)).toEqual([true, false]);
  });

  it('still takes the whole of what was too large for a packet', () => {
    const isNews = newsFilter();
    const part = { event: 'chat.message', data: { id: 'm' }, seq: 6, truncated: true } as MeetingEvent;
    const whole = { event: 'chat.message', data: { id: 'm', content: 'long' }, seq: 6 } as MeetingEvent;
    expect([part, whole, whole].map(isNews)).toEqual([true, true, false]);
  });
});
