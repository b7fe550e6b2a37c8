import type { components } from './schema';

/** What the server answers when a call fails (RFC 9457). */
export type ProblemBody = components['schemas']['Problem'];

/** A failed call. `code` is stable; `detail` is a sentence a person can read. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly correlationId: string | null;
  /** With `SECOND_FACTOR_REQUIRED`: what to send with the code. */
  readonly challenge: string | null;
  readonly errors: { pointer: string; code: string; detail: string }[];

  constructor(body: Partial<ProblemBody> & { code: string }, correlationId: string | null = null) {
    super(body.detail ?? body.code);
    this.name = 'Problem';
    this.code = body.code;
    this.status = body.status ?? 0;
    this.detail = body.detail ?? '';
    this.correlationId = body.correlation_id ?? correlationId;
    this.challenge = body.challenge ?? null;
    this.errors = (body.errors ?? []) as Problem['errors'];
  }

  /** The problem in an answer's body, or one that names only its status. */
  static from(body: unknown, response: Response): Problem {
    const correlationId = response.headers.get('x-correlation-id');
    const known = typeof body === 'object' && body !== null && 'code' in body;
    return known
      ? new Problem({ ...(body as ProblemBody), status: response.status }, correlationId)
      : new Problem({ code: `HTTP_${response.status}`, status: response.status }, correlationId);
  }

  /** Any thrown value as a problem: a failed fetch means the server could not be reached. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof TypeError) return new Problem({ code: 'UNREACHABLE' });
    return new Problem({
      code: 'UNEXPECTED',
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}

/**
 * What belongs at a form's fields: pointers such as `/participants/0` go to the field of their first
 * segment. Problems of fields that the form does not have stay with the form.
 */
export function fieldErrors(problem: Problem, fields: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { pointer, detail } of problem.errors) {
    const field = pointer.split('/')[1] ?? '';
    if (fields.includes(field) && !found[field]) found[field] = detail;
  }
  return found;
}
