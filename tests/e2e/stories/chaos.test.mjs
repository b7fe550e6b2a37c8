// People come and go at random while webhooks are lost, doubled and delayed and every part is killed in turn. After that the
// attendance is what was. BARAZA_CHAOS_SECONDS=300 is the long way, with 20 people and delays of a minute.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Council } from '../lib/api.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { FaultProxy } from '../lib/faults.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const SECONDS = Number(process.env.BARAZA_CHAOS_SECONDS ?? 45);
const IS_LONG = SECONDS >= 300;
const PEOPLE = IS_LONG ? 20 : 6;
const MOST_DELAY_MS = IS_LONG ? 60_000 : 15_000;
const STAY_SECONDS = IS_LONG ? [2, 70] : [2, 25];
const VICTIMS = ['postgres', 'worker', 'serve', 'livekit'];
const REST_SECONDS = IS_LONG ? 18 : 10;
/** How far off a moment may be of which we were told, and one that only a comparison could see. */
const TOLD_MS = 2000;
const COMPARED_MS = 35_000;
/** LiveKit's reason of whoever says goodbye. */
const CLIENT_INITIATED = 1;

const seed = Number(process.env.BARAZA_CHAOS_SEED ?? Date.now() % 1_000_000);
let state = seed;
/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const between = (least, most) => least + (most - least) * random();

/** 30 % never arrive, 30 % do so twice; half of what arrives is late. */
function fate() {
  const times = random();
  const delay = () => (random() < 0.5 ? 0 : between(0, MOST_DELAY_MS));
  if (times < 0.3) return [];
  return times < 0.6 ? [delay(), delay()] : [delay()];
}

let up;
let council;
let proxy;
let worker;

before(async () => {
  proxy = await FaultProxy.start(fate);
  up = await Up.start({ env: { BARAZA_WEBHOOK_URL: proxy.url } });
  proxy.target = `${up.url}/api/v1/webhooks/livekit`;
  council = await Council.found(up, { members: PEOPLE });
  worker = await up.worker();
});
after(async () => {
  await endClients();
  worker?.kill();
  await up?.end();
  proxy?.close();
});

/** One person, who comes and goes until the end; gives each stay of a client: `{from, to, vanished}`. */
async function wander(api, meeting, end) {
  const stays = [];
  while (Date.now() < end) {
    await pass(between(0, 8));
    const stay = { from: Date.now() };
    let client;
    try {
      await Client.join(api, meeting.id, {
        args: ['--no-video'],
        started: (begun) => {
          client = begun;
          stays.push(stay);
        },
      });
      const long = Math.min(between(...STAY_SECONDS), Math.max((end - Date.now()) / 1000, 1));
      await Promise.race([pass(long), client.exited]);
    } catch {
      // What it wanted to connect to was down.
    }
    const vanishes = random() < 0.3;
    if (client && !client.ended) await (vanishes ? client.kill() : client.leave());
    stay.vanished = client?.killedAt !== undefined || client?.event('left')?.reason !== CLIENT_INITIATED;
    stay.to = client?.leftAt ?? Date.now(); // who leaves while connecting may be there for a while
  }
  return stays;
}

/** Kills one part after the other; gives when LiveKit died. */
async function kill(end) {
  const deaths = [];
  for (let turn = 0; Date.now() + REST_SECONDS * 1000 < end; turn += 1) {
    await pass(REST_SECONDS);
    const victim = VICTIMS[turn % VICTIMS.length];
    if (victim === 'livekit') deaths.push(Date.now());
    if (victim === 'worker') {
      worker.kill('SIGKILL');
      worker = await up.worker();
    } else await up.killChild(victim);
  }
  return deaths;
}

/** When each connection began and ended: what LiveKit said, what the clients know, when LiveKit died, and whether LiveKit saw it. */
function truthOf(people, deaths) {
  const truth = new Map();
  for (const [sid, { identity, from, to = Infinity, why }] of proxy.connections) {
    const stay = people.get(identity)?.findLast((stay) => stay.from <= from && from <= stay.to + TOLD_MS);
    if (!stay) continue; // the host and whoever else is no client of ours
    const died = deaths.find((at) => at > from) ?? Infinity;
    const end = Math.min(to, stay.to, died);
    // Nobody tells of those who were there when LiveKit died; of whoever vanished and came again it says when they came again.
    const wasSeen = end < died && !(stay.vanished && why === 'DUPLICATE_IDENTITY');
    truth.set(sid, { identity, from, to: end, wasSeen });
  }
  return truth;
}

test(`${PEOPLE} people for ${SECONDS} s, seed ${seed}`, { timeout: (SECONDS + 400) * 1000 }, async (t) => {
  const meeting = await council.meet({ title: 'Chaos' });
  const end = Date.now() + SECONDS * 1000;
  const [deaths, ...stays] = await Promise.all([kill(end), ...council.members.map((api) => wander(api, meeting, end))]);
  const people = new Map(council.members.map((api, index) => [api.userId, stays[index]]));
  await until('all is well again', async () => (await fetch(`${up.url}/readyz`)).status === 200, { seconds: 60 });
  await proxy.settle();

  const spansOf = async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
    return items.flatMap(({ user, spans }) => spans.map((span) => ({ identity: user?.id, ...span })));
  };
  await until('all spans are closed', async () => (await spansOf()).every(({ left_at }) => left_at), { seconds: 150 });
  const spans = await spansOf();
  const truth = truthOf(people, deaths);
  t.diagnostic(JSON.stringify({ ...proxy.counts, connections: truth.size, recorded: spans.length, deaths: deaths.length }));

  const far = { told: 0, compared: 0 };
  const missing = [];
  const found = new Set();
  for (const [sid, was] of truth) {
    // A beginning is known to the millisecond; some come again within a second.
    const span = spans.find(({ identity, joined_at }) => identity === was.identity && Date.parse(joined_at) === was.from);
    const wasTold = (event) => proxy.told.has(`${event} ${sid}`);
    if (!span) {
      const mustBeThere = wasTold('participant_joined') || wasTold('participant_left') || was.to - was.from > COMPARED_MS;
      const told = ['participant_joined', 'participant_left'].filter(wasTold);
      if (mustBeThere) missing.push({ sid, ...was, told, spans: spans.filter(({ identity }) => identity === was.identity) });
      continue;
    }
    found.add(span);
    const off = Math.abs(Date.parse(span.left_at) - was.to);
    const kind = wasTold('participant_left') && was.wasSeen ? 'told' : 'compared';
    far[kind] = Math.max(far[kind], off);
    const allowed = kind === 'told' ? TOLD_MS : COMPARED_MS;
    assert.ok(off <= allowed, `${sid} ended ${off} ms off (${kind}): ${JSON.stringify({ was, span })}`);
  }
  t.diagnostic(`farthest off, in ms: ${JSON.stringify(far)}`);
  assert.deepEqual(missing, [], 'none is missing');
  const invented = spans.filter((span) => !found.has(span));
  assert.deepEqual(invented, [], 'none is invented');
  assert.ok(truth.size >= PEOPLE, 'there was something to see');
});
