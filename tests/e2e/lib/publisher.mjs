#!/usr/bin/env node
// A participant who publishes what a test can recognize again: a picture of one color and a tone of one frequency.
//
//   publisher.mjs --url ws://127.0.0.1:7880 --token JWT --color '#c02020' --frequency 440
//                 [--pulse]              the picture turns white and the tone sounds for 200 ms at every even second
//                 [--clip FILE]          moving pictures instead: raw I420 frames of the size, one after the other, over and over
//                 [--size 640x360] [--fps 15] [--source camera|screen] [--simulcast] [--codec vp8|vp9|h264|av1]
//                 [--no-video] [--no-audio] [--seconds N]
//
// Prints one JSON object per line: {"event": "joined" | "published" | "unpublished" | "reconnecting" | "reconnected" | "left",
// "at": milliseconds since the epoch, …}; lines without an event are the library's. Reads commands from its input, one per line: unpublish video |
// publish video | unpublish audio | publish audio | leave. Tracks are muted from outside, through RoomService.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoCodec,
  VideoFrame,
  VideoSource,
  dispose,
} from '@livekit/rtc-node';

const SAMPLE_RATE = 48_000;
const PULSE_PERIOD_MS = 2000;
const PULSE_MS = 200;

const { values: args } = parseArgs({
  options: {
    url: { type: 'string' },
    token: { type: 'string' },
    color: { type: 'string', default: '#808080' },
    frequency: { type: 'string', default: '440' },
    clip: { type: 'string' },
    size: { type: 'string', default: '640x360' },
    fps: { type: 'string', default: '15' },
    source: { type: 'string', default: 'camera' },
    codec: { type: 'string', default: 'vp8' },
    seconds: { type: 'string' },
    pulse: { type: 'boolean', default: false },
    simulcast: { type: 'boolean', default: false },
    'no-video': { type: 'boolean', default: false },
    'no-audio': { type: 'boolean', default: false },
  },
});

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...more })}\n`);
const [width, height] = args.size.split('x').map(Number);
const screen = args.source === 'screen';
const inPulse = (at) => at % PULSE_PERIOD_MS < PULSE_MS;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A picture of one color, in I420 with the limited range of BT.601, as cameras give it. */
function picture([r, g, b]) {
  const y = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  const u = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255;
  const v = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255;
  const pixels = width * height;
  const data = new Uint8Array(pixels * 1.5);
  data.fill(Math.round(y), 0, pixels);
  data.fill(Math.round(u), pixels, pixels * 1.25);
  data.fill(Math.round(v), pixels * 1.25);
  return new VideoFrame(data, width, height, VideoBufferType.I420);
}

const rgb = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

let running = true;
const room = new Room();
room.on(RoomEvent.Disconnected, (reason) => {
  say('left', { reason });
  running = false;
});
room.on(RoomEvent.Reconnecting, () => say('reconnecting'));
room.on(RoomEvent.Reconnected, () => say('reconnected'));
await room.connect(args.url, args.token, { autoSubscribe: false, dynacast: false });
say('joined', { sid: room.localParticipant.sid, identity: room.localParticipant.identity });

const tracks = {};

async function publishVideo() {
  const source = new VideoSource(width, height);
  const track = LocalVideoTrack.createVideoTrack('picture', source);
  const options = new TrackPublishOptions({
    source: screen ? TrackSource.SOURCE_SCREENSHARE : TrackSource.SOURCE_CAMERA,
    simulcast: args.simulcast,
    videoCodec: VideoCodec[args.codec.toUpperCase()],
  });
  const publication = await room.localParticipant.publishTrack(track, options);
  tracks.video = { source, track, publication };
  say('published', { kind: 'video', sid: publication.sid });
}

async function publishAudio() {
  const source = new AudioSource(SAMPLE_RATE, 1);
  const track = LocalAudioTrack.createAudioTrack('tone', source);
  const options = new TrackPublishOptions({
    source: screen ? TrackSource.SOURCE_SCREENSHARE_AUDIO : TrackSource.SOURCE_MICROPHONE,
    dtx: false,
  });
  const publication = await room.localParticipant.publishTrack(track, options);
  tracks.audio = { source, track, publication };
  say('published', { kind: 'audio', sid: publication.sid });
}

/** The frames of the clip, as an endless row. */
function* clip() {
  const data = new Uint8Array(readFileSync(args.clip));
  const length = width * height * 1.5;
  for (let at = 0; ; at = (at + length) % (data.length - (data.length % length))) {
    yield new VideoFrame(data.subarray(at, at + length), width, height, VideoBufferType.I420);
  }
}

async function showPictures() {
  const plain = picture(rgb(args.color));
  const frames = args.clip && clip();
  const white = picture([255, 255, 255]);
  const period = 1000 / Number(args.fps);
  for (let next = Date.now(); running; next += period) {
    await sleep(next - Date.now());
    tracks.video?.source.captureFrame(frames ? frames.next().value : args.pulse && inPulse(Date.now()) ? white : plain);
  }
}

/** Keeps a little sound queued. What is queued sounds later, so each block is made for the moment at which it will sound. */
async function playTone() {
  const block = SAMPLE_RATE / 100;
  const step = (2 * Math.PI * Number(args.frequency)) / SAMPLE_RATE;
  let phase = 0;
  while (running) {
    const source = tracks.audio?.source;
    while (source && source.queuedDuration < 30) {
      const at = Date.now() + source.queuedDuration;
      const samples = new Int16Array(block);
      for (let i = 0; i < block; i += 1) {
        const sounds = !args.pulse || inPulse(at + (i * 1000) / SAMPLE_RATE);
        samples[i] = sounds ? Math.round(8000 * Math.sin(phase)) : 0;
        phase = (phase + step) % (2 * Math.PI);
      }
      await source.captureFrame(new AudioFrame(samples, SAMPLE_RATE, 1, block));
    }
    await sleep(10);
  }
}

async function leave() {
  running = false;
  await room.disconnect();
  await dispose();
  process.exit(0);
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [verb, kind] = line.trim().split(/\s+/);
  if (verb === 'leave') await leave();
  else if (verb === 'unpublish') {
    const { publication } = tracks[kind];
    delete tracks[kind];
    await room.localParticipant.unpublishTrack(publication.sid);
    say('unpublished', { kind });
  } else if (verb === 'publish') await (kind === 'video' ? publishVideo() : publishAudio());
});
process.on('SIGTERM', leave);
if (args.seconds) setTimeout(leave, Number(args.seconds) * 1000);

const work = [];
if (!args['no-video']) {
  await publishVideo();
  work.push(showPictures());
}
if (!args['no-audio']) {
  await publishAudio();
  work.push(playTone());
}
await Promise.all(work);
