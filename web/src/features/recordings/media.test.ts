import { afterEach, expect, it, vi } from 'vitest';
import { beside, hereAt, stateOfAddress } from './media';

const ADDRESS = '/api/v1/recordings/7/download?token=a.b.c';

afterEach(() => vi.unstubAllGlobals());

it('an address leads to this server', () => {
  expect(hereAt('https://elsewhere.example/api/x?token=1', 'http://127.0.0.1')).toBe('/api/x?token=1');
});

it('what stands beside a file opens by the same token', () => {
  expect(beside(ADDRESS, 'poster')).toBe('/api/v1/recordings/7/poster?token=a.b.c');
  expect(beside(ADDRESS, 'thumbnails')).toBe('/api/v1/recordings/7/thumbnails?token=a.b.c');
});

it.each([
  [206, 'there'],
  [401, 'over'],
  [410, 'over'],
  [404, 'over'],
  [503, 'away'],
] as const)('an address that answers %s is %s', async (status, state) => {
  vi.stubGlobal('fetch', async () => new Response('', { status }));
  expect(await stateOfAddress(ADDRESS)).toBe(state);
});

it('where nothing answers it is away', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('no connection')));
  expect(await stateOfAddress(ADDRESS)).toBe('away');
});
