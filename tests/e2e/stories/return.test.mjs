// Coming back: whatever breaks, the person is in the room again by themselves; a second device takes over or joins
// beside, as the person says; and afterwards nobody is in the record who was not there.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, loudest, person, pictures, plays } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step, tile } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

/** So soon one is back, in seconds. */
const BACK = 10;
/** LiveKit takes a token for so much longer than it says, in seconds. */
const LEEWAY = 60;

let up;
let browsers;
let council;
let meeting;
let host;
let laptop;
let phone;
let signaling;
let expired;

before(async () => {
  up = await Up.start({ env: { BARAZA__RECONCILE__INTERVAL: '5', BARAZA__TOKENS__JOIN_TOKEN_TTL: '5' } });
  // One browser's pages share a camera, which two of them must not start anew at the same moment.
  browsers = await Promise.all([launch(), launch()]);
  council = await Council.found(up, { members: 1 });
  meeting = await council.schedule({ title: 'Harvest plan' });
  host = await person(browsers[0], up.url);
  laptop = await person(browsers[1], up.url);
  phone = await person(browsers[1], up.url, { viewport: { width: 390, height: 844 } });
  signaling = await signalingOf(laptop);
});
afterEach(async (t) => {
  await pictures(`return-${t.name.replaceAll(/\W+/g, '-')}`, host, laptop, phone).catch(() => {});
});
after(async () => {
  await Promise.all((browsers ?? []).map((browser) => browser.close()));
  await up?.end();
});

/** The page's way to the servers, which can be cut: what is connected breaks, and nothing new gets through. */
async function signalingOf(page) {
  const wires = new Set();
  await page.routeWebSocket(/\/rtc/, (near) => {
    wires.add([near, near.connectToServer()]);
  });
  return {
    cut: async () => {
      await page.context().setOffline(true);
      for (const wire of wires) await Promise.all(wire.map((end) => end.close({ code: 4000 })));
      wires.clear();
    },
    mend: () => page.context().setOffline(false),
  };
}

const controls = (page) => page.getByRole('toolbar', { name: 'Controls' });

const pictureOf = (name) => tile(host, name).locator('video');

/** Waits until the host sees the member move again, and says how long that took. */
async function isBack(t, since) {
  await plays(pictureOf('Member 1'), 'the host sees them move');
  const seconds = (Date.now() - since) / 1000;
  t.diagnostic(`back after ${seconds.toFixed(1)} s`);
  assert.ok(seconds <= BACK, `back after ${seconds} s`);
}

step('both are in the room', async () => {
  expired = await council.members[0].post(`/meetings/${meeting.id}/join`);
  expired.at = Date.now();
  await Promise.all([signIn(host, 'host@example.org'), signIn(laptop, 'member.1@example.org'), signIn(phone, 'member.1@example.org')]);
  await Promise.all([enter(host, meeting), enter(laptop, meeting)]);
  await plays(pictureOf('Member 1'), 'the host sees the member');
});

step('a reload brings one back', async (t) => {
  const since = Date.now();
  await laptop.reload();
  await controls(laptop).waitFor();
  await isBack(t, since);
});

step('the wire is cut for some seconds', async (t) => {
  await signaling.cut();
  await laptop.getByText('The connection is weak').waitFor();
  await pass(4);
  const since = Date.now();
  await signaling.mend();
  await laptop.getByText('The connection is weak').waitFor({ state: 'detached' });
  await isBack(t, since);
});

step('serve is killed, and the page talks to the next one', async (t) => {
  const since = Date.now();
  await up.killChild('serve');
  await button(laptop, 'Chat').click();
  const box = laptop.getByRole('textbox', { name: 'Write a message' });
  await until('the message goes out', async () => {
    if ((await box.inputValue()) === '') await box.fill('Still here.');
    await box.press('Enter');
    const { items } = await council.host.get(`/meetings/${meeting.id}/chat`);
    return items.some(({ content }) => content === 'Still here.');
  });
  await isBack(t, since);
  await button(laptop, 'Close panel').click();
});

step('LiveKit is killed when the tokens have expired', async (t) => {
  await until('the tokens have expired', () => Date.now() > expired.at + (5 + LEEWAY) * 1000, {
    seconds: LEEWAY + 10,
  });
  const refused = await fetch(
    `${expired.server_url.replace('ws', 'http')}/rtc/validate?access_token=${expired.token}`,
  );
  assert.equal(refused.status, 401, 'the first token opens nothing any more');
  const since = Date.now();
  await up.killChild('livekit');
  await laptop.getByText(/connection is weak|Coming back/).waitFor();
  await isBack(t, since);
});

step('a phone joins beside the laptop, without sound', async () => {
  await phone.goto(`/meetings/${meeting.id}`);
  await phone.getByText('You are in this meeting on another device.').waitFor();
  assert.deepEqual(await faultsOf(phone), []);
  await button(phone, 'Join beside it, without sound').click();
  await controls(phone).waitFor();
  await tile(host, 'Member 1 (second device)').waitFor();
  await tile(host, 'Member 1').waitFor();
  await host.getByRole('img', { name: '2 people' }).waitFor();
  await button(phone, 'Unmute microphone').waitFor();
  assert.equal(await loudest(phone, 1), 0, 'the phone is silent');
  await phone.reload();
  await controls(phone).waitFor();
  await tile(host, 'Member 1 (second device)').waitFor();
  await controls(laptop).waitFor();
  await button(phone, 'More').click();
  await phone.getByRole('menuitem', { name: 'Turn the sound of this device on' }).click();
  await until('the host is heard', async () => (await loudest(phone, 1)) > 0.01);
});

step('the host mutes both at once', async () => {
  await button(phone, 'Unmute microphone').click();
  await button(laptop, 'Mute microphone').waitFor();
  await council.host.post(`/meetings/${meeting.id}/participants/${council.members[0].userId}/mute`);
  await Promise.all([laptop, phone].map((page) => button(page, 'Unmute microphone').waitFor()));
});

step('the phone leaves, and the laptop stays', async () => {
  await button(phone, 'Leave').click();
  await tile(host, 'Member 1 (second device)').waitFor({ state: 'detached' });
  await plays(pictureOf('Member 1'), 'the laptop goes on');
  const { items } = await council.host.get(`/meetings/${meeting.id}/participants`);
  assert.ok(items.find(({ user }) => user.id === council.members[0].userId).online);
});

step('the phone takes over, and the laptop says so', async () => {
  await enter(phone, meeting, 'Continue here');
  await laptop.getByRole('heading', { name: 'You joined elsewhere' }).waitFor();
  assert.deepEqual(await faultsOf(laptop), []);
  assert.equal(await tile(host, 'Member 1').count(), 1);
  await button(laptop, 'Join beside it, without sound').click();
  await controls(laptop).waitFor();
  await tile(host, 'Member 1 (second device)').waitFor();
});

step('whoever is sent out is out with both', async () => {
  await council.host.post(`/meetings/${meeting.id}/participants/${council.members[0].userId}/remove`, { ban: true });
  await Promise.all([laptop, phone].map((page) => page.getByRole('heading', { name: 'You were removed' }).waitFor()));
});

step('the record knows no ghosts, and counts what overlaps once', async () => {
  await council.host.post(`/meetings/${meeting.id}/end`);
  const attendance = () => council.host.get(`/meetings/${meeting.id}/attendance`);
  const { items } = await until('everything is closed', async () => {
    const report = await attendance();
    return report.items.every(({ spans }) => spans.every(({ left_at }) => left_at)) && report;
  });
  assert.equal(items.length, 2, 'two people');
  const { spans, duration_seconds: counted } = items.find(({ user }) => user.id === council.members[0].userId);
  const sorted = spans.map(({ joined_at, left_at }) => [Date.parse(joined_at), Date.parse(left_at)]).sort(([a], [b]) => a - b);
  let [covered, end] = [0, 0];
  for (const [from, to] of sorted) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  const sum = sorted.reduce((total, [from, to]) => total + to - from, 0);
  assert.ok(sum > covered + 1000, 'the devices overlapped');
  assert.ok(Math.abs(counted - covered / 1000) < 0.01, `${counted} s counted of ${covered / 1000} s`);
  for (const page of [host, laptop, phone]) assert.deepEqual(page.complaints, []);
});
