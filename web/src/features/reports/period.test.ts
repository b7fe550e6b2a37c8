import { expect, it } from 'vitest';
import { span } from './period';

it('goes back from the end of the hour', () => {
  const now = new Date('2026-12-01T09:20:00Z');
  expect(span('month', now)).toEqual({ from: '2026-11-01T10:00:00.000Z', to: '2026-12-01T10:00:00.000Z' });
  expect(span('year', now).from).toBe('2025-12-01T10:00:00.000Z');
});
