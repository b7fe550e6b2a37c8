import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const ORIGIN = 'http://baraza.test';

/** A server that knows one refresh cookie at a time, as ours does: an old one ends the session. */
function server() {
  const state = { refreshes: 0, valid: '', away: false, refuse: false, seen: [] as (string | null)[] };
  vi.stubGlobal('fetch', async (input: string | Request) => {
    const url = typeof input === 'string' ? input : input.url;
    if (url.endsWith('/auth/refresh')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (state.away) return Response.json({ code: 'DATABASE_AWAY' }, { status: 503 });
      if (state.refuse) return Response.json({ code: 'SESSION_ENDED' }, { status: 401 });
      state.valid = `token-${++state.refreshes}`;
      return Response.json({
        access_token: state.valid,
        token_type: 'Bearer',
        expires_in: 900,
        user: { id: 'u1' },
      });
    }
    if (url.endsWith('/auth/logout')) return new Response(null, { status: 204 });
    const token = (input as Request).headers.get('authorization');
    state.seen.push(token);
    const body = await (input as Request).text();
    return token === `Bearer ${state.valid}` ? Response.json({ body }) : Response.json({}, { status: 401 });
  });
  return state;
}

const call = (body = 'x') => new Request(`${ORIGIN}/api/v1/things`, { method: 'POST', body });

let module: typeof import('./session');

beforeEach(async () => {
  vi.resetModules();
  vi.stubGlobal('BroadcastChannel', undefined);
  vi.stubGlobal('navigator', {});
  module = await import('./session');
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('session', () => {
  it('refreshes once for many calls', async () => {
    const { seen } = server();
    await Promise.all([module.authorizedFetch(call()), module.authorizedFetch(call()), module.refresh()]);
    expect(seen).toEqual(['Bearer token-1', 'Bearer token-1']);
    expect(module.session.get()).toEqual({ status: 'in', userId: 'u1' });
  });

  it('tries a refused call again with a new token and the same body', async () => {
    const state = server();
    await module.refresh();
    state.valid = 'revoked';
    const response = await module.authorizedFetch(call('the body'));
    expect(await response.json()).toEqual({ body: 'the body' });
    expect(state.refreshes).toBe(2);
  });

  it('refreshes shortly before the token expires', async () => {
    const state = server();
    vi.useFakeTimers({ toFake: ['Date'] });
    await module.refresh();
    vi.setSystemTime(Date.now() + 800_000);
    await module.authorizedFetch(call());
    expect(state.refreshes).toBe(1);
    vi.setSystemTime(Date.now() + 60_000);
    await module.authorizedFetch(call());
    expect(state.refreshes).toBe(2);
  });

  it('signs out when the cookie is refused', async () => {
    const state = server();
    state.refuse = true;
    expect(await module.refresh()).toBe(false);
    expect(module.session.get()).toEqual({ status: 'out' });
  });

  it('stays signed in while the server is away', async () => {
    const state = server();
    await module.refresh();
    state.away = true;
    await expect(module.refresh()).rejects.toMatchObject({ code: 'DATABASE_AWAY' });
    expect(module.session.get().status).toBe('in');
  });

  it('asks under a lock that all tabs share', async () => {
    server();
    const held: string[] = [];
    vi.stubGlobal('navigator', {
      locks: {
        request: (name: string, work: () => unknown) => {
          held.push(name);
          return work();
        },
      },
    });
    await module.refresh();
    expect(held).toEqual(['baraza-refresh']);
  });

  it('forgets the token on signing out', async () => {
    const state = server();
    await module.refresh();
    await module.signOut();
    expect(module.session.get()).toEqual({ status: 'out' });
    await module.authorizedFetch(call());
    expect(state.seen).toEqual([null]);
  });
});
