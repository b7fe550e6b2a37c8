import { describe, expect, it } from 'vitest';
import type { Recording } from '../api/types';
import { hasAgreed, heardNow, rememberAgreed, runningOf } from './recording';

const heard = (id: string, seq: number, status: Recording['status'] = 'recording') => ({
  recording: { id, status } as Recording,
  seq,
});

describe('what is heard of recordings', () => {
  it('is the latest word about the newest', () => {
    const one = heard('a', 3);
    expect(heardNow(undefined, one)).toBe(one);
    expect(heardNow(one, heard('a', 2))).toBe(one);
    expect(heardNow(one, heard('a', 5)).seq).toBe(5);
    const next = heard('b', 4);
    expect(heardNow(heard('a', 9), next)).toBe(next);
    expect(heardNow(next, heard('a', 9))).toBe(next);
  });

  it('tells what runs to those who may not list them', () => {
    expect(runningOf(undefined, heard('a', 1))?.id).toBe('a');
    expect(runningOf(undefined, heard('a', 1, 'finalizing'))).toBeUndefined();
    expect(runningOf(undefined, undefined)).toBeUndefined();
  });

  it('gives way to the list', () => {
    const list = [heard('a', 0, 'available'), heard('b', 0, 'starting')].map(({ recording }) => recording);
    expect(runningOf(list, heard('c', 1))?.id).toBe('b');
    expect(runningOf([], heard('c', 1))).toBeUndefined();
  });
});

describe('the notice', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };

  it('is answered once by each person for each recording', () => {
    expect(hasAgreed(store, 'r1', 'amina')).toBe(false);
    rememberAgreed(store, 'r1', 'amina');
    rememberAgreed(store, 'r2', 'amina');
    expect(hasAgreed(store, 'r1', 'amina')).toBe(true);
    expect(hasAgreed(store, 'r1', 'neema')).toBe(false);
    expect(hasAgreed(store, 'r3', 'amina')).toBe(false);
  });
});
