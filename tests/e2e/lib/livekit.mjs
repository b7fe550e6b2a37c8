// LiveKit as whoever holds its keys sees it: to look at what is really in a room, and to do what only the server may.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as LiveKit takes it. */
export function sign(claims, { key, secret, alg = 'HS256' }) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${part({ alg, typ: 'JWT' })}.${part({ iss: key, nbf: now - 5, exp: now + 60, ...claims })}`;
  const seal = alg === 'none' ? '' : createHmac('sha256', secret).update(body).digest('base64url');
  return `${body}.${seal}`;
}

/** What a token says. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

/** Asks LiveKit to do something, with any token. */
export function ask(url, token, method, body) {
  return fetch(`${url.replace(/^ws/, 'http')}/twirp/livekit.RoomService/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** One room, with the keys that `up` made. */
export class LiveKitRoom {
  static async of(up, name) {
    const secrets = await readFile(join(up.data, 'secrets.toml'), 'utf8');
    const [key, secret] = ['livekit_key', 'livekit_secret'].map((line) => new RegExp(`^${line} = "(.*)"$`, 'm').exec(secrets)[1]);
    return Object.assign(new LiveKitRoom(), { url: up.livekit_url, name, key, secret });
  }

  async call(method, body = {}) {
    const token = sign({ sub: 'test', video: { room: this.name, roomAdmin: true } }, this);
    const response = await ask(this.url, token, method, { room: this.name, ...body });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Everybody who is there, as LiveKit tells it to all clients. */
  async participants() {
    return (await this.call('ListParticipants')).participants;
  }

  /** Says something to all as the server does: nobody is named as its sender. */
  send(event) {
    const data = Buffer.from(JSON.stringify(event)).toString('base64');
    return this.call('SendData', { data, kind: 'RELIABLE', topic: 'baraza' });
  }
}
