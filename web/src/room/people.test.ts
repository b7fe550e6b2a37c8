import { expect, it } from 'vitest';
import type { Participant } from '../api/types';
import { avatarOf, inOrder, type Present, userIdOf } from './people';

const person = (name: string, known: Partial<Participant> = {}, isLocal = false): Present => ({
  identity: name,
  name,
  isLocal,
  known: { role: 'participant', hand_raised: false, ...known } as Participant,
});

it('puts hands first as they went up, then who leads, then oneself', () => {
  const people = [
    person('Zawadi'),
    person('Me', {}, true),
    person('Asha'),
    person('Host', { role: 'host' }),
    person('Amina', { hand_raised: true, hand_raised_at: '2026-11-02T09:01:00Z' }),
    person('Yusuf', { hand_raised: true, hand_raised_at: '2026-11-02T09:00:00Z' }),
    { identity: 'new', name: 'Neema', isLocal: false },
  ];
  expect(inOrder(people).map(({ name }) => name)).toEqual([
    'Yusuf',
    'Amina',
    'Host',
    'Me',
    'Asha',
    'Neema',
    'Zawadi',
  ]);
});

it('finds the user behind an identity', () => {
  expect(userIdOf('0190#phone')).toBe('0190');
  expect(userIdOf('0190')).toBe('0190');
});

it('reads avatars and survives other metadata', () => {
  expect(avatarOf('{"avatar_url":"/a.png"}')).toBe('/a.png');
  for (const metadata of [undefined, '', 'x', 'null', '{"avatar_url":null}'])
    expect(avatarOf(metadata)).toBeUndefined();
});
