import { Problem } from './problem';
import type { components } from './schema';

type SessionBody = components['schemas']['Session'];

/** Refresh this long before the access token expires. */
const EARLY_MS = 60_000;
const BASE = '/api/v1/auth';

type State = { status: 'unknown' | 'out' } | { status: 'in'; userId: string };

let state: State = { status: 'unknown' };
// The access token lives here and nowhere else: no storage that a script of another origin or a later visitor could read.
let access: { token: string; expires: number } | null = null;
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('baraza-session');

function become(next: State) {
  state = next;
  for (const listener of listeners) listener();
}

/** Who is signed in, for `useSyncExternalStore`. */
export const session = {
  get: () => state,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Takes a session that the server has just given (set-up, login, invitation, refresh). */
export function signIn(body: SessionBody) {
  access = { token: body.access_token, expires: Date.now() + body.expires_in * 1000 };
  if (state.status !== 'in' || state.userId !== body.user.id) become({ status: 'in', userId: body.user.id });
}

function forget() {
  access = null;
  become({ status: 'out' });
}

/** Ends the session here, on the server and in the other tabs. */
export async function signOut() {
  const token = access?.token;
  forget();
  tabs?.postMessage('out');
  await fetch(`${BASE}/logout`, {
    method: 'POST',
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  }).catch(() => undefined);
}

tabs?.addEventListener('message', () => forget());

/**
 * Trades the refresh cookie for a new access token; false when nobody is signed in. One at a time, also
 * across tabs: the cookie rotates, and two tabs that send the same one look like a thief and his victim.
 */
export function refresh(): Promise<boolean> {
  refreshing ??= exclusively(async () => {
    const response = await fetch(`${BASE}/refresh`, { method: 'POST' });
    if (response.ok) {
      signIn((await response.json()) as SessionBody);
      return true;
    }
    // Only a refused cookie signs out. A server that is down or busy says nothing about who we are.
    if (response.status !== 401 && response.status !== 403)
      throw Problem.from(await response.json().catch(() => null), response);
    forget();
    return false;
  }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function exclusively(work: () => Promise<boolean>): Promise<boolean> {
  // Web Locks exist on https and localhost only; without them the tabs are on their own.
  return navigator.locks ? await navigator.locks.request('baraza-refresh', work) : await work();
}

// On a guest's page everything is asked as the guest, whoever is signed in besides.
let guest: string | null = null;

/** Asks as a guest from now on; with `null` as whoever is signed in. */
export function actAsGuest(token: string | null) {
  guest = token;
}

/** A token that is good for at least a moment, or null when nobody is signed in. */
export async function accessToken(): Promise<string | null> {
  if (guest) return guest;
  if (!access || access.expires - Date.now() < EARLY_MS) {
    if (state.status === 'out') return null;
    const fresh = await refresh().catch((error) => {
      // The old token may still serve for the rest of its life.
      if (access && access.expires > Date.now()) return true;
      throw error;
    });
    if (!fresh) return null;
  }
  return access?.token ?? null;
}

/** `fetch` with the access token; a 401 refreshes once and tries again. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const token = await accessToken();
  const again = request.clone();
  const first = await send(request, token);
  if (first.status !== 401 || !token || token === guest) return first;
  // Another call may have refreshed meanwhile; its token is as good.
  if (access?.token === token && !(await refresh())) return first;
  return send(again, access?.token ?? null);
}

function send(request: Request, token: string | null) {
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  return fetch(request);
}
