import createClient from 'openapi-fetch';
import { Problem } from './problem';
import type { paths } from './schema';
import { authorizedFetch } from './session';

/** The typed API: paths, bodies and answers come from the server's OpenAPI description. */
export const api = createClient<paths>({ fetch: authorizedFetch });

/** The same for calls that open a session and so have none yet. */
export const publicApi = createClient<paths>();

/** The data of a call, or its problem thrown. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw Problem.from(error, response);
  return data as T;
}

/** All items of a list, page after page. */
export async function allPages<T>(
  load: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return items;
}

/** A header that lets the server recognize a repeated POST and answer as the first time. */
export function idempotent() {
  return { 'Idempotency-Key': randomId() };
}

/** `crypto.randomUUID` is there on https and localhost only. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
