#!/usr/bin/env node
// Records real rooms with real parts, looks at what comes out, and prints what was measured.
//
//   node egress-handler/tests/recording.e2e.mjs [--only NAME,NAME] [--keep]
//
// Needs on the PATH or named by a variable: livekit-server (LIVEKIT_SERVER), versitygw (VERSITYGW), ffmpeg, PostgreSQL 15
// (PG_BIN), the built baraza-egress (BARAZA_EGRESS), and a publisher with its packages (PUBLISHER). Ports: BASE_PORT and up.

import { execFileSync, spawn } from 'node:child_process';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const cached = (name) => (existsSync(join(homedir(), '.cache/baraza/bin', name)) ? join(homedir(), '.cache/baraza/bin', name) : name);
const program = {
  livekit: process.env.LIVEKIT_SERVER ?? cached('livekit-server'),
  s3: process.env.VERSITYGW ?? cached('versitygw'),
  egress: process.env.BARAZA_EGRESS ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/baraza-egress'),
  publisher: process.env.PUBLISHER ?? join(root, 'tests/e2e/lib/publisher.mjs'),
  pg: process.env.PG_BIN ?? '/usr/lib/postgresql/15/bin',
};
const base = Number(process.env.BASE_PORT ?? 19230);
const port = { livekit: base, tcp: base + 1, udp: base + 2, postgres: base + 3, s3: base + 4 };
const { values: args } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } } });

const API_KEY = 'test';
const API_SECRET = 'a-secret-of-more-than-thirty-two-characters';
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const round = (value, digits = 3) => Number(value.toFixed(digits));

// ---------------------------------------------------------------------------------------------------- the parts

const work = mkdtempSync(join(tmpdir(), 'baraza-recording-'));
chmodSync(work, 0o755);
const children = new Set();

function run(name, command, argv, env = {}, options = {}) {
  const log = openSync(join(work, `${name}.log`), 'a');
  const child = spawn(command, argv, { env: { ...process.env, ...env }, stdio: ['ignore', log, log], ...options });
  child.gone = new Promise((done) => child.on('exit', done));
  child.on('exit', () => children.delete(child));
  child.logName = `${name}.log`;
  children.add(child);
  return child;
}

async function stop(child, signal = 'SIGTERM') {
  child.kill(signal);
  await child.gone;
}

async function until(what, check, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(50);
  }
}

const taken = (number) =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(true));
    server.listen(number, '127.0.0.1', () => server.close(() => done(false)));
  });

const pgData = join(work, 'postgres');
const asPostgres = (command, argv) =>
  process.getuid() === 0
    ? execFileSync('runuser', ['-u', 'postgres', '--', command, ...argv], { stdio: 'pipe' })
    : execFileSync(command, argv, { stdio: 'pipe' });

function sql(query) {
  return execFileSync(
    join(program.pg, 'psql'),
    ['-h', '127.0.0.1', '-p', String(port.postgres), '-U', 'postgres', '-d', 'baraza', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', query],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  ).trim();
}

const startPostgres = () =>
  asPostgres(join(program.pg, 'pg_ctl'), [
    '-D', pgData, '-o', `-p ${port.postgres} -k ${pgData} -c listen_addresses=127.0.0.1`, '-l', join(pgData, 'log'), '-w', 'start',
  ]);
const stopPostgres = () => asPostgres(join(program.pg, 'pg_ctl'), ['-D', pgData, '-m', 'immediate', '-w', 'stop']);

function startLiveKit() {
  const file = join(work, 'livekit.yaml');
  writeFileSync(
    file,
    `port: ${port.livekit}
bind_addresses: ["127.0.0.1"]
rtc: {tcp_port: ${port.tcp}, udp_port: ${port.udp}, node_ip: 127.0.0.1, use_external_ip: false}
keys: {${API_KEY}: "${API_SECRET}"}
room: {auto_create: true, enable_remote_unmute: true, enabled_codecs: [{mime: audio/opus}, {mime: video/vp8}, {mime: video/h264}, {mime: video/vp9}, {mime: video/av1}, {mime: video/rtx}]}
`,
  );
  return run('livekit', program.livekit, ['--config', file]);
}

const startS3 = () => {
  mkdirSync(join(work, 's3'), { recursive: true });
  return run('s3', program.s3, ['--port', `127.0.0.1:${port.s3}`, 'posix', join(work, 's3')], {
    ROOT_ACCESS_KEY: 'access',
    ROOT_SECRET_KEY: 'secret-secret',
  });
};

const egressEnv = {
  BARAZA__DATABASE__URL: `postgres://baraza@127.0.0.1:${port.postgres}/baraza`,
  BARAZA__LIVEKIT__URL: `http://127.0.0.1:${port.livekit}`,
  BARAZA__LIVEKIT__API_KEY: API_KEY,
  BARAZA__LIVEKIT__API_SECRET: API_SECRET,
  BARAZA__VAULT__ENDPOINT: `http://127.0.0.1:${port.s3}`,
  BARAZA__VAULT__BUCKET: 'baraza',
  BARAZA__VAULT__ACCESS_KEY: 'access',
  BARAZA__VAULT__SECRET_KEY: 'secret-secret',
  BARAZA__RECORDER__SPOOL_DIR: join(work, 'spool'),
  BARAZA__RECORDER__EMPTY_TIMEOUT: '6',
  BARAZA_LOG: process.env.BARAZA_LOG ?? 'info,egress=debug',
  BARAZA_CONFIG: '/nonexistent',
};
let handlers = 0;
const startEgress = (env = {}) => {
  handlers += 1;
  return run(`egress-${handlers}`, program.egress, ['run'], { ...egressEnv, ...env });
};

// ---------------------------------------------------------------------------------------------------- people

/** Who has a name; all others have none. */
const NAMES = { anna: 'Anna Adams', ben: 'Ben', p0: 'Nia', p1: 'Otis', p2: 'Pia', p3: 'Quinn', cora: 'Cora <Çelik> & Wolfeschlegelsteinhausenbergerdorff-Montmorency' };

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(identity, room, video = { roomJoin: true, room, canPublish: true, canSubscribe: true }) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({
    iss: API_KEY, sub: identity, name: NAMES[identity], nbf: now - 5, exp: now + 7200, video,
  })}`;
  return `${body}.${createHmac('sha256', API_SECRET).update(body).digest('base64url')}`;
}

class Person {
  constructor(identity, room, ...argv) {
    this.said = [];
    this.child = spawn(
      'node',
      [program.publisher, '--url', `ws://127.0.0.1:${port.livekit}`, '--token', token(identity, room), ...argv],
      { stdio: ['pipe', 'pipe', openSync(join(work, 'people.log'), 'a')] },
    );
    this.child.on('exit', () => children.delete(this.child));
    this.gone = new Promise((done) => this.child.on('exit', done));
    children.add(this.child);
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const message = line.startsWith('{') ? JSON.parse(line) : {};
      if (message.event) this.said.push(message);
    });
  }

  heard(event, kind) {
    return until(`${event} ${kind ?? ''}`, () => this.said.find((m) => m.event === event && (!kind || m.kind === kind)));
  }

  async tell(command) {
    this.child.stdin.write(`${command}\n`);
    await sleep(0);
    return Date.now();
  }

  async leave() {
    const at = await this.tell('leave');
    await this.gone;
    return at;
  }
}

async function person(identity, room, ...argv) {
  const someone = new Person(identity, room, ...argv);
  for (const kind of ['video', 'audio']) if (!argv.includes(`--no-${kind}`)) await someone.heard('published', kind);
  return someone;
}

async function mute(room, identity, someone, muted, kind = 'video') {
  const { sid } = await someone.heard('published', kind);
  const answer = await fetch(`http://127.0.0.1:${port.livekit}/twirp/livekit.RoomService/MutePublishedTrack`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token('test', room, { roomAdmin: true, room })}` },
    body: JSON.stringify({ room, identity, trackSid: sid, muted }),
  });
  check(answer.ok, `${identity} is ${muted ? 'muted' : 'unmuted'}`);
}

// ---------------------------------------------------------------------------------------------------- meetings

const organization = randomUUID();

function meeting(of = organization) {
  const id = randomUUID();
  sql(`insert into meetings (id, organization_id, title, scheduled_start, status, room_name)
       values ('${id}', '${of}', 'Test', now(), 'in_progress', '${id}')`);
  return { id, room: id, of };
}

function request({ id, of }, layout = 'grid', audioOnly = false) {
  const recording = randomUUID();
  const at = Date.now();
  sql(`insert into recordings (id, organization_id, meeting_id, layout, audio_only)
       values ('${recording}', '${of}', '${id}', '${layout}', ${audioOnly});
       select pg_notify('recordings', '${recording}')`);
  return { id: recording, at };
}

const look = ({ id }) =>
  JSON.parse(
    sql(`select row_to_json(r) from (select *, extract(epoch from started_at) * 1000 as started,
         extract(epoch from ended_at) * 1000 as ended from recordings where id = '${id}') r`),
  );

const reach = (recording, status, seconds) =>
  until(`recording ${status}`, () => {
    const row = look(recording);
    if (row.status === 'failed' && status !== 'failed') throw new Error(`failed: ${row.failure_code} ${row.failure_detail}`);
    return row.status === status && row;
  }, seconds);

async function stopRecording(recording) {
  const at = Date.now();
  sql(`update recordings set stop_requested_at = now(), stop_reason = 'host' where id = '${recording.id}';
       select pg_notify('recordings', '${recording.id}')`);
  const row = await reach(recording, 'available', 40);
  return { row, seconds: (Date.now() - at) / 1000 };
}

// ---------------------------------------------------------------------------------------------------- looking

function stored(row) {
  const file = join(work, 's3/baraza', row.object_key);
  const hash = createHash('sha256').update(execFileSync('cat', [file], { maxBuffer: 1 << 30 })).digest('hex');
  check(hash === row.sha256, 'sha256 is that of the file');
  return file;
}

const ffmpeg = (argv) => execFileSync('ffmpeg', ['-v', 'error', ...argv], { maxBuffer: 1 << 30 });

/** The color of a place in the picture at a time in the file. */
function color(file, seconds, [x, y]) {
  const pixel = ffmpeg(['-ss', seconds.toFixed(3), '-i', file, '-frames:v', '1', '-vf', `crop=16:16:${x - 8}:${y - 8},scale=1:1:flags=area`,
    '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
  return [...pixel.subarray(0, 3)];
}

/** The darkest and the brightest point of a part of the picture. */
function contrast(file, seconds, [x, y, width, height]) {
  const gray = ffmpeg(['-ss', seconds.toFixed(3), '-i', file, '-frames:v', '1', '-vf', `crop=${width}:${height}:${x}:${y}`,
    '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
  return [Math.min(...gray), Math.max(...gray)];
}

/** The part of a tile in which its name stands, and that in which the initials of a card stand. */
const nameOf = ([x, y, width, height]) => [x + 4, y + height - 4 - Math.max(16, Math.round((height * 3) / 32)), 60, 16];
const initialsOf = ([x, y, width, height]) => [Math.round(x + width / 3), Math.round(y + height / 3), Math.round(width / 3), Math.round(height / 3)];
/** A point of a card beside its initials. */
const besideOf = ([x, y, width, height]) => [x + width / 8, y + height / 4];

const near = (a, b, slack = 40) => a.every((value, i) => Math.abs(value - b[i]) <= slack);

/**
 * How loud a tone is in half a second of the file, 0 to 1 of its full strength of 8000: in the middle one of five parts, for on
 * a busy machine a packet or two may be late, and in the loudest.
 */
function tone(file, seconds, frequency) {
  const bytes = ffmpeg(['-ss', seconds.toFixed(3), '-t', '0.5', '-i', file, '-vn', '-ac', '1', '-ar', '48000', '-f', 's16le', '-']);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const part = Math.ceil(samples.length / 5);
  const parts = [0, 1, 2, 3, 4].map((n) => goertzel(samples.subarray(n * part, (n + 1) * part), frequency) / 8000);
  parts.sort((a, b) => a - b);
  return { middle: parts[2], most: parts[4] };
}

function goertzel(samples, frequency) {
  let [re, im] = [0, 0];
  for (let n = 0; n < samples.length; n += 1) {
    const angle = (2 * Math.PI * frequency * n) / 48_000;
    re += samples[n] * Math.cos(angle);
    im += samples[n] * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / Math.max(1, samples.length);
}

/** When a tone begins and ends in a file, in seconds; breaks of less than 300 ms are none. */
function sounding(file, frequency) {
  const bytes = ffmpeg(['-i', file, '-vn', '-ac', '1', '-ar', '48000', '-f', 's16le', '-']);
  const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const spans = [];
  for (let at = 0; at + 960 <= pcm.length; at += 480) {
    if (goertzel(pcm.subarray(at, at + 960), frequency) < 2500) continue;
    const [from, to] = [at / 48_000, (at + 960) / 48_000];
    const last = spans.at(-1);
    if (last && from - last[1] < 0.3) last[1] = to;
    else spans.push([from, to]);
  }
  return spans.map((span) => span.map((edge) => round(edge)));
}

/** The files of each person's microphone, once they are all there. */
async function tracksOf(recording) {
  const rows = await until('files of people', () => {
    const found = JSON.parse(sql(`select coalesce(json_agg(t order by starts_ms), '[]') from recording_tracks t where recording_id = '${recording.id}'`));
    return found.length > 0 && found.every((row) => row.sha256) && found;
  });
  return rows.map((row) => {
    const name = `tracks/${String(row.section).padStart(4, '0')}-${String(row.number).padStart(4, '0')}.ogg`;
    const file = join(work, 's3/baraza', look(recording).object_key.replace('.mp4', ''), name);
    check(createHash('sha256').update(readFileSync(file)).digest('hex') === row.sha256, `the hash of ${name}`);
    check(readFileSync(file).length === Number(row.size_bytes), `the size of ${name}`);
    playable(file);
    return { ...row, file };
  });
}

/** Milliseconds by which each beep comes after its flash. */
function offsets(file, [x, y], frequency) {
  const gray = ffmpeg(['-i', file, '-vf', `fps=25,crop=16:16:${x - 8}:${y - 8},scale=1:1:flags=area`, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
  const flashes = [];
  for (let n = 1; n < gray.length; n += 1) if (gray[n] >= 180 && gray[n - 1] < 180) flashes.push(n * 40);
  const bytes = ffmpeg(['-i', file, '-vn', '-ac', '1', '-ar', '48000', '-f', 's16le', '-']);
  const pcm = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  const beeps = [];
  let loud = true;
  for (let at = 0; at + 240 <= pcm.length; at += 240) {
    const now = goertzel(pcm.subarray(at, at + 240), frequency) > 2000;
    if (now && !loud) beeps.push(at / 48);
    loud = now;
  }
  return flashes.flatMap((flash) => {
    const beep = beeps.find((b) => Math.abs(b - flash) < 800);
    return beep === undefined ? [] : [beep - flash];
  });
}

const probe = (file) =>
  JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', file], { encoding: 'utf8' }));

/** Decodes the whole file; throws at the first error. */
function playable(file) {
  const complaints = execFileSync('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  check(complaints === '', 'the file decodes without a warning');
}

let checks = 0;
function check(holds, what) {
  checks += 1;
  if (!holds) throw new Error(`not so: ${what}`);
}

// ---------------------------------------------------------------------------------------------------- the tests

const RED = [192, 32, 32];
const GREEN = [32, 160, 64];
const BLUE = [32, 64, 192];
const hex = (c) => `#${c.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
const one = [[640, 360]];
const two = [[320, 360], [960, 360]];
const three = [[320, 180], [960, 180], [640, 540]];
const THREE = [[0, 0, 640, 360], [640, 0, 640, 360], [320, 360, 640, 360]];

const tests = {
  /** Each picture in its tile, each tone in the sound; who leaves or mutes is gone. */
  async content() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    const row = await reach(recording, 'recording', 10);
    const firstFrame = (row.started - recording.at) / 1000;
    check(firstFrame < 3, `first frame within 3 s of the request (${firstFrame})`);
    await sleep(3000);
    const alone = Date.now() - 1000;
    const ben = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660');
    const cora = await person('cora', m.room, '--color', hex(BLUE), '--frequency', '880', '--size', '1280x720');
    await sleep(3500);
    const all = Date.now() - 1000;
    await mute(m.room, 'cora', cora, true);
    await sleep(3000);
    const muted = Date.now() - 1000;
    await mute(m.room, 'cora', cora, false);
    await sleep(2500);
    const unmuted = Date.now() - 700;
    const left = await ben.leave();
    await sleep(3000);
    const without = Date.now() - 1000;
    const again = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660');
    await sleep(3500);
    const back = Date.now() - 1000;
    const done = await stopRecording(recording);
    await Promise.all([anna.leave(), cora.leave(), again.leave()]);

    const file = stored(done.row);
    playable(file);
    const at = (wall) => (wall - row.started) / 1000;
    const seen = (wall, places, colors) =>
      places.forEach((place, i) => {
        const found = color(file, at(wall), place);
        check(near(found, colors[i]), `tile ${i} at ${at(wall).toFixed(1)} s is ${colors[i]}, found ${found}`);
      });
    seen(alone, one, [RED]);
    seen(all, three, [RED, GREEN, BLUE]);
    seen(muted, three.slice(0, 2), [RED, GREEN]);
    const card = THREE[2];
    const background = color(file, at(muted), besideOf(card));
    check(!near(background, BLUE) && Math.max(...background) > 60, `a card in the place of the muted camera: ${background}`);
    check(contrast(file, at(muted), initialsOf(card))[1] > 200, 'initials on the card');
    for (const [tile, who] of [[THREE[0], 'anna'], [THREE[1], 'ben'], [card, 'cora']]) {
      const [dark, bright] = contrast(file, at(muted), nameOf(tile));
      check(bright > 190 && bright - dark > 100, `the name of ${who}: ${dark} to ${bright}`);
    }
    seen(unmuted, three, [RED, GREEN, BLUE]);
    seen(without, two, [RED, BLUE]);
    seen(back, three, [RED, BLUE, GREEN]);
    const heard = (wall, tones) =>
      Object.entries(tones).forEach(([frequency, present]) => {
        const { middle, most } = tone(file, at(wall), Number(frequency));
        check(present ? middle > 0.5 : most < 0.05, `${frequency} Hz at ${at(wall).toFixed(1)} s: ${middle.toFixed(3)}, at most ${most.toFixed(3)}`);
      });
    heard(alone, { 440: true, 660: false, 880: false });
    heard(all, { 440: true, 660: true, 880: true });
    heard(without, { 440: true, 660: false, 880: true });
    heard(back, { 440: true, 660: true, 880: true });
    const { format, streams } = probe(file);
    const video = streams.find((s) => s.codec_type === 'video');
    const audio = streams.find((s) => s.codec_type === 'audio');
    check(video.codec_name === 'h264' && video.width === 1280 && video.height === 720 && video.avg_frame_rate === '25/1', 'H.264 1280x720 at 25');
    check(audio.codec_name === 'aac' && audio.sample_rate === '48000', 'AAC at 48 kHz');
    const wall = (done.row.ended - done.row.started) / 1000;
    check(Math.abs(Number(format.duration) - wall) < 0.5, `plays ${format.duration} s of ${wall} s`);
    check(done.seconds < 5, `available ${done.seconds} s after the stop`);
    check(done.row.gaps.length === 0, 'no gap');
    return { firstFrame: round(firstFrame), available: round(done.seconds), plays: Number(format.duration), gone: round((without - left) / 1000) };
  },

  /** Who speaks is large, unless a screen is shared; the others stand below. */
  async layouts() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const ben = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660');
    await ben.tell('unpublish audio');
    const recording = request(m, 'screen');
    const row = await reach(recording, 'recording', 10);
    await sleep(4500);
    const annaSpeaks = Date.now() - 500;
    await anna.tell('unpublish audio');
    await ben.tell('publish audio');
    await sleep(5000);
    const benSpeaks = Date.now() - 500;
    const cora = await person('cora', m.room, '--color', hex(BLUE), '--source', 'screen', '--size', '1280x720', '--no-audio');
    const nobody = await person('nobody', m.room, '--no-video', '--no-audio');
    await nobody.heard('joined');
    await sleep(3500);
    const shared = Date.now() - 500;
    await cora.leave();
    await sleep(2500);
    const over = Date.now() - 500;
    const done = await stopRecording(recording);
    await Promise.all([anna, ben, nobody].map((p) => p.leave()));
    const file = stored(done.row);
    playable(file);
    const at = (wall) => (wall - row.started) / 1000;
    const seen = (wall, places) =>
      places.forEach(([place, expected]) => {
        const found = color(file, at(wall), place);
        check(near(found, expected), `${place} at ${at(wall).toFixed(1)} s is ${expected}, found ${found}`);
      });
    const large = [640, 288];
    const strip = (count, n) => [640 + (n - (count - 1) / 2) * 256, 648];
    seen(annaSpeaks, [[large, RED], [strip(1, 0), GREEN]]);
    seen(benSpeaks, [[large, GREEN], [strip(1, 0), RED]]);
    seen(shared, [[large, BLUE], [strip(4, 0), RED], [strip(4, 1), GREEN]]);
    seen(over, [[large, GREEN], [strip(2, 0), RED]]);
    const tile = (n) => [128 + n * 256, 576, 256, 144];
    check(contrast(file, at(shared), initialsOf(tile(2)))[1] > 200, 'the card of somebody who shares but has no camera');
    check(contrast(file, at(shared), initialsOf(tile(3)))[1] > 200, 'the outline of somebody without a name');
    check(contrast(file, at(shared), nameOf(tile(3)))[1] < 150, 'no name where there is none');
    return { available: round(done.seconds) };
  },

  /** Every codec that a client may choose, and a line that changes its codec; a grid gives a screen the larger part. */
  async codecs() {
    const m = meeting();
    const recording = request(m);
    const row = await reach(recording, 'recording', 10);
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440', '--codec', 'h264', '--no-audio');
    const ben = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660', '--codec', 'vp9', '--no-audio');
    await sleep(4000);
    const both = Date.now() - 500;
    await ben.leave();
    const cora = await person('cora', m.room, '--color', hex(BLUE), '--source', 'screen', '--size', '1280x720', '--no-audio');
    await sleep(4000);
    const again = Date.now() - 500;
    const done = await stopRecording(recording);
    await Promise.all([anna.leave(), cora.leave()]);
    const file = stored(done.row);
    playable(file);
    const at = (wall) => (wall - row.started) / 1000;
    for (const [wall, place, expected, what] of [
      [both, two[0], RED, 'H.264'],
      [both, two[1], GREEN, 'VP9'],
      [again, [480, 360], BLUE, 'VP8 where VP9 was'],
      [again, [1120, 270], RED, 'H.264 beside the screen'],
    ]) {
      const found = color(file, at(wall), place);
      check(near(found, expected), `${what} at ${at(wall).toFixed(1)} s is ${expected}, found ${found}`);
    }
    check(done.row.gaps.length === 0, 'no gap where a line changes its codec');
    return { available: round(done.seconds) };
  },

  /** What happens in a pause is not in the file, and nothing shows where it was. Stills of the file are beside it. */
  async pause() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    const row = await reach(recording, 'recording', 10);
    await sleep(5000);
    const paused = Date.now();
    sql(`update recordings set paused_at = now() where id = '${recording.id}'; select pg_notify('recordings', '${recording.id}')`);
    await sleep(1000);
    const ben = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660');
    await sleep(2000);
    await ben.leave();
    await sleep(1500);
    sql(`update recordings set paused_at = null, pauses = jsonb_build_array(jsonb_build_object('from', paused_at, 'to', now()))
         where id = '${recording.id}'; select pg_notify('recordings', '${recording.id}')`);
    const resumed = Date.now();
    await sleep(5000);
    const done = await stopRecording(recording);
    await anna.leave();
    const file = stored(done.row);
    playable(file);
    const plays = Number(probe(file).format.duration);
    const wall = (done.row.ended - row.started - (resumed - paused)) / 1000;
    check(Math.abs(plays - wall) < 0.7, `plays ${plays} s of ${wall} s without the pause`);
    check(done.row.gaps.length === 0, 'a pause is no gap');
    for (let t = 2; t < plays - 0.3; t += 0.5) {
      check(near(color(file, t, two[1]), RED), `nothing of the pause at ${t} s: ${color(file, t, two[1])}`);
      if (t < plays - 0.6) check(tone(file, t, 660).most < 0.05, `no sound of the pause at ${t} s`);
    }
    const cut = (paused - row.started) / 1000;
    check(tone(file, cut - 0.25, 440).middle > 0.5, 'the tone goes on over the pause');
    const still = async (name, width, height) => {
      const picture = join(work, 's3/baraza', done.row.object_key).replace('.mp4', name);
      await until(name, () => existsSync(picture), 10);
      const [stream] = probe(picture).streams;
      check(stream.width === width && stream.height === height, `${name} is ${stream.width}x${stream.height}`);
      return picture;
    };
    const poster = await still('.jpg', 640, 360);
    check(near(color(poster, 0, [320, 180]), RED), `the poster shows the picture: ${color(poster, 0, [320, 180])}`);
    const thumbnails = await still('.thumbnails.jpg', 1600, 90);
    check(near(color(poster, 0, [320, 180]), RED, 20), 'and its colors');
    if (plays > 10) check(near(color(thumbnails, 0, [240, 45]), RED), 'the second small picture shows the second ten seconds');
    return { plays, pause: (resumed - paused) / 1000, available: round(done.seconds) };
  },

  /** Each person's microphone is a file of its own that stands where it does in the recording. */
  async voices() {
    const of = randomUUID();
    sql(`insert into organizations (id, name, slug, settings) values ('${of}', 'Voices', 'voices', '{"transcripts": true}')`);
    const m = meeting(of);
    const [member, guest] = [randomUUID(), `guest:${randomUUID()}`];
    const anna = await person(member, m.room, '--no-video', '--frequency', '440');
    const recording = request(m);
    await reach(recording, 'recording', 10);
    await sleep(12_500);
    // The handler is killed; what another has of everybody is a file of its own.
    const second = startEgress();
    await sleep(1500);
    await stop(holderOf(recording), 'SIGKILL');
    await until('taken over', () => look(recording).gaps.length > 0, 15);
    await sleep(1500);
    const ben = await person(guest, m.room, '--no-video', '--frequency', '660');
    await sleep(3000);
    await mute(m.room, guest, ben, true, 'audio');
    await sleep(2500);
    await mute(m.room, guest, ben, false, 'audio');
    await sleep(2000);
    sql(`update recordings set paused_at = now() where id = '${recording.id}'; select pg_notify('recordings', '${recording.id}')`);
    await sleep(3000);
    sql(`update recordings set paused_at = null, pauses = jsonb_build_array(jsonb_build_object('from', paused_at, 'to', now()))
         where id = '${recording.id}'; select pg_notify('recordings', '${recording.id}')`);
    await sleep(2000);
    await mute(m.room, guest, ben, true, 'audio');
    await sleep(2000);
    await mute(m.room, guest, ben, false, 'audio');
    await sleep(2000);
    const done = await stopRecording(recording);
    await Promise.all([anna.leave(), ben.leave()]);
    check(second.exitCode === null, 'the second handler lives');
    const whole = stored(done.row);
    const tracks = await tracksOf(recording);
    const left = execFileSync('find', [join(work, 's3/baraza/organizations', of), '-path', '*tracks*.part'], { encoding: 'utf8' });
    check(left === '', `no piece is left in the vault: ${left}`);
    const [before, after] = tracks.filter((row) => row.identity === member);
    check(before?.user_id === member && before.duration_ms > 8000 && after?.section > before.section, 'two files of the member');
    const [end, next] = [before.starts_ms + before.duration_ms, after.starts_ms];
    // A piece is safe a little before or after the recording's own.
    check(before.starts_ms < 2500 && next > end - 2500 && next < end + 10_000, `at most 10 s of a file are lost: ${before.starts_ms} to ${end}, then ${next}`);
    const own = tracks.filter((row) => row.identity === guest);
    check(own.length === 1 && own[0].guest_id === guest.replace('guest:', ''), `one file of the guest: ${own.length}`);
    check(sounding(own[0].file, 440).length === 0 && sounding(before.file, 660).length === 0, 'nobody else is in a file');
    const alone = sounding(own[0].file, 660).map((span) => span.map((edge) => edge + own[0].starts_ms / 1000));
    const mixed = sounding(whole, 660);
    check(alone.length === mixed.length && alone.length === 3, `as often: ${JSON.stringify(alone)} and ${JSON.stringify(mixed)}`);
    // The first edge is that of a new line, whose first packets come to the mixer later than any other's.
    const edges = alone.flat().map((edge, n) => edge - mixed.flat()[n]);
    const worst = Math.max(...edges.map(Math.abs));
    check(worst < 0.1, `at most 100 ms beside the recording: ${JSON.stringify(alone)} and ${JSON.stringify(mixed)}`);
    return { files: tracks.length, bytes: tracks.map((row) => row.size_bytes), first: round(edges[0]), worst: round(worst), available: round(done.seconds) };
  },

  /** Sound and picture together. */
  async sync() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', '#101010', '--frequency', '1000', '--pulse', '--fps', '25');
    const recording = request(m);
    await reach(recording, 'recording', 10);
    await sleep(16_000);
    const done = await stopRecording(recording);
    await anna.leave();
    const found = offsets(stored(done.row), [640, 360], 1000).sort((a, b) => a - b);
    check(found.length >= 5, `${found.length} pulses found`);
    const worst = Math.max(...found.map(Math.abs));
    check(worst < 100, `sound and picture at most 100 ms apart: ${found}`);
    return { pulses: found.length, median: found[found.length >> 1], worst };
  },

  /** Ten are wanted at once, two handlers have room for four: the others wait, and none is lost. */
  async queue() {
    const second = startEgress();
    const rooms = Array.from({ length: 10 }, () => meeting());
    const people = [];
    for (const [n, m] of rooms.entries()) people.push(new Person(`p${n}`, m.room, '--no-video', '--no-audio'));
    await Promise.all(people.map((someone) => someone.heard('joined')));
    const recordings = rooms.map((m) => request(m, 'grid', true));
    const of = (status) => recordings.filter((recording) => look(recording).status === status);
    await until('four run', () => of('recording').length === 4, 20);
    await sleep(2500);
    check(of('recording').length === 4 && of('requested').length === 6, 'four run and six wait');
    const shown = sql('select string_agg(running || \'/\' || capacity, \',\') from egress_handlers where last_seen_at > now() - interval \'5 seconds\'');
    check(shown === '2/2,2/2', `both handlers are shown as busy: ${shown}`);
    const asked = recordings.map((recording) => recording.id);
    const began = [];
    while (began.length < 10) {
      const running = await until('more run', () => of('recording').find((recording) => !began.includes(recording.id)), 20);
      began.push(running.id);
      check(of('recording').length + of('starting').length + of('finalizing').length <= 4, 'never more than four');
      await stopRecording(running);
    }
    check(of('available').length === 10, 'all ten are there');
    check(began.slice(0, 4).every((id) => asked.indexOf(id) < 4), 'who asked first was first');
    for (const recording of recordings) playable(stored(look(recording)));
    for (const someone of people) someone.tell('leave');
    await stop(second);
    return { all: of('available').length };
  },

  /** The handler is killed three times; each time another goes on. */
  async takeover() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    const row = await reach(recording, 'recording', 10);
    const states = watchStates(recording);
    const killed = [];
    for (let n = 1; n <= 3; n += 1) {
      startEgress();
      await sleep(5500);
      killed.push(Date.now());
      await stop(holderOf(recording), 'SIGKILL');
      await until('taken over', () => look(recording).gaps.length === n, 15);
    }
    await sleep(4500);
    const seen = states();
    check(seen.every((state) => state === 'recording'), `it is recording all the time: ${seen}`);
    const done = await stopRecording(recording);
    await anna.leave();
    const missing = done.row.gaps.map((gap) => (Date.parse(gap.to) - Date.parse(gap.from)) / 1000);
    check(missing.length === 3 && missing.every((seconds) => seconds < 10), `at most 10 s are missing each time: ${missing}`);
    done.row.gaps.forEach((gap, n) =>
      check(Date.parse(gap.from) <= killed[n] && Date.parse(gap.to) >= killed[n], 'a gap is where the handler was killed'));
    const file = stored(done.row);
    playable(file);
    const plays = Number(probe(file).format.duration);
    const wall = (done.row.ended - row.started) / 1000;
    const lost = missing.reduce((sum, seconds) => sum + seconds, 0);
    check(Math.abs(plays + lost - wall) < 0.9, `${plays} s play and ${lost} s are missing of ${wall} s`);
    for (const t of [2, plays - 2]) {
      check(near(color(file, t, one[0]), RED), `red at ${t}`);
      check(tone(file, t, 440).middle > 0.5, `the tone at ${t}`);
    }
    return { missing: missing.map((seconds) => round(seconds)), available: round(done.seconds), plays };
  },

  /** The handler is told to stop; another goes on. */
  async handover() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    await reach(recording, 'recording', 10);
    await sleep(5000);
    const victim = holderOf(recording);
    startEgress();
    await sleep(1500);
    await stop(victim);
    await until('taken over', () => look(recording).gaps.length > 0, 15);
    await sleep(4000);
    const done = await stopRecording(recording);
    await anna.leave();
    const [gap] = done.row.gaps;
    const missing = (Date.parse(gap.to) - Date.parse(gap.from)) / 1000;
    check(missing < 5, `${missing} s are missing`);
    playable(stored(done.row));
    return { missing: round(missing) };
  },

  /** The store is away for a minute. Who has a disk goes on; whose disk is full ends with what there is, and says why. */
  async vault() {
    const small = join(work, 'small');
    mkdirSync(small);
    let mounted = true;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', small], { stdio: 'pipe' });
    } catch (error) {
      mounted = false;
      console.log(`skipped a full disk: no file system can be mounted here (${String(error.stderr).trim()})`);
    }
    try {
      const [first] = egresses();
      const m = meeting();
      const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
      const tight = meeting();
      const ben = mounted && (await person('ben', tight.room, '--no-video', '--frequency', '660'));
      if (mounted) await stop(first);
      const full = mounted && startEgress({ BARAZA__RECORDER__SPOOL_DIR: small, BARAZA__RECORDER__CAPACITY: '1' });
      const second = mounted && request(tight, 'grid', true);
      if (mounted) await reach(second, 'recording', 15);
      if (mounted) startEgress();
      const recording = request(m);
      const row = await reach(recording, 'recording', 15);
      await sleep(3000);
      const states = watchStates(recording);
      const away = Date.now();
      await stop(parts.s3, 'SIGKILL');
      await until('shown as away', () => sql('select bool_and(not vault_reachable) from egress_handlers') === 't', 20);
      const ended = mounted && (await reach(second, 'finalizing', 90));
      const kept = mounted && Number(sql("select min(free_bytes) from egress_handlers"));
      await sleep(Math.max(0, 60_000 - (Date.now() - away)));
      const seconds = (Date.now() - away) / 1000;
      parts.s3 = startS3();
      await sleep(5000);
      check(states().every((state) => state === 'recording'), 'it is recording all the time');
      const done = await stopRecording(recording);
      await anna.leave();
      const plays = Number(probe(stored(done.row)).format.duration);
      playable(stored(done.row));
      const wall = (done.row.ended - row.started) / 1000;
      check(done.row.gaps.length === 0 && Math.abs(plays - wall) < 0.5, `nothing is missing: ${plays} of ${wall} s`);
      if (!mounted) return { away: seconds, plays, available: round(done.seconds) };
      check(ended.stop_reason === 'disk_full', `ended because of ${ended.stop_reason}`);
      check(kept < 64 * 1024, `${kept} bytes are shown as free`);
      const short = await reach(second, 'available', 20);
      playable(stored(short));
      const lasts = (short.ended - short.started) / 1000;
      check(Math.abs(Number(probe(stored(short)).format.duration) - lasts) < 0.5 && lasts > 50, `${lasts} s of before the disk was full`);
      await ben.leave();
      await stop(full);
      return { away: seconds, plays, available: round(done.seconds), fullAfter: round(lasts) };
    } finally {
      if (mounted) execFileSync('umount', ['-l', small], { stdio: 'pipe' });
    }
  },

  /** The database is restarted. */
  async database() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    const row = await reach(recording, 'recording', 10);
    await sleep(4000);
    stopPostgres();
    await sleep(8000);
    startPostgres();
    await sleep(5000);
    const done = await stopRecording(recording);
    await anna.leave();
    const file = stored(done.row);
    playable(file);
    const plays = Number(probe(file).format.duration);
    const wall = (done.row.ended - row.started) / 1000;
    check(done.row.gaps.length === 0 && Math.abs(plays - wall) < 0.5, `nothing is missing: ${plays} of ${wall} s`);
    return { away: 8, plays, available: round(done.seconds) };
  },

  /** The media server is restarted. */
  async livekit() {
    const m = meeting();
    const anna = await person('anna', m.room, '--color', hex(RED), '--frequency', '440');
    const recording = request(m);
    await reach(recording, 'recording', 10);
    await sleep(4000);
    const killed = Date.now();
    await stop(parts.livekit, 'SIGKILL');
    anna.child.kill('SIGKILL');
    await sleep(2000);
    parts.livekit = startLiveKit();
    await until('media server', () => taken(port.livekit));
    const ben = await person('ben', m.room, '--color', hex(GREEN), '--frequency', '660');
    await until('back in the room', () => look(recording).gaps.length > 0, 20);
    await sleep(4000);
    const seen = Date.now() - 1000;
    const done = await stopRecording(recording);
    await ben.leave();
    const file = stored(done.row);
    playable(file);
    const at = (seen - done.row.started) / 1000;
    check(near(color(file, at, one[0]), GREEN), `green after the restart, found ${color(file, at, one[0])}`);
    check(tone(file, at, 660).middle > 0.5, 'the tone after the restart');
    const [gap] = done.row.gaps;
    return { missing: round((Date.parse(gap.to) - Math.max(killed, Date.parse(gap.from))) / 1000) };
  },

  /** Nobody is there, then the meeting is over. */
  async ends() {
    const empty = meeting();
    const anna = await person('anna', empty.room, '--no-video');
    const first = request(empty);
    await reach(first, 'recording', 10);
    await sleep(1500);
    await anna.leave();
    const left = Date.now();
    const row = await reach(first, 'available', 20);
    check(row.stop_reason === 'room_empty', `stopped because of ${row.stop_reason}`);
    playable(stored(row));
    const over = meeting();
    const ben = await person('ben', over.room, '--no-audio');
    const second = request(over);
    await reach(second, 'recording', 10);
    await sleep(2500);
    const ended = Date.now();
    sql(`set app.actor = 'system'; update meetings set status = 'completed' where id = '${over.id}'`);
    const end = await reach(second, 'available', 20);
    const seconds = (Date.now() - ended) / 1000;
    await ben.leave();
    check(end.stop_reason === 'meeting_ended', `stopped because of ${end.stop_reason}`);
    check(seconds < 6, `available ${seconds} s after the meeting`);
    playable(stored(end));
    return { afterEmpty: round((row.ended - left) / 1000), afterMeeting: round(seconds) };
  },

  /** What a minute with four cameras costs. Only when it is asked for. */
  async cost() {
    const m = meeting();
    const people = await Promise.all(
      [RED, GREEN, BLUE, [128, 128, 128]].map((c, i) => person(`p${i}`, m.room, '--color', hex(c), '--frequency', String(440 + 110 * i), '--fps', '25')),
    );
    const recording = request(m);
    await reach(recording, 'recording', 10);
    await sleep(4000);
    const holder = look(recording).leased_by;
    const handler = [...children].filter((c) => c.spawnfile === program.egress).find((c) => handlerOf(c) === holder);
    const spent = () => {
      const fields = readFileSync(`/proc/${handler.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    };
    const [from, since] = [spent(), Date.now()];
    await sleep(20_000);
    const perMinute = ((spent() - from) / (Date.now() - since)) * 60_000;
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${handler.pid}/status`, 'utf8'))[1]) / 1024;
    await stopRecording(recording);
    await Promise.all(people.map((p) => p.leave()));
    return { cpuSecondsPerMinute: round(perMinute, 1), megabytes: round(memory, 0) };
  },

  /** Pieces are deleted once the file is there, and folders of handlers that are gone; rooms and pages were told of every state. */
  async traces() {
    const folders = () => readdirSync(join(work, 'spool')).filter((name) => name !== 'gate').sort();
    const living = () => egresses().map(handlerOf).sort();
    await until('folders of handlers that are gone removed', () => `${folders()}` === `${living()}`, 45);
    await until('pieces deleted', () => sql('select count(*) from recording_segments') === '0', 30);
    const told = sql("select string_agg(distinct data->>'status', ',') from meeting_events where event = 'recording.updated'");
    for (const state of ['starting', 'recording', 'finalizing', 'available']) check(told.includes(state), `${state} was told`);
    const left = execFileSync('find', [join(work, 's3/baraza/organizations'), '-name', '*.part'], { encoding: 'utf8' });
    check(left === '', 'no piece is left in the vault');
    return { told, folders: folders().length };
  },
};

const egresses = () => [...children].filter((c) => c.spawnfile === program.egress);

/** The handler that works on a recording now. */
function holderOf(recording) {
  const holder = look(recording).leased_by;
  return egresses().find((c) => handlerOf(c) === holder);
}

/** Looks again and again what is shown of a recording; gives what was. */
function watchStates(recording) {
  const seen = [];
  const timer = setInterval(() => seen.push(look(recording).status), 400);
  return () => {
    clearInterval(timer);
    check(seen.length > 0, 'it was looked');
    return seen;
  };
}

/** The id under which a handler works, from its log. */
function handlerOf(child) {
  const lines = readFileSync(join(work, child.logName), 'utf8').split('\n');
  return lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : {})).find((line) => line.handler)?.handler;
}

// ---------------------------------------------------------------------------------------------------- run

const parts = {};
let failed = false;

/** What waits most of its time runs beside the others, with parts of its own, once those are through that listen closely. */
const BESIDE = ['vault'];
const FROM = 'takeover';

function runBeside() {
  const argv = [fileURLToPath(import.meta.url), '--only', BESIDE.join(','), ...(args.keep ? ['--keep'] : [])];
  const child = spawn(process.execPath, argv, { env: { ...process.env, BASE_PORT: String(base + 10) }, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  return new Promise((done) => child.on('exit', (code) => done({ said, code })));
}

let beside;
try {
  mkdirSync(pgData);
  if (process.getuid() === 0) {
    const id = (what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
    chownSync(pgData, id('-u'), id('-g'));
  }
  asPostgres(join(program.pg, 'initdb'), ['-D', pgData, '-A', 'trust', '-U', 'postgres']);
  startPostgres();
  execFileSync(join(program.pg, 'createdb'), ['-h', '127.0.0.1', '-p', String(port.postgres), '-U', 'postgres', 'baraza']);
  const migrations = readdirSync(join(root, 'migrations')).filter((name) => name.endsWith('.sql')).sort();
  for (const name of migrations) {
    execFileSync(join(program.pg, 'psql'), ['-h', '127.0.0.1', '-p', String(port.postgres), '-U', 'postgres', '-d', 'baraza', '-q', '-1',
      '-v', 'ON_ERROR_STOP=1', '-f', join(root, 'migrations', name)], { stdio: 'pipe' });
  }
  sql(`create role baraza login in role baraza_app;
       insert into organizations (id, name, slug) values ('${organization}', 'Test', 'test')`);
  parts.s3 = startS3();
  parts.livekit = startLiveKit();
  await until('parts', async () => (await taken(port.s3)) && (await taken(port.livekit)));
  const doctor = execFileSync(program.egress, ['doctor'], { env: { ...process.env, ...egressEnv }, encoding: 'utf8' });
  process.stdout.write(doctor);
  startEgress();
  const wanted = args.only?.split(',') ?? Object.keys(tests).filter((name) => name !== 'cost' && !BESIDE.includes(name));
  for (const name of wanted) {
    if (!args.only && name === FROM) beside = runBeside();
    const start = Date.now();
    try {
      const measured = await tests[name]();
      console.log(`ok      ${name} (${round((Date.now() - start) / 1000, 1)} s) ${JSON.stringify(measured)}`);
    } catch (error) {
      failed = true;
      console.log(`FAILED  ${name}: ${error.message}`);
    }
  }
  console.log(`${checks} checks`);
  const other = await beside;
  if (other) process.stdout.write(`beside:\n${other.said}`);
  failed ||= other !== undefined && other.code !== 0;
} finally {
  for (const child of [...children]) child.kill(child.spawnfile === program.egress ? 'SIGTERM' : 'SIGKILL');
  await Promise.race([Promise.all([...children].map((child) => child.gone)), sleep(3000)]);
  try {
    stopPostgres();
  } catch {
    // It did not start.
  }
  if (args.keep || failed) console.log(`kept: ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
