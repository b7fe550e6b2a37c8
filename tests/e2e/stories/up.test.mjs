// `./baraza up` itself: side by side, twice on the same data, killed, and stopped.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';

import { Api, Council, PASSWORD } from '../lib/api.mjs';
import { until } from '../lib/until.mjs';
import { Up, alive, freePorts } from '../lib/up.mjs';

let up;

before(async () => {
  up = await Up.start();
});
after(() => up?.end());

test('the line that --json prints is all there is on stdout, and true', async () => {
  assert.deepEqual(Object.keys(JSON.parse(up.stdout)), [
    'url', 'setup_token', 'livekit_url', 'database_url', 's3_endpoint', 'pids',
  ]);
  assert.deepEqual(Object.keys(up.pids).sort(), ['egress', 'livekit', 'postgres', 's3', 'serve']);
  for (const [name, pid] of Object.entries(up.pids)) assert.ok(alive(pid), `${name} runs`);
  assert.equal((await fetch(`${up.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${up.url}/readyz`)).status, 200);
  assert.equal((await fetch(up.livekit_url.replace('ws', 'http'))).status, 200);
  assert.equal(up.url, `http://localhost:${up.port}`);
});

test('the database, the store and the pages listen on loopback only', async () => {
  const sockets = await readFile('/proc/net/tcp', 'utf8');
  const listening = sockets.split('\n').filter((line) => / 0A /.test(line)).map((line) => line.trim().split(/\s+/)[1]);
  for (const port of [up.port, up.port + 1, up.port + 4, up.port + 5]) {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const addresses = listening.filter((address) => address.endsWith(`:${hex}`));
    assert.deepEqual(addresses, [`0100007F:${hex}`], `port ${port}`);
  }
});

test('a second one on the same data refuses with a sentence', async () => {
  await assert.rejects(Up.start({ data: up.data }), /another `baraza up` is using the data folder/);
});

test('a port that is taken is named', async () => {
  const port = await freePorts();
  const other = createServer();
  await new Promise((done) => other.listen(port + 4, '127.0.0.1', done));
  await assert.rejects(Up.start({ port }), new RegExp(`port ${port + 4}, which the S3 store needs, is taken`));
  other.close();
});

test('two run side by side and know nothing of each other', async () => {
  const other = await Up.start();
  try {
    assert.notEqual(other.setup_token, up.setup_token);
    await Council.found(other, { name: 'Other' });
    await assert.rejects(new Api(up.url).login('host@example.org', PASSWORD), { status: 401 });
  } finally {
    await other.end();
  }
});

test('every child that dies is started again, and it is said', { timeout: 120_000 }, async () => {
  for (const name of ['s3', 'livekit', 'postgres', 'egress', 'serve']) {
    await up.killChild(name);
    await until(`all is well after ${name} died`, async () => (await fetch(`${up.url}/readyz`)).status === 200);
  }
  const said = await up.said();
  for (const title of ['PostgreSQL', 'LiveKit', 'S3 store', 'Web server', 'Recorder']) {
    assert.match(said, new RegExp(`${title} died \\(signal 9\\) and is started again`));
  }
});

test('killed in the middle it takes all children with it, and the next one goes on', { timeout: 120_000 }, async () => {
  const council = await Council.found(up);
  const meeting = await council.schedule();
  const before = await up.pidsNow();
  up.process.kill('SIGKILL');
  await up.exited;
  const { data, port } = up;
  up = await Up.start({ data, port }); // at once, while the children may still be on their way out
  up.ownsData = true;
  for (const [name, pid] of Object.entries(before)) await until(`the old ${name} is gone`, () => !alive(pid), { seconds: 2 });
  assert.equal(up.setup_token, null);
  const host = await new Api(up.url).login('host@example.org', PASSWORD);
  assert.equal((await host.get(`/meetings/${meeting.id}`)).title, meeting.title);
});

test('asked to stop, it stops everything and says so with 0', async () => {
  const before = Object.entries(await up.pidsNow());
  assert.deepEqual(await up.stop(), { code: 0, signal: null });
  for (const [name, pid] of before) assert.ok(!alive(pid), `${name} is gone`);
  const { data, port } = up;
  up = await Up.start({ data, port });
  up.ownsData = true;
  assert.ok((await new Api(up.url).login('host@example.org', PASSWORD)).userId);
});
