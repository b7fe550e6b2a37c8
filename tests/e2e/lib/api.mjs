// The REST API as a person uses it.

import { until } from './until.mjs';

/** What the API answered when it refused. */
export class Refusal extends Error {
  constructor(method, path, status, problem) {
    super(`${method} ${path}: ${status} ${problem?.code ?? ''} ${problem?.detail ?? ''}`.trim());
    this.status = status;
    this.code = problem?.code;
    this.problem = problem;
  }
}

/** One person, or nobody yet. */
export class Api {
  constructor(url, session) {
    this.url = url;
    this.session = session;
  }

  get userId() {
    return this.session.user.id;
  }

  /** Any call; answers the body. */
  async call(method, path, body, headers = {}) {
    const response = await this.raw(method, path, body, headers);
    const text = await response.text();
    const json = text && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined;
    if (!response.ok) throw new Refusal(method, path, response.status, json ?? { detail: text });
    return json;
  }

  raw(method, path, body, headers = {}) {
    return fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.session && { authorization: `Bearer ${this.session.access_token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
  }

  get = (path) => this.call('GET', path);
  post = (path, body = {}, headers) => this.call('POST', path, body, headers);
  patch = (path, body, headers) => this.call('PATCH', path, body, headers);

  /** Comes by a guest link, and asks to be let in. */
  async enter(link, name) {
    const door = `/guest/${link.split('/').at(-1)}/join`;
    const { access_token, guest, status } = await this.post(door, { name });
    return Object.assign(new Api(this.url, { access_token, user: guest, door }), { status });
  }

  /** Asks to be let in; whoever came by a link comes back as who they were. */
  join = (meeting) => this.post(this.session.door ?? `/meetings/${meeting}/join`);

  async login(email, password) {
    return new Api(this.url, await this.post('/auth/login', { email, password }));
  }

  /** All items of a list, page by page. */
  async all(path) {
    const items = [];
    let cursor;
    do {
      const query = cursor ? `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : '';
      const page = await this.get(path + query);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }
}

const PASSWORD = 'a long enough password';
/** So many members are made at the same time. */
const AT_ONCE = 4;

/** A set-up platform: its administrator, its organization, and as many members as wanted. */
export class Council {
  static async found(up, { name = 'Council', members = 0 } = {}) {
    const council = new Council();
    const nobody = new Api(up.url);
    const session = await nobody.post('/auth/setup', {
      setup_token: up.setup_token,
      email: 'host@example.org',
      password: PASSWORD,
      name: 'Host',
      organization_name: name,
    });
    council.host = new Api(up.url, session);
    const [membership] = (await council.host.get('/me')).memberships;
    council.id = membership.organization.id;
    council.members = [];
    while (council.members.length < members) {
      const next = Array.from({ length: members }, (_, index) => `Member ${index + 1}`).slice(council.members.length).slice(0, AT_ONCE);
      council.members.push(...(await Promise.all(next.map((one) => council.add(one)))));
    }
    return council;
  }

  /** A new member who can sign in at once. */
  async add(name, role = 'member', email = `${name.toLowerCase().replaceAll(' ', '.')}@example.org`) {
    await this.host.post(`/organizations/${this.id}/members`, { email, name, role, password: PASSWORD });
    return new Api(this.host.url).login(email, PASSWORD);
  }

  /** A meeting that has begun, with all members invited. */
  async meet(more = {}) {
    const meeting = await this.host.post(`/organizations/${this.id}/meetings/instant`, { title: 'Sitting', ...more });
    const user_ids = this.members.map((member) => member.userId);
    if (user_ids.length > 0) await this.host.post(`/meetings/${meeting.id}/invite`, { user_ids });
    return meeting;
  }

  /** A meeting from now on for an hour. */
  schedule(more = {}) {
    const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    return this.host.post(`/organizations/${this.id}/meetings`, {
      title: 'Sitting',
      scheduled_start: at(0),
      scheduled_end: at(60),
      timezone: 'Africa/Nairobi',
      meeting_type: 'video',
      participants: this.members.map((member) => member.userId),
      ...more,
    });
  }
}

/** Waits until a recording has one of the states. */
export function recordingIs(api, id, ...states) {
  return until(
    `recording ${id} is ${states.join(' or ')}`,
    async () => {
      const recording = await api.get(`/recordings/${id}`);
      if (recording.status === 'failed' && !states.includes('failed')) {
        throw new Error(`it failed: ${JSON.stringify(recording.failure)}`);
      }
      return states.includes(recording.status) && recording;
    },
    { seconds: 60, every: 100 },
  );
}

export { PASSWORD };
