import { expect, it } from 'vitest';
import { fullness } from './usage';

it.each([
  [0, 100, { share: 0, state: 'fine' }],
  [79, 100, { share: 0.79, state: 'fine' }],
  [80, 100, { share: 0.8, state: 'nearly' }],
  [100, 100, { share: 1, state: 'full' }],
  [150, 100, { share: 1, state: 'full' }],
  [150, null, null],
  [150, undefined, null],
])('%s of %s is %o', (bytes, quota, found) => {
  expect(fullness(bytes, quota)).toEqual(found);
});
