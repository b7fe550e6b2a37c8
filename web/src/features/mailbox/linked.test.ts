import { expect, it } from 'vitest';
import { linked } from './linked';

it('cuts a text at its addresses, and nothing but web addresses become links', () => {
  expect(linked('Here:\nhttps://a.example/x#y\nBye')).toEqual([
    { key: 0, text: 'Here:\n' },
    { key: 1, text: 'https://a.example/x#y', href: 'https://a.example/x#y' },
    { key: 2, text: '\nBye' },
  ]);
  expect(linked('javascript:alert(1)')).toEqual([{ key: 0, text: 'javascript:alert(1)' }]);
});
