// Recordings that the LiveKit Egress service makes: with a stand-in for the service (it speaks its protocol, joins the room
// and stores real files) and everything else as it is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Council, recordingIs } from '../lib/api.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { RecordingService } from '../lib/recording-service.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up, dataFolder, freePorts } from '../lib/up.mjs';

let up;
let council;
let service;

before(async () => {
  const [data, port] = [await dataFolder(), await freePorts()];
  const secret = (name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(readFileSync(join(data, 'secrets.toml'), 'utf8'))[1];
  service = await RecordingService.start({
    livekit: `http://127.0.0.1:${port + 1}`,
    secrets: () => ({ key: secret('livekit_key'), secret: secret('livekit_secret') }),
    webhook: () => `http://127.0.0.1:${port}/api/v1/webhooks/livekit`,
  });
  const env = {
    BARAZA__LIVEKIT__URL: service.url,
    BARAZA__RECORDER__ENGINE: 'livekit_egress',
    BARAZA__RECORDER__CAPACITY: '4',
    BARAZA__RECORDER__EMPTY_TIMEOUT: '60',
    BARAZA__RECORDER__LIVEKIT_EGRESS__START_TIMEOUT: '4',
    BARAZA__RECORDER__LIVEKIT_EGRESS__PATIENCE: '9',
    BARAZA__RECORDER__LIVEKIT_EGRESS__LOST_AFTER: '4',
  };
  up = await Up.start({ data, port, env });
  up.ownsData = true;
  council = await Council.found(up, { members: 1 });
});
after(async () => {
  await endClients();
  await up?.end();
  await service?.end();
});

/** A meeting in which somebody is, for as long as `story` lasts. */
async function inMeeting(story, more = {}) {
  const meeting = await council.meet();
  const client = await Client.join(council.members[0], meeting.id);
  try {
    const { id } = await council.host.post(`/meetings/${meeting.id}/recordings`, more);
    await story(id, meeting);
  } finally {
    await client.kill();
    await council.host.post(`/meetings/${meeting.id}/end`).catch(() => {});
  }
}

const is = (id, ...states) => recordingIs(council.host, id, ...states);
const stop = (id) => council.host.post(`/recordings/${id}/stop`);
const one = (id) => {
  const all = service.of(id);
  assert.equal(all.length, 1, `${all.length} egresses`);
  return all[0];
};
const running = async (id) => {
  await is(id, 'recording');
  return one(id);
};

/** The file as it is downloaded, compared with what is said of it. */
async function download(recording) {
  const answer = await council.host.raw('GET', `/recordings/${recording.id}/download`);
  assert.equal(answer.status, 200);
  const file = Buffer.from(await answer.arrayBuffer());
  assert.equal(createHash('sha256').update(file).digest('hex'), recording.sha256);
  assert.equal(file.length, recording.size_bytes);
  return file;
}

test('a recording from the button to the file', { timeout: 120_000 }, () =>
  inMeeting(
    async (id) => {
      const { info, s3 } = await running(id);
      const request = info.request.value;
      assert.deepEqual(
        { layout: request.layout, audioOnly: request.audioOnly, type: request.fileOutputs[0].fileType, manifest: request.fileOutputs[0].disableManifest },
        { layout: 'speaker', audioOnly: false, type: 1, manifest: true },
      );
      assert.match(request.fileOutputs[0].filepath, new RegExp(`^organizations/${council.id}/recordings/${id}.mp4$`));
      assert.ok(s3.accessKey.length > 3 && s3.bucket === 'baraza');
      await assert.rejects(council.host.post(`/recordings/${id}/pause`), { status: 409, code: 'CANNOT_PAUSE' });
      await pass(5);
      await stop(id);
      const recording = await is(id, 'available');
      const [file] = info.fileResults;
      assert.equal(recording.engine, 'livekit_egress');
      assert.equal(Date.parse(recording.started_at), Number(file.startedAt / 1_000_000n));
      assert.equal(Date.parse(recording.ended_at), Number(file.endedAt / 1_000_000n));
      assert.ok(Math.abs(recording.duration_seconds - Number(file.duration) / 1e9) < 0.5, `${recording.duration_seconds} s`);
      await download(recording);
      const poster = await until('the poster', async () => {
        const answer = await council.host.raw('GET', `/recordings/${id}/poster`);
        return answer.ok && answer;
      });
      assert.equal(poster.headers.get('content-type'), 'image/jpeg');
      one(id);
    },
    { layout: 'speaker' },
  ));

test('sound alone, stopped by the end of the meeting', { timeout: 120_000 }, () =>
  inMeeting(
    async (id, meeting) => {
      const { info } = await running(id);
      assert.deepEqual([info.request.value.layout, info.request.value.audioOnly], ['', true]);
      await pass(3);
      await council.host.post(`/meetings/${meeting.id}/end`);
      const recording = await is(id, 'available');
      assert.equal(recording.content_type, 'audio/mp4');
      await download(recording);
    },
    { audio_only: true },
  ));

test('a handler that is killed leaves the egress to the next one', { timeout: 120_000 }, () =>
  inMeeting(async (id) => {
    const { info } = await running(id);
    const before = await council.host.get(`/recordings/${id}`);
    await up.killChild('egress');
    await pass(8);
    assert.equal((await council.host.get(`/recordings/${id}`)).status, 'recording');
    await stop(id);
    const recording = await is(id, 'available');
    assert.equal(recording.started_at, before.started_at);
    assert.equal(one(id).info.egressId, info.egressId);
    await download(recording);
  }));

test('a start without an answer records once', { timeout: 120_000 }, async () => {
  service.fates = ['hang'];
  await inMeeting(async (id) => {
    await running(id);
    await stop(id);
    await is(id, 'available');
    one(id);
  });
});

test('a handler that is killed before it hears of its egress leaves it to the next one', { timeout: 120_000 }, async () => {
  service.fates = ['hang'];
  // Nor does a webhook tell of it.
  service.deliver = () => [];
  await inMeeting(async (id) => {
    await until('it was asked for', () => service.of(id).length > 0);
    await up.killChild('egress');
    await running(id);
    await pass(3);
    await stop(id);
    await download(await is(id, 'available'));
    one(id);
  });
  service.deliver = (events) => events;
});

test('an egress too many is stopped, and the file is that of the other', { timeout: 120_000 }, () =>
  inMeeting(async (id) => {
    const egress = await running(id);
    const double = await service.double(egress);
    await until('the double has ended', () => double.info.endedAt > 0n);
    await pass(2);
    assert.equal(egress.info.endedAt, 0n);
    await stop(id);
    const recording = await is(id, 'available');
    assert.equal(recording.size_bytes, Number(egress.info.fileResults[0].size));
    await download(recording);
  }));

test('where no recorder is free the wish waits, but not for ever', { timeout: 120_000 }, async () => {
  service.fates = ['refuse', 'refuse'];
  await inMeeting(async (id) => {
    await until('it was refused', () => service.fates.length < 2);
    assert.equal((await council.host.get(`/recordings/${id}`)).status, 'starting');
    await running(id);
    await stop(id);
    await is(id, 'available');
  });
  service.fates = Array.from({ length: 20 }, () => 'refuse');
  await inMeeting(async (id) => {
    const { failure } = await is(id, 'failed');
    assert.deepEqual(failure, { code: 'NO_RECORDER', detail: 'The recording service had no recorder free.' });
    assert.equal(service.of(id).length, 0);
  });
  service.fates = [];
});

test('what breaks says why, and not in the words of a program', { timeout: 120_000 }, async () => {
  await inMeeting(async (id) => {
    service.fail(await running(id), 'CPU exhausted: 3.90 cores used', 'End reason: CPU exhausted');
    const { failure } = await is(id, 'failed');
    assert.equal(failure.code, 'ENGINE_FAILED');
    assert.match(failure.detail, /too little computing power/);
  });
  await inMeeting(async (id) => {
    const egress = await running(id);
    egress.s3.secret = 'another';
    await stop(id);
    const { failure } = await is(id, 'failed');
    assert.deepEqual(failure, { code: 'VAULT_FAILED', detail: 'The recording service could not store the recording.' });
  });
});

test('a recorder that vanished is given up', { timeout: 120_000 }, () =>
  inMeeting(async (id) => {
    service.lose(await running(id));
    const { failure } = await is(id, 'failed');
    assert.equal(failure.code, 'RECORDER_LOST');
    await council.host.post(`/recordings/${id}/stop`);
  }));

test('stopped before it began there is nothing', { timeout: 120_000 }, async () => {
  service.startsAfter = 60_000;
  await inMeeting(async (id) => {
    await until('it was asked for', () => service.of(id).length > 0);
    await stop(id);
    const { failure } = await is(id, 'failed');
    assert.equal(failure.code, 'NOTHING_RECORDED');
  });
  service.startsAfter = 300;
});

test('at the limit of the service the file is there', { timeout: 120_000 }, () =>
  inMeeting(async (id) => {
    const egress = await running(id);
    await pass(3);
    service.limit(egress);
    await download(await is(id, 'available'));
  }));

test('webhooks may come twice, late and in the wrong order', { timeout: 120_000 }, async () => {
  const kept = [];
  service.deliver = (events) => {
    kept.push(...events);
    return [];
  };
  await inMeeting(async (id) => {
    await running(id);
    await service.send([...kept, ...kept].reverse());
    assert.equal((await is(id, 'recording')).status, 'recording');
    await pass(2);
    await stop(id);
    const recording = await is(id, 'available');
    await until('it has told the end', () => kept.some(({ event }) => event === 'egress_ended'));
    await service.send([...kept, ...kept].reverse());
    await pass(2);
    assert.deepEqual(await council.host.get(`/recordings/${id}`), recording);
    await download(recording);
  });
  service.deliver = (events) => events;
});

test('when the room is closed the egress ends by itself', { timeout: 120_000 }, () =>
  inMeeting(async (id) => {
    const egress = await running(id);
    await pass(2);
    egress.recorder.kill('SIGTERM');
    await download(await is(id, 'available'));
  }));

test('the doctor asks the service', { timeout: 60_000 }, async () => {
  const { egress } = await up.pidsNow();
  const [program, environment] = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${egress}/${file}`, 'utf8').split('\0').filter(Boolean));
  const env = Object.fromEntries(environment.map((pair) => /^([^=]*)=(.*)$/s.exec(pair).slice(1)));
  const { stdout } = await promisify(execFile)(program[0], ['doctor'], { env });
  assert.match(stdout, /^ok +LiveKit Egress +answers; .* bucket baraza at http/m);
});
