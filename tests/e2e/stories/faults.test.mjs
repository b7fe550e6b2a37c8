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
          if (error.status && error.status < 500) throw error;
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
    const truth = new Map(council.members.map((member) => [member.userId, []]));
    const enter = async (member) => {
      const client = await Client.join(member, meeting.id);
      truth.get(member.userId).push(client);
      return client;
    };
    await enter(one);
    await enter(two);
    const { id } = await council.host.post(`/meetings/${meeting.id}/recordings`);
    await recordingIs(council.host, id, 'recording');
    const chat = chatter(one, meeting);
    await until('some messages are confirmed', () => chat.confirmed.length > 10);
    await pass(3); // something to record

    await up.killChild(victim);
    await until('all is well again', async () => (await fetch(`${up.url}/readyz`)).status === 200);
    const before = chat.confirmed.length;
    await until('chat goes on', () => chat.confirmed.length > before + 10);
    if (victim === 'egress') {
      await until('the recording goes on', async () => (await council.host.get(`/recordings/${id}`)).gaps.length > 0);
    }
    if (victim === 'livekit') {
      // Their connections are gone with it: they come back as a browser does, through the door.
      for (const member of council.members) {
        const [client] = truth.get(member.userId);
        client.killedAt ??= Date.now();
        client.process.kill('SIGKILL');
        await enter(member);
      }
    }
    await pass(5);
    await chat.stop();
    await council.host.post(`/meetings/${meeting.id}/end`);

    const kept = new Set((await council.host.all(`/meetings/${meeting.id}/chat?limit=200`)).map((message) => message.id));
    const lost = chat.confirmed.filter((message) => !kept.has(message));
    assert.deepEqual(lost, [], 'every confirmed message is there');
    assert.equal(kept.size, chat.confirmed.length, 'and none is there twice');

    const items = await until('all spans are closed', async () => {
      const attendance = await council.host.get(`/meetings/${meeting.id}/attendance`);
      const spans = attendance.items.flatMap((item) => item.spans);
      return spans.length > 0 && spans.every((span) => span.left_at) && attendance.items;
    }, { seconds: 60 });
    for (const [user, clients] of truth) {
      const spans = items.find((item) => item.user?.id === user)?.spans ?? [];
      assert.equal(spans.length, clients.length, `spans of ${user}: ${JSON.stringify(spans)}`);
      for (const [index, client] of clients.entries()) {
        const off = Date.parse(spans[index].joined_at) - client.joinedAt;
        assert.ok(Math.abs(off) <= 1000, `the start of span ${index + 1} is off by ${off} ms`);
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
