import { describe, expect, it } from 'vitest';
import { readEvent, readPacket } from './events';

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
