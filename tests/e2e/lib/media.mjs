// Looking at a recording with ffmpeg, as a person would with eyes and ears.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUT = resolve(import.meta.dirname, '../out');
const options = { encoding: 'buffer', maxBuffer: 1 << 30 };

/** Downloads a recording and checks that it is what the recording says. */
export async function save(api, recording) {
  const response = await api.raw('GET', `/recordings/${recording.id}/download`);
  if (!response.ok) throw new Error(`download: ${response.status} ${await response.text()}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== recording.sha256) throw new Error(`the file is ${sha256}, the recording says ${recording.sha256}`);
  if (bytes.length !== recording.size_bytes) throw new Error('the file has another size than the recording says');
  await mkdir(OUT, { recursive: true });
  const file = join(OUT, `${recording.id}.mp4`);
  await writeFile(file, bytes);
  return file;
}

/** What ffprobe says about the container and its streams. */
export async function probe(file) {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', file]);
  return JSON.parse(stdout);
}

/** Seconds that really can be decoded, not what a header claims. */
export async function durationOf(file) {
  const { stderr } = await run('ffmpeg', ['-v', 'info', '-i', file, '-f', 'null', '-']);
  const times = [...stderr.matchAll(/time=(\d+):(\d+):([\d.]+)/g)];
  const [, hours, minutes, seconds] = times.at(-1);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

const GRID = { width: 64, height: 36 };

/** The picture at one moment, made small: rows of [r, g, b]. */
export async function pictureAt(file, seconds) {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-ss', String(seconds), '-i', file, '-frames:v', '1',
      '-vf', `scale=${GRID.width}:${GRID.height}:flags=area`, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'],
    options,
  );
  return Array.from({ length: GRID.height }, (_, row) =>
    Array.from({ length: GRID.width }, (_, column) => [...stdout.subarray((row * GRID.width + column) * 3).subarray(0, 3)]),
  );
}

const rgb = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

/** Where a color stands in a picture: its share of it, and the middle of it, both from 0 to 1. */
export function find(picture, color, tolerance = 40) {
  const [r, g, b] = rgb(color);
  let count = 0;
  let x = 0;
  let y = 0;
  for (const [row, line] of picture.entries()) {
    for (const [column, [red, green, blue]] of line.entries()) {
      if (Math.max(Math.abs(red - r), Math.abs(green - g), Math.abs(blue - b)) > tolerance) continue;
      count += 1;
      x += column;
      y += row;
    }
  }
  return { share: count / (GRID.width * GRID.height), x: x / count / GRID.width, y: y / count / GRID.height };
}

const RATE = 16_000;

/** The sound as numbers from -1 to 1. */
export async function soundOf(file) {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-vn', '-ac', '1', '-ar', String(RATE), '-af', 'aresample=async=1:first_pts=0', '-f', 'f32le', '-'],
    options,
  );
  return new Float32Array(stdout.buffer, stdout.byteOffset, stdout.length / 4);
}

/** How loud one frequency is within a stretch of the sound (Goertzel), as an amplitude. */
export function loudness(sound, frequency, from, to) {
  const samples = sound.subarray(Math.round(from * RATE), Math.round(to * RATE));
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / RATE);
  let last = 0;
  let before = 0;
  for (const sample of samples) [last, before] = [sample + coefficient * last - before, last];
  return (2 * Math.sqrt(last * last + before * before - coefficient * last * before)) / samples.length;
}
