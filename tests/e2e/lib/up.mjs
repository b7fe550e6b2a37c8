// Starts Baraza as a person would, on ports and in a folder of its own, and stops it.

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { until } from './until.mjs';

const ROOT = resolve(import.meta.dirname, '../../..');
const OUT = join(ROOT, 'tests/e2e/out');
const PORTS = 6;

const free = (what) => (port) =>
  new Promise((done) => {
    what(port, done);
  });
const freeTcp = free((port, done) => {
  const server = createServer().once('error', () => done(false));
  server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});
const freeUdp = free((port, done) => {
  const socket = createSocket('udp4').once('error', () => done(false));
  socket.bind(port, '127.0.0.1', () => socket.close(() => done(true)));
});

/** The first of six free ports in a row, below those that the system gives away. */
export async function freePorts() {
  const [low, high] = (process.env.BARAZA_E2E_PORTS ?? '20000-32000').split('-').map(Number);
  for (;;) {
    const first = low + PORTS * Math.floor((Math.random() * (high - low)) / PORTS);
    const ports = Array.from({ length: PORTS }, (_, index) => first + index);
    const all = await Promise.all(ports.flatMap((port) => [freeTcp(port), freeUdp(port)]));
    if (all.every(Boolean)) return first;
  }
}

/** A data folder that goes when the tests are done. */
export async function dataFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'baraza-e2e.'));
  await chmod(folder, 0o711); // PostgreSQL runs under a user of its own and has to pass
  return folder;
}

/** A running `./baraza up`. */
export class Up {
  static #count = 0;

  /** Starts it and returns when everything is ready; fails with what it said when it ends before. */
  static async start({ data, port, env = {} } = {}) {
    const up = new Up();
    up.ownsData = !data;
    up.data = data ?? (await dataFolder());
    up.port = port ?? (await freePorts());
    await mkdir(OUT, { recursive: true });
    up.log = join(OUT, `up-${process.pid}-${(Up.#count += 1)}.log`);
    const log = await open(up.log, 'w');
    const args = ['up', '--json', '--no-build', '--port', String(up.port), '--data', up.data];
    up.process = spawn(join(ROOT, 'baraza'), args, {
      cwd: ROOT,
      env: { ...process.env, BARAZA_PROFILE: process.env.BARAZA_PROFILE ?? 'dev', ...env },
      stdio: ['ignore', 'pipe', log.fd],
    });
    up.exited = new Promise((done) => {
      up.process.once('exit', (code, signal) => {
        up.ended = { code, signal };
        done(up.ended);
      });
    });
    up.stdout = '';
    up.process.stdout.setEncoding('utf8').on('data', (text) => {
      up.stdout += text;
    });
    await until('up is ready', () => up.stdout.includes('\n') || up.ended, { seconds: 180 });
    await log.close();
    if (up.ended) throw new Error(`up ended (${JSON.stringify(up.ended)}): ${await up.said()}`);
    Object.assign(up, JSON.parse(up.stdout));
    running.add(up);
    return up;
  }

  /** What it wrote for people. */
  said() {
    return readFile(this.log, 'utf8');
  }

  /** The process ids as they are now, after restarts. */
  async pidsNow() {
    return JSON.parse(await readFile(join(this.data, 'state.json'), 'utf8')).pids;
  }

  /** A worker of its own beside `serve`, which works too: under the same configuration. Gives the process. */
  async worker() {
    const { serve } = await this.pidsNow();
    const environment = (await readFile(`/proc/${serve}/environ`, 'utf8')).split('\0').filter(Boolean);
    const env = Object.fromEntries(environment.map((pair) => /^([^=]*)=(.*)$/s.exec(pair).slice(1)));
    return spawn(join(ROOT, 'baraza'), ['work'], { cwd: ROOT, env: { ...process.env, ...env }, stdio: 'ignore' });
  }

  /** Kills one of the children without warning and waits until another one runs in its place. */
  async killChild(name) {
    const { [name]: before } = await this.pidsNow();
    process.kill(before, 'SIGKILL');
    await until(`${name} runs again`, async () => {
      const { [name]: now } = await this.pidsNow();
      return now && now !== before;
    });
    return before;
  }

  /** Asks it to stop, as Ctrl-C does, and waits. */
  async stop() {
    if (!this.ended) this.process.kill('SIGTERM');
    return this.exited;
  }

  /** Stops it and takes its data away. */
  async end() {
    running.delete(this);
    await this.stop();
    if (this.ownsData) await rm(this.data, { recursive: true, force: true });
  }
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.once('exit', () => {
  for (const up of running) up.process.kill('SIGTERM');
});

/** Whether a process is there and at work; one that waits to be buried is not. */
export function alive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
