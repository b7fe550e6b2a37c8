import { expect, it } from 'vitest';
import { inFront } from './view';

const scene = { present: ['a', 'b', 'c'], spotlight: [], view: 'grid' } as const;

it('shows nobody large in a grid unless somebody is chosen', () => {
  expect(inFront(scene)).toEqual([]);
  expect(inFront({ ...scene, spotlight: ['c', 'gone'] })).toEqual(['c']);
  expect(inFront({ ...scene, spotlight: ['c'], pinned: 'b' })).toEqual(['b']);
  expect(inFront({ ...scene, spotlight: ['c'], pinned: 'gone' })).toEqual(['c']);
});

it('shows who speaks large where one asked for it', () => {
  const speaker = { ...scene, view: 'speaker' } as const;
  expect(inFront(speaker)).toEqual(['a']);
  expect(inFront({ ...speaker, speaker: 'b' })).toEqual(['b']);
  expect(inFront({ ...speaker, speaker: 'gone' })).toEqual(['a']);
  expect(inFront({ ...speaker, speaker: 'b', spotlight: ['c'] })).toEqual(['c']);
  expect(inFront({ ...speaker, present: ['a'] })).toEqual([]);
  expect(inFront({ ...speaker, present: [] })).toEqual([]);
});
