import { expect, test } from 'vitest';
import { hashOf, verdictOf } from './proof';

test('a file has the hash that everybody else gives it', async () => {
  const hash = await hashOf(new Blob(['abc']));
  expect(hash).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('what was not issued here is unknown', () => {
  const unknown = { genuine: false, matches: null, ledger: null, issued_at: null };
  expect(verdictOf(unknown)).toBe('unknown');
  expect(verdictOf({ ...unknown, genuine: true, ledger: 'changed' })).toBe('changed');
});
