// What a recording made through the API shows and plays: the right colors and tones, only of those who are there.
// Synchrony, takeover and outages are tested closer to the recorder, in egress-handler/tests.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Council, recordingIs } from '../lib/api.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { durationOf, find, loudness, pictureAt, probe, save, soundOf } from '../lib/media.mjs';
import { pass } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const RED = { color: '#c02020', frequency: 440 };
const GREEN = { color: '#20a040', frequency: 660 };
const BLUE = { color: '#2040c0', frequency: 880 };
const HEARD = 0.02;

let up;
let council;

before(async () => {
  up = await Up.start();
  council = await Council.found(up, { members: 3 });
});
after(async () => {
  await endClients();
  await up?.end();
});

const enter = (member, meeting, { color, frequency }) =>
  Client.join(member, meeting.id, {
    args: ['--color', color, '--frequency', String(frequency), '--size', '320x180', '--fps', '15'],
  });

/** Starts a recording and says how many seconds ago it began. */
async function record(meeting) {
  const asked = Date.now();
  const { id } = await council.host.post(`/meetings/${meeting.id}/recordings`);
  const recording = await recordingIs(council.host, id, 'recording');
  const began = Date.parse(recording.started_at);
  assert.ok(began - asked < 3000, `the first picture came ${began - asked} ms after the request`);
  return { id, now: () => (Date.now() - began) / 1000 };
}

async function finish({ id }) {
  const asked = Date.now();
  await council.host.post(`/recordings/${id}/stop`);
  const recording = await recordingIs(council.host, id, 'available');
  return { recording, took: Date.now() - asked };
}

test('colors, tones and people coming and going', { timeout: 180_000 }, async () => {
  const meeting = await council.meet({ title: 'Colors' });
  const [red, green, blue] = council.members;
  const first = await enter(red, meeting, RED);
  const second = await enter(green, meeting, GREEN);
  const running = await record(meeting);
  await pass(5);
  const both = running.now() - 1;
  await enter(blue, meeting, BLUE);
  await pass(6);
  const three = running.now() - 1;
  await second.leave();
  await pass(6);
  const without = running.now() - 1;
  const { recording, took } = await finish(running);
  assert.ok(took < 5000, `available ${took} ms after the stop`);
  await first.leave();

  const file = await save(council.host, recording);
  const { streams } = await probe(file);
  const video = streams.find((stream) => stream.codec_type === 'video');
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  assert.deepEqual([video.codec_name, video.width, video.height, video.r_frame_rate], ['h264', 1280, 720, '25/1']);
  assert.ok(['aac', 'opus'].includes(audio.codec_name), audio.codec_name);
  assert.ok(Math.abs((await durationOf(file)) - recording.duration_seconds) < 1, 'the duration is what was said');

  const sound = await soundOf(file);
  for (const [at, there, gone] of [
    [both, [RED, GREEN], [BLUE]],
    [three, [RED, GREEN, BLUE], []],
    [without, [RED, BLUE], [GREEN]],
  ]) {
    const picture = await pictureAt(file, at);
    const places = there.map(({ color }) => find(picture, color));
    for (const [index, place] of places.entries()) {
      assert.ok(place.share > 0.08, `${there[index].color} at ${at} s fills ${place.share}`);
      for (const other of places.slice(index + 1)) {
        assert.ok(Math.hypot(place.x - other.x, place.y - other.y) > 0.2, 'every one has a tile of their own');
      }
    }
    for (const { color } of gone) assert.ok(find(picture, color).share < 0.005, `${color} is not there at ${at} s`);
    for (const { frequency } of there) {
      const heard = loudness(sound, frequency, at - 0.5, at + 0.5);
      assert.ok(heard > HEARD, `${frequency} Hz at ${at} s: ${heard}`);
    }
    for (const { frequency } of gone) {
      const heard = loudness(sound, frequency, at - 0.5, at + 0.5);
      assert.ok(heard < HEARD / 4, `${frequency} Hz at ${at} s is not silent: ${heard}`);
    }
  }
  await council.host.post(`/meetings/${meeting.id}/end`);
});
