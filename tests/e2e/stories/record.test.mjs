// What a meeting leaves behind: who was there when, who spoke, who shared a screen, as chart, timeline and file.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

let up;
let browser;
let council;
let meeting;
let quiet;
let host;
let member;
/** What the pages told of speaking: whose, and how it was answered. */
const told = [];

/** Runs in the page: a tone of six seconds in nine stands for a voice, a canvas for a screen. */
function voiceAndScreen() {
  const devices = navigator.mediaDevices;
  const capture = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await capture(constraints);
    for (const track of stream.getAudioTracks()) {
      const context = new AudioContext();
      const [tone, voice, out] = [context.createOscillator(), context.createGain(), context.createMediaStreamDestination()];
      tone.connect(voice).connect(out);
      tone.start();
      const end = context.currentTime + 300;
      for (let at = context.currentTime; at < end; at += 9) {
        voice.gain.setValueAtTime(0.5, at);
        voice.gain.setValueAtTime(0, at + 6);
      }
      stream.removeTrack(track);
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
    return stream;
  };
  devices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d');
    setInterval(() => {
      context.fillStyle = `hsl(${(Date.now() / 20) % 360} 80% 60%)`;
      context.fillRect(0, 0, 640, 360);
    }, 100);
    return canvas.captureStream(10);
  };
}

before(async () => {
  up = await Up.start({ env: { BARAZA__RECONCILE__INTERVAL: '5' } });
  browser = await launch();
  council = await Council.found(up, { members: 1 });
  meeting = await council.schedule({ title: 'Council of elders' });
  host = await person(browser, up.url);
  await host.addInitScript(voiceAndScreen);
  member = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
  for (const [who, page] of Object.entries({ host, member })) {
    page.on('response', (response) => {
      if (response.url().endsWith('/speaking')) told.push({ who, status: response.status() });
    });
  }
});
afterEach(async (t) => {
  await pictures(`record-${t.name.replaceAll(/\W+/g, '-')}`, host, member).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const control = (page, name) => page.getByRole('toolbar', { name: 'Controls' }).getByRole('button', { name, exact: true });
const story = (kind) => council.host.all(`/meetings/${meeting.id}/timeline?limit=200&kind=${kind}`);

step('before they enter, people read that their speaking time is noted', async () => {
  await Promise.all([signIn(host, 'host@example.org'), signIn(member, 'member.1@example.org')]);
  await host.goto(`/meetings/${meeting.id}`);
  await host.getByText('How long you speak is noted for the attendance.').waitFor();
  await enter(host, meeting);
  await member.goto(`/meetings/${meeting.id}`);
  await button(member, 'Mute microphone').click();
  await button(member, 'Join meeting').click();
  await member.getByRole('toolbar', { name: 'Controls' }).waitFor();
});

step('the host speaks and shares a screen; the member keeps silent', async () => {
  await control(host, 'Share screen').click();
  await until('the screen is told of', async () => (await story('screen')).some(({ kind }) => kind === 'screen.shared'));
  // The page tells of it every half a minute.
  await until('the page tells that its person speaks', () => told.some(({ who, status }) => who === 'host' && status === 204), {
    seconds: 45,
  });
  await control(host, 'Stop sharing').click();
  await until('the end of it is told of', async () => (await story('screen')).some(({ kind }) => kind === 'screen.unshared'));
  const [shared, unshared] = await story('screen');
  assert.equal(shared.actor.id, council.host.userId);
  assert.equal(Date.parse(shared.data.until), Date.parse(unshared.at));
}, { timeout: 120_000 });

step('whoever leaves while they speak has told the rest', async () => {
  const before = told.length;
  await pass(4);
  await button(member, 'Leave').click();
  await button(host, 'Leave').click();
  await until('it was told on the way out', () => told.slice(before).some(({ who, status }) => who === 'host' && status === 204));
  assert.ok(told.every(({ who, status }) => who === 'host' && status === 204), JSON.stringify(told));
  await until('nobody is there', async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
    return items.every(({ spans }) => spans.every(({ left_at }) => left_at));
  }, { seconds: 60 });
  const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
  const [silent, speaker] = items.toSorted((a, b) => a.speaking_seconds - b.speaking_seconds);
  assert.equal(silent.user.name, 'Member 1');
  assert.equal(silent.speaking_seconds, 0);
  const spoken = await story('attendance.spoke');
  const sum = spoken.reduce((seconds, { data }) => seconds + data.seconds, 0);
  assert.ok(Math.abs(sum - speaker.speaking_seconds) < 0.01, `${sum} of ${speaker.speaking_seconds}`);
  assert.ok(sum > 10 && sum <= speaker.duration_seconds, `spoke ${sum} of ${speaker.duration_seconds}`);
}, { timeout: 120_000 });

step('the chart shows it, on a desk and on a phone, in light and dark', async () => {
  const phone = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
  await signIn(phone, 'host@example.org');
  for (const page of [host, phone]) {
    await page.goto(`/meetings/${meeting.id}/details?tab=attendance`);
    const chart = page.getByRole('figure', { name: 'Who was there when' });
    await chart.waitFor();
    assert.equal(await chart.getByRole('listitem').count(), 2);
    await until('the marks are there', async () => /Spoke: .*; shared a screen once/.test(await chart.innerText()));
    for (const scheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme: scheme });
      await pass(0.5);
      assert.deepEqual(await faultsOf(page), [], scheme);
      await pictures(`record-chart-${scheme}-${page === host ? 'desk' : 'phone'}`, page);
    }
  }
});

step('the timeline tells it, for one person or one kind, and is saved', async () => {
  await until('it is over', async () => (await council.host.get(`/meetings/${meeting.id}`)).status === 'completed', { seconds: 60 });
  await host.goto(`/meetings/${meeting.id}/details?tab=timeline`);
  await host.getByText(/^Spoke: /).first().waitFor();
  for (const text of ['Scheduled', 'Came', 'Shared a screen', 'Stopped sharing', 'Left', 'Ended']) {
    await host.getByText(text, { exact: true }).first().waitFor();
  }
  assert.equal(await host.getByText(/^[a-z]+\.[a-z_.]+$/).count(), 0, 'everything has words');
  assert.deepEqual(await faultsOf(host), []);
  await pictures('record-timeline', host);
  const [download] = await Promise.all([host.waitForEvent('download'), button(host, 'Export JSON').click()]);
  const { items } = JSON.parse(await readFile(await download.path(), 'utf8'));
  const kinds = new Set(items.map(({ kind }) => kind));
  for (const kind of ['meeting.created', 'attendance.joined', 'attendance.spoke', 'screen.shared', 'meeting.ended', 'timeline.exported']) {
    assert.ok(kinds.has(kind), `${kind} in ${[...kinds]}`);
  }
  await host.getByRole('textbox', { name: 'Who' }).or(host.getByRole('combobox', { name: 'Who' })).first().click();
  await host.getByRole('option', { name: 'Member 1' }).click();
  await until('only the member is left', async () => (await host.getByText(/^Spoke: /).count()) === 0);
  await host.getByText('Came', { exact: true }).first().waitFor();
  await host.getByText('Shared screens', { exact: true }).click();
  await host.getByText('Nothing has happened yet').waitFor();
});

step('an organization that does not want to know is not told', async () => {
  await council.host.patch(`/organizations/${council.id}/settings`, { measure_speaking: false });
  quiet = await council.schedule({ title: 'Quiet' });
  const before = told.length;
  await host.goto(`/meetings/${quiet.id}`);
  await button(host, 'Join meeting').waitFor();
  await pass(1);
  assert.equal(await host.getByText('How long you speak is noted for the attendance.').count(), 0);
  await button(host, 'Join meeting').click();
  await host.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await pass(6);
  await host.goto('/meetings');
  await pass(1);
  assert.equal(told.length, before);
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...member.complaints], []);
});
