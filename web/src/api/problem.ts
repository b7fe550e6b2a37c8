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
  /** With `CONFLICT`: what is in the way, and what could be taken instead. */
  readonly conflicts: NonNullable<ProblemBody['conflicts']>;
  readonly alternatives: NonNullable<ProblemBody['alternatives']>;
  readonly errors: { pointer: string; code: string; detail: string }[];

  constructor(body: Partial<ProblemBody> & { code: string }, correlationId: string | null = null) {
    super(body.detail ?? body.code);
    this.name = 'Problem';
    this.code = body.code;
    this.status = body.status ?? 0;
    this.detail = body.detail ?? '';
    this.correlationId = body.correlation_id ?? correlationId;
    this.challenge = body.challenge ?? null;
    this.conflicts = body.conflicts ?? [];
    this.alternatives = body.alternatives ?? [];
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

/** Where in a form a pointer leads: `/participants/0` to the list, `/custom_fields/ward` to `custom_fields.ward`. */
export function fieldAt(pointer: string): string {
  const [, field = '', below] = pointer.split('/');
  return below === undefined || /^\d+$/.test(below) ? field : `${field}.${below}`;
}

/**
 * What belongs at a form's fields, in the words that `say` finds. Problems of fields that the form does not have stay
 * with the form.
 */
export function fieldErrors(
  problem: Problem,
  fields: readonly string[],
  say: (fault: Problem['errors'][number]) => string = ({ detail }) => detail,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const fault of problem.errors) {
    const field = fieldAt(fault.pointer);
    if (fields.includes(field.split('.')[0] ?? '') && !found[field]) found[field] = say(fault);
  }
  return found;
}
