// Eight people in one room: what the attendance says equals what their own clocks say.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Council } from '../lib/api.mjs';
import { Client, Wire, endClients } from '../lib/clients.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const TOLERANCE_MS = 1000;

let up;
let council;
let meeting;

before(async () => {
  up = await Up.start();
  council = await Council.found(up, { members: 8 });
  meeting = await council.meet();
});
after(async () => {
  await endClients();
  await up?.end();
});

/** The spans of one person as the attendance tells them, oldest first. */
async function spansOf(api) {
  const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
  const own = items.find(({ user }) => user?.id === api.userId);
  return (own?.spans ?? []).toSorted((a, b) => Date.parse(a.joined_at) - Date.parse(b.joined_at));
}

function near(said, true_, what) {
  const off = Date.parse(said) - true_;
  assert.ok(Math.abs(off) <= TOLERANCE_MS, `${what} is off by ${off} ms`);
}

/** Waits until all of a person's spans are closed and compares them with the person's own clock. */
async function isTrue(api, truth) {
  await until('all spans are closed', async () => {
    const spans = await spansOf(api);
    return spans.length >= truth.length && spans.every(({ left_at }) => left_at);
  }, { seconds: 60 });
  const spans = await spansOf(api);
  assert.equal(spans.length, truth.length, JSON.stringify({ spans, truth }));
  for (const [index, { joinedAt, leftAt }] of truth.entries()) {
    near(spans[index].joined_at, joinedAt, `the start of span ${index + 1}`);
    near(spans[index].left_at, leftAt, `the end of span ${index + 1}`);
  }
}

test('eight people come and go, each in another way, and every span is true', { timeout: 240_000 }, async (t) => {
  const [early, short, rejoining, flickering, doubled, killed, silent, staying] = council.members;
  const args = ['--size', '160x90', '--fps', '5'];
  const join = (api, more = {}) => Client.join(api, meeting.id, { args, ...more });

  const wire = await Wire.to(up.livekit_url);
  t.after(() => wire.close());
  const clients = {
    early: await join(early),
    short: await join(short),
    rejoining: await join(rejoining),
    flickering: await join(flickering, { through: wire }),
    doubled: await join(doubled),
    killed: await join(killed),
    silent: await join(silent, { args: [...args, '--no-audio'] }),
    staying: await join(staying),
  };

  await until('the meeting is in progress with eight people online', async () => {
    const { status } = await council.host.get(`/meetings/${meeting.id}`);
    const { items } = await council.host.get(`/meetings/${meeting.id}/participants`);
    return status === 'in_progress' && items.filter(({ online }) => online).length === 8;
  });

  // Who loses the line for a moment and resumes was there all the time.
  wire.cut();
  await clients.short.leave();
  await clients.killed.kill();

  // Who leaves and comes back was there twice.
  await clients.rejoining.leave();
  await pass(2);
  clients.rejoinedAgain = await join(rejoining);

  // Who joins a second time pushes the first connection out.
  clients.doubledAgain = await join(doubled);
  await clients.doubled.out();

  await pass(3);
  assert.ok(!clients.flickering.event('left'), 'the flickering client is still there');
  await clients.early.leave();
  await clients.silent.leave();
  await clients.flickering.leave();

  // LiveKit takes its time to notice that somebody vanished; the span must end when they did, not when it noticed.
  await until('the vanished one is noticed', async () => (await spansOf(killed)).every(({ left_at }) => left_at));

  // The end of the meeting is the end for all.
  await council.host.post(`/meetings/${meeting.id}/end`);
  await Promise.all([clients.staying, clients.rejoinedAgain, clients.doubledAgain].map((client) => client.out()));

  for (const [name, api, ...spans] of [
    ['early', early, clients.early],
    ['short', short, clients.short],
    ['rejoining', rejoining, clients.rejoining, clients.rejoinedAgain],
    ['flickering', flickering, clients.flickering],
    ['doubled', doubled, clients.doubled, clients.doubledAgain],
    ['killed', killed, clients.killed],
    ['silent', silent, clients.silent],
    ['staying', staying, clients.staying],
  ]) {
    await t.test(`${name}`, () => isTrue(api, spans));
  }
  await t.test('the meeting is completed, and its summary counts eight', async () => {
    assert.equal((await council.host.get(`/meetings/${meeting.id}`)).status, 'completed');
    const { summary } = await council.host.get(`/meetings/${meeting.id}/attendance`);
    assert.equal(summary.attended, 8);
  });
});
