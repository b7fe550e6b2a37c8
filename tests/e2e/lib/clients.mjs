// People in a room without a browser: each a process of its own, so that it can be killed like a real one.

import { spawn } from 'node:child_process';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { until } from './until.mjs';

const PROGRAM = join(import.meta.dirname, 'publisher.mjs');

/** One connection to a room, and what it noticed by its own clock. */
export class Client {
  /** Joins as the person of `api`, by the same call as a browser. Returns when the media is flowing. */
  static async join(api, meetingId, { through, args = ['--size', '320x180', '--fps', '10'] } = {}) {
    const door = await until('admitted', async () => {
      const answer = await api.post(`/meetings/${meetingId}/join`);
      return answer?.status === 'admitted' && answer;
    });
    const client = new Client();
    client.identity = door.identity;
    client.events = [];
    client.stderr = '';
    const url = through?.url ?? door.server_url;
    client.process = spawn(process.execPath, [PROGRAM, '--url', url, '--token', door.token, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    all.add(client);
    client.exited = new Promise((done) => {
      client.process.once('exit', (code, signal) => {
        client.ended = { code, signal };
        all.delete(client);
        done(client.ended);
      });
    });
    client.process.stderr.setEncoding('utf8').on('data', (text) => {
      client.stderr += text;
    });
    client.process.stdin.on('error', () => {}); // it may be gone
    createInterface({ input: client.process.stdout }).on('line', (line) => {
      if (line.startsWith('{"event"')) client.events.push(JSON.parse(line));
    });
    const wanted = 2 - args.filter((arg) => arg === '--no-video' || arg === '--no-audio').length;
    await until(
      'the client publishes',
      () => {
        if (client.ended) throw new Error(`it ended: ${client.stderr}`);
        return client.event('joined') && client.events.filter(({ event }) => event === 'published').length >= wanted;
      },
      { seconds: 40 },
    );
    return client;
  }

  event(name) {
    return this.events.find(({ event }) => event === name);
  }

  get joinedAt() {
    return this.event('joined').at;
  }

  get leftAt() {
    return this.killedAt ?? this.event('left')?.at;
  }

  say(command) {
    this.process.stdin.write(`${command}\n`);
  }

  /** Leaves as a person does who presses the button. */
  async leave() {
    this.say('leave');
    await this.exited;
  }

  /** Waits until the room has put this client out. */
  async out() {
    await until('the client was put out', () => this.event('left') || this.ended);
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** Is gone from one moment to the next. */
  async kill() {
    this.killedAt = Date.now();
    this.process.kill('SIGKILL');
    await this.exited;
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
