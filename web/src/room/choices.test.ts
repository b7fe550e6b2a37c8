import { expect, it } from 'vitest';
import { changeChoices, choicesAt, readChoices, writeChoices } from './choices';

it('remembers, and starts afresh from nonsense', () => {
  let stored: string | null = null;
  const storage = {
    getItem: () => stored,
    setItem: (_: string, value: string) => {
      stored = value;
    },
  };
  expect(readChoices(storage)).toEqual({ microphone: true, camera: true });
  writeChoices(storage, { microphone: false, camera: true, videoinput: 'front' });
  expect(readChoices(storage)).toEqual({ microphone: false, camera: true, videoinput: 'front' });
  changeChoices(storage, { camera: false });
  expect(readChoices(storage)).toEqual({ microphone: false, camera: false, videoinput: 'front' });
  for (const nonsense of ['{', 'null', '3']) {
    stored = nonsense;
    expect(readChoices(storage)).toEqual({ microphone: true, camera: true });
  }
});

it('begins silent and dark on a second device', () => {
  const choices = { microphone: true, camera: true, audioinput: 'desk' };
  expect(choicesAt('first', choices)).toEqual(choices);
  expect(choicesAt('beside', choices)).toEqual({ microphone: false, camera: false, audioinput: 'desk' });
});
