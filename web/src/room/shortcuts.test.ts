import { expect, test } from 'vitest';
import { ariaKeysOf, keysOf, SHORTCUTS, type Shortcut } from './shortcuts';

test('keys are named as they are printed', () => {
  expect(keysOf('microphone', false)).toEqual(['Ctrl', 'D']);
  expect(keysOf('hand', false)).toEqual(['Ctrl', 'Alt', 'H']);
  expect(keysOf('hand', true)).toEqual(['⌘', '⌥', 'H']);
});

test('screen readers are told of both keyboards', () => {
  expect(ariaKeysOf('camera')).toBe('Control+E Meta+E');
  expect(ariaKeysOf('chat')).toBe('Control+Alt+C Meta+Alt+C');
});

test('no two do the same', () => {
  const all = Object.keys(SHORTCUTS) as Shortcut[];
  expect(new Set(all.map(ariaKeysOf)).size).toBe(all.length);
});
