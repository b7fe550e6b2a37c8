// People in a room without a browser: each a process of its own, so that it can be killed like a real one; or many
// who only listen.

import { spawn } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { pass, until } from './until.mjs';

/** A program that tells what happens to it, and takes commands. */
class Program {
  constructor(file, args = []) {
    this.events = [];
    this.stderr = '';
    this.process = spawn(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    all.add(this);
    this.exited = new Promise((done) => {
      this.process.once('exit', (code, signal) => {
        this.ended = { code, signal };
        all.delete(this);
        done(this.ended);
      });
    });
    this.process.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.process.stdin.on('error', () => {}); // it may be gone
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      if (line.startsWith('{"event"')) this.events.push(JSON.parse(line));
    });
  }

  event(name) {
    return this.events.find(({ event }) => event === name);
  }

  /** Waits for a condition, and no longer when the program has ended. */
  async until(what, check, more) {
    const found = await until(what, () => this.ended ?? check(), more);
    if (this.ended) throw new Error(`not any more, it ended: ${what}: ${this.stderr}`);
    return found;
  }

  say(command) {
    this.process.stdin.write(`${command}\n`);
  }

  /** Is gone from one moment to the next. */
  async kill() {
    this.killedAt = Date.now();
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

/** One connection to a room, and what it noticed by its own clock. */
export class Client extends Program {
  /** Joins as the person of `api`, by the same call as a browser. Returns when the media is flowing; `started` hears before. */
  static async join(api, meetingId, { through, args = ['--size', '320x180', '--fps', '10'], started } = {}) {
    const door = await until('admitted', async () => {
      const answer = await api.post(`/meetings/${meetingId}/join`);
      return answer?.status === 'admitted' && answer;
    });
    const url = through?.url ?? door.server_url;
    const client = new Client('publisher.mjs', ['--url', url, '--token', door.token, ...args]);
    client.identity = door.identity;
    started?.(client);
    const wanted = 2 - args.filter((arg) => arg === '--no-video' || arg === '--no-audio').length;
    await client.until(
      'the client publishes',
      () => client.event('joined') && client.events.filter(({ event }) => event === 'published').length >= wanted,
      { seconds: 40 },
    );
    return client;
  }

  get joinedAt() {
    return this.event('joined').at;
  }

  /** It lost its connection and has it again. While it tries, nothing that the room says reaches it. */
  get isBack() {
    return this.events.findLast(({ event }) => event.startsWith('reconnect'))?.event === 'reconnected';
  }

  get leftAt() {
    return this.killedAt ?? this.event('left')?.at;
  }

  /** Leaves as a person does who presses the button, or closes the page where that takes too long. */
  async leave() {
    this.say('leave');
    await Promise.race([this.exited, pass(10)]);
    if (!this.ended) await this.kill();
  }

  /** Waits until the room has put this client out. */
  async out() {
    await until('the client was put out', () => this.event('left') || this.ended);
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

/** A few people in one room who only listen. */
class Listeners extends Program {
  /** What each has heard of the chat so far. */
  async heard() {
    this.events = [];
    this.say('tell');
    return (await this.until('they tell', () => this.event('heard'))).people;
  }
}

/** Many people in one room who only listen: ten to a process, for each would get the library's events of all. */
export class Audience {
  /**
   * All of them join, members and guests by the same calls as a browser. Returns when they follow what happens: data
   * packets in the `room`, and the `stream` of events.
   */
  static async join(people, meetingId, ways = ['room', 'stream']) {
    const audience = new Audience();
    audience.groups = [];
    const sessions = people.map(({ session }) => session);
    for (let first = 0; first < people.length; first += 10) {
      const group = new Listeners('listeners.mjs');
      group.say(JSON.stringify({ url: people[0].url, meetingId, ways, sessions: sessions.slice(first, first + 10) }));
      await group.until('they are in the room', () => group.event('joined'), { seconds: 40 });
      audience.groups.push(group);
    }
    return audience;
  }

  /**
   * What each of them has heard of the chat so far: `room` by data packets, `stream` by the stream of events, both lists of
   * `[content, milliseconds since the epoch]`.
   */
  async heard() {
    return (await Promise.all(this.groups.map((group) => group.heard()))).flat();
  }
}

const all = new Set();

/** Ends all clients that are still there. */
export async function endClients() {
  await Promise.all([...all].map((client) => client.kill()));
}
process.once('exit', () => {
  for (const client of all) client.process.kill('SIGKILL');
});

/** A wire between a client and LiveKit's signaling that can be cut. */
export class Wire {
  static async to(serverUrl) {
    const wire = new Wire();
    const { hostname, port } = new URL(serverUrl);
    wire.pairs = new Set();
    wire.open = true;
    wire.server = createServer((near) => {
      if (!wire.open) return near.destroy();
      const far = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
      const pair = [near, far];
      wire.pairs.add(pair);
      for (const [from, to] of [pair, [far, near]]) {
        from.on('error', () => to.destroy());
        from.on('close', () => {
          to.destroy();
          wire.pairs.delete(pair);
        });
        from.pipe(to);
      }
    });
    await new Promise((done) => wire.server.listen(0, '127.0.0.1', done));
    wire.url = `ws://127.0.0.1:${wire.server.address().port}`;
    return wire;
  }

  /** Cuts what is connected; what comes later is let through again. */
  cut() {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  close() {
    this.cut();
    this.server.close();
  }
}
