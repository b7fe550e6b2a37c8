// Processes die in the middle of a meeting. What was confirmed is kept: chat, presence, recording.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Council, recordingIs } from '../lib/api.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';
import { durationOf, save } from '../lib/media.mjs';

let up;
let council;

before(async () => {
  up = await Up.start({ env: { BARAZA__RECONCILE__INTERVAL: '5' } });
  council = await Council.found(up, { members: 2 });
});
after(async () => {
  await endClients();
  await up?.end();
});

/** Writes chat messages one after the other, trying each again until it is confirmed, as a client does. */
function chatter(api, meeting) {
  let going = true;
  const confirmed = [];
  const done = (async () => {
    for (let number = 1; going; number += 1) {
      const message = { type: 'text', content: `message ${number}` };
      const key = { 'idempotency-key': randomUUID() };
      while (going) {
        try {
          confirmed.push((await api.post(`/meetings/${meeting.id}/chat`, message, key)).id);
          break;
        } catch (error) {
          if (error.status && error.status < 500 && error.status !== 429) throw error;
          await pass(0.1);
        }
      }
      await pass(0.05);
    }
  })();
  return {
    confirmed,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

for (const victim of ['serve', 'postgres', 'livekit', 'egress']) {
  test(`${victim} is killed in the middle of a meeting`, { timeout: 240_000 }, async () => {
    const meeting = await council.meet({ title: `Without ${victim}` });
    const [one, two] = council.members;
    const spansOf = async () => {
      const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
      return (member) => items.find((item) => item.user?.id === member.userId)?.spans ?? [];
    };
    const clients = new Map();
    const truth = new Map();
    for (const member of [one, two]) {
      const client = await Client.join(member, meeting.id);
      clients.set(member, client);
      truth.set(member, [{ joinedAt: client.joinedAt }]);
    }
    const { id } = await council.host.post(`/meetings/${meeting.id}/recordings`);
    await recordingIs(council.host, id, 'recording');
    const chat = chatter(one, meeting);
    await until('some messages are confirmed', () => chat.confirmed.length > 10);
    await pass(3); // something to record

    const killedAt = Date.now();
    await up.killChild(victim);
    await until('all is well again', async () => (await fetch(`${up.url}/readyz`)).status === 200);
    const before = chat.confirmed.length;
    await until('chat goes on', () => chat.confirmed.length > before + 10);
    if (victim === 'egress') {
      await until('the recording goes on', async () => (await council.host.get(`/recordings/${id}`)).gaps.length > 0);
    }
    if (victim === 'livekit') {
      // Their connections are gone with it, and they come back by themselves.
      await until('they are back', () => [...clients.values()].every((client) => client.isBack), { seconds: 60 });
      const back = await until('it is known', async () => {
        const spans = await spansOf();
        return [one, two].every((member) => spans(member).length > 1) && spans;
      });
      for (const [member, spans] of truth) {
        spans[0].leftAt = killedAt;
        // A busy client may need more than one try. Only the room knows when each of them began.
        for (const { joined_at, left_at } of back(member).slice(1)) {
          spans.push({ joinedAt: Date.parse(joined_at), leftAt: Date.parse(left_at) });
        }
        assert.ok(spans[1].joinedAt > killedAt, 'they came back after they were gone');
      }
    }
    await pass(5);
    await chat.stop();
    await council.host.post(`/meetings/${meeting.id}/end`);
    for (const [member, client] of clients) {
      await client.out();
      truth.get(member).at(-1).leftAt = client.event('left').at;
    }

    const kept = new Set((await council.host.all(`/meetings/${meeting.id}/chat?limit=200`)).map((message) => message.id));
    const lost = chat.confirmed.filter((message) => !kept.has(message));
    assert.deepEqual(lost, [], 'every confirmed message is there');
    assert.equal(kept.size, chat.confirmed.length, 'and none stands twice');

    const said = await until('all spans are closed', async () => {
      const spans = await spansOf();
      return [one, two].every((member) => spans(member).every(({ left_at }) => left_at)) && spans;
    }, { seconds: 60 });
    for (const [member, spans] of truth) {
      const found = said(member);
      assert.equal(found.length, spans.length, JSON.stringify({ found, spans }));
      for (const [index, { joinedAt, leftAt }] of spans.entries()) {
        for (const [what, off] of [
          ['start', Date.parse(found[index].joined_at) - joinedAt],
          ['end', Date.parse(found[index].left_at) - leftAt],
        ]) {
          assert.ok(Math.abs(off) <= 1000, `the ${what} of span ${index + 1} is off by ${off} ms`);
        }
      }
    }

    const recording = await recordingIs(council.host, id, 'available');
    const file = await save(council.host, recording);
    const duration = await durationOf(file);
    const missing = recording.gaps.reduce((sum, { from, to }) => sum + Date.parse(to) - Date.parse(from), 0) / 1000;
    const whole = (Date.parse(recording.ended_at) - Date.parse(recording.started_at)) / 1000;
    assert.ok(missing <= 10, `${missing} s are missing`);
    assert.ok(Math.abs(whole - missing - duration) < 1.5, `${duration} s play and ${missing} s are missing of ${whole} s`);
  });
}
