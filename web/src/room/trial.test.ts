import { expect, it } from 'vitest';
import { adviceOf } from './trial';

it('says what to do about what was found', () => {
  expect(adviceOf({})).toBeUndefined();
  expect(adviceOf({ websocket: true, udp: true })).toBeUndefined();
  expect(adviceOf({ websocket: false })).toBe('noServer');
  expect(adviceOf({ websocket: true, udp: true, tcp: false })).toBe('good');
  expect(adviceOf({ websocket: true, udp: false, tcp: true })).toBe('slow');
  expect(adviceOf({ websocket: true, udp: false, tcp: false })).toBe('noMedia');
});
