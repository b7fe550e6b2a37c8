import { describe, expect, it } from 'vitest';
import { fieldErrors, Problem } from './problem';

describe('Problem', () => {
  it('keeps what the server says', () => {
    const body = { code: 'LAST_ADMIN', status: 409, detail: 'One must stay.', correlation_id: 'c1' };
    const problem = Problem.from(body, new Response(null, { status: 409 }));
    expect(problem).toMatchObject({
      code: 'LAST_ADMIN',
      status: 409,
      detail: 'One must stay.',
      correlationId: 'c1',
    });
  });

  it('makes do with a status where no problem came', () => {
    const response = new Response(null, { status: 502, headers: { 'X-Correlation-Id': 'c2' } });
    expect(Problem.from('<html>', response)).toMatchObject({
      code: 'HTTP_502',
      status: 502,
      correlationId: 'c2',
    });
  });

  it('calls a failed fetch what it is', () => {
    expect(Problem.of(new TypeError('Failed to fetch')).code).toBe('UNREACHABLE');
    expect(Problem.of(new Error('odd'))).toMatchObject({ code: 'UNEXPECTED', detail: 'odd' });
  });
});

it('puts errors at the fields of the form, the first of each', () => {
  const errors = [
    { pointer: '/title', code: 'TOO_LONG', detail: 'Too long.' },
    { pointer: '/participants/0', code: 'NOT_A_MEMBER', detail: 'No member.' },
    { pointer: '/participants/1', code: 'NOT_A_MEMBER', detail: 'No member either.' },
    { pointer: '/elsewhere', code: 'X', detail: 'Not ours.' },
  ];
  expect(fieldErrors(new Problem({ code: 'VALIDATION_FAILED', errors }), ['title', 'participants'])).toEqual({
    title: 'Too long.',
    participants: 'No member.',
  });
});
