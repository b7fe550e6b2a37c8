import { expect, it } from 'vitest';
import { words } from './words';

it('tells whom it is about, what was said and what has changed', () => {
  const changes = [{ field: 'title', before: 'A', after: 'B' }];
  expect(words({ kind: 'meeting.changed', data: { changes } })).toEqual({
    about: undefined,
    content: undefined,
    changes: ['title'],
  });
  expect(words({ kind: 'meeting.created', data: { changes } }).changes).toEqual([]);
  expect(words({ kind: 'participant.admitted', data: { about: { id: '1', name: 'Asha' } } }).about).toBe(
    'Asha',
  );
  const missed = { changes: [{ field: 'name', before: null, after: 'Baraka' }] };
  expect(words({ kind: 'presence_check.missed', data: missed }).about).toBe('Baraka');
  const why = [{ field: 'reason', before: null, after: 'She told me' }];
  expect(words({ kind: 'attendance.corrected', data: { changes: why } }).content).toBe('She told me');
  const poll = { content: '', metadata: { question: 'Shall we?' } };
  expect(words({ kind: 'chat.poll', data: poll }).content).toBe('Shall we?');
  expect(words({ kind: 'chat.text', data: { message_id: '1' } }).content).toBeUndefined();
});
