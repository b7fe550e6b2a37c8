// A recording from the first notice to the trash: started and paused in the room, watched on its page and by a link without
// an account, deleted and brought back.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council, recordingIs } from '../lib/api.mjs';
import { launch, person, pictures, plays } from '../lib/browser.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PHONE = { width: 360, height: 780 };
const DESK = { width: 1280, height: 800 };
const PASSWORD = 'mbuzi na kondoo';

let up;
let browser;
let council;
let meeting;
let recording;
let host;
let guest;
let stranger;
let link;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 1 });
  await council.host.patch(`/organizations/${council.id}/settings`, { allow_guests: true });
  meeting = await council.schedule({ title: 'Harvest', settings: { allow_guests: true } });
  host = await person(browser, up.url);
  guest = await person(browser, up.url, { viewport: PHONE });
  stranger = await person(browser, up.url, { viewport: PHONE, colorScheme: 'dark' });
});
afterEach(async (t) => {
  await pictures(`vault-${t.name.replaceAll(/\W+/g, '-')}`, host, guest, stranger).catch(() => {});
});
after(async () => {
  await endClients();
  await browser?.close();
  await up?.end();
});

const enterFromHere = async (page) => {
  await button(page, 'Join meeting').click();
  await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
};
const notice = (page) => page.getByRole('region', { name: 'This meeting is being recorded' });
const video = (page) => page.locator('video');
const at = (page) => video(page).evaluate(({ currentTime }) => currentTime);

const picture = (page, name) =>
  page.screenshot({ path: new URL(`../out/vault-${name}.png`, import.meta.url).pathname });

/** A guest has the page open, and goes in later. */
async function standBeforeTheDoor() {
  const { url } = await council.host.post(`/meetings/${meeting.id}/guest-links`);
  await guest.goto(url);
  await guest.getByLabel('Your name').fill('Ann');
  await button(guest, 'Turn camera off').click();
}

/** Looks at a page on a desk in the light and on a phone in the dark. */
async function inspect(page, name) {
  for (const [viewport, width, colorScheme] of [[PHONE, 'phone', 'dark'], [DESK, 'desk', 'light']]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await faultsOf(page), [], `${name}, ${width}, ${colorScheme}`);
    const path = new URL(`../out/vault-${name}-${width}-${colorScheme}.png`, import.meta.url).pathname;
    await page.screenshot({ path, fullPage: true });
  }
}

step('the host sees that it can be recorded, and starts', async () => {
  const comes = async () => {
    await signIn(host, 'host@example.org');
    await host.goto(`/meetings/${meeting.id}`);
    await button(host, 'Turn camera off').click();
    await enterFromHere(host);
  };
  const args = ['--color', '#20a040', '--size', '320x180', '--fps', '10'];
  await Promise.all([comes(), Client.join(council.members[0], meeting.id, { args }), standBeforeTheDoor()]);
  await button(host, 'Record').click();
  const dialog = host.getByRole('dialog', { name: 'Recording' });
  await dialog.getByText('Ready to record').waitFor();
  await picture(host, 'preflight');
  assert.deepEqual(await faultsOf(host), []);
  await button(dialog, 'Start recording').click();
  await notice(host).waitFor();
  await host.getByText(/started by Host, since/).waitFor();
  assert.deepEqual(await faultsOf(host), []);
  await button(host, 'Agree').click();
  await notice(host).waitFor({ state: 'detached' });
  const { items } = await council.host.get(`/meetings/${meeting.id}/recordings`);
  recording = items[0].id;
});

step('a guest who comes late is told, and agrees', async () => {
  await enterFromHere(guest);
  await notice(guest).waitFor();
  await picture(guest, 'notice-phone');
  assert.deepEqual(await faultsOf(guest), []);
  await button(guest, 'Agree').click();
  await notice(guest).waitFor({ state: 'detached' });
  const metadata = { question: 'Who brings the sacks?', options: ['Amina', 'Neema'] };
  await council.host.post(`/meetings/${meeting.id}/chat`, { type: 'poll', metadata });
});

step('it is paused, goes on and is stopped', async () => {
  await button(host, 'Record').click();
  const dialog = host.getByRole('dialog', { name: 'Recording' });
  await button(dialog, 'Pause').click();
  await guest.getByText('Paused', { exact: true }).waitFor();
  await button(dialog, 'Go on recording').waitFor();
  await picture(host, 'paused');
  assert.deepEqual(await faultsOf(host), []);
  await button(dialog, 'Go on recording').click();
  await guest.getByText('Recording', { exact: true }).waitFor();
  assert.equal(await notice(guest).count(), 0, 'nobody is asked twice');
  await pass(2);
  await button(dialog, 'Stop recording').click();
  await recordingIs(council.host, recording, 'available');
  await council.host.post(`/meetings/${meeting.id}/end`);
});

step('it is found in the vault and plays on its page', async () => {
  await host.goto('/vault');
  await host.getByRole('searchbox', { name: /^Search/ }).fill('harv');
  await host.getByRole('link', { name: 'Harvest' }).waitFor();
  await inspect(host, 'list');
  await host.getByRole('link', { name: 'Play', exact: true }).click();
  await plays(video(host), 'the recording plays');
  await host.getByText(/^Paused 1 time: /).waitFor();
  await host.getByText('started by Host').waitFor();
});

step('a chapter leads to where the poll was opened', async () => {
  const chapters = host.getByRole('navigation', { name: 'Chapters' });
  const poll = chapters.getByRole('button', { name: /Who brings the sacks/ });
  const [minutes, seconds] = (await poll.innerText()).split(/\s/)[0].split(':').map(Number);
  await poll.click();
  await until('it plays there', async () => Math.abs((await at(host)) - minutes * 60 - seconds) < 3);
  await until('it is marked', async () => (await poll.getAttribute('aria-current')) === 'true');
  await inspect(host, 'player');
});

step('the keyboard plays it, and the place is remembered', async () => {
  const length = await video(host).evaluate(({ duration }) => duration);
  await host.getByRole('heading', { name: 'Harvest' }).click();
  await host.keyboard.press('k');
  await until('it stands', () => video(host).evaluate(({ paused }) => paused));
  for (const [key, by] of [['j', -10], ['ArrowRight', 5], ['l', 10], ['ArrowLeft', -5]]) {
    const before = await at(host);
    await host.keyboard.press(key);
    const there = Math.min(length, Math.max(0, before + by));
    await until(`${key} goes ${by} s on`, async () => Math.abs((await at(host)) - there) < 0.5);
  }
  await host.keyboard.press('>');
  assert.equal(await host.getByLabel('Speed').inputValue(), '1.25');
  assert.equal(await video(host).evaluate(({ playbackRate }) => playbackRate), 1.25);
});

step('who answered and who watched stands there', async () => {
  await host.getByRole('tab', { name: 'Answers to the notice' }).click();
  await host.getByRole('row', { name: /Ann.*guest.*Agreed/ }).waitFor();
  await host.getByRole('row', { name: /Host.*Agreed/ }).waitFor();
  await host.getByRole('tab', { name: 'Who watched' }).click();
  await host.getByRole('row', { name: /Host.*Watched/ }).first().waitFor();
  await inspect(host, 'views');
});

step('a member is named, who may see it then', async () => {
  const [member] = council.members;
  const seen = () => member.get(`/recordings/${recording}`).then(() => true, () => false);
  assert.equal(await seen(), false);
  await host.getByRole('tab', { name: 'Access and links' }).click();
  await button(host, 'Change access').click();
  const dialog = host.getByRole('dialog', { name: 'Change access' });
  await dialog.getByRole('combobox', { name: 'People by name' }).click();
  await host.getByRole('option', { name: /Member 1/ }).click();
  await host.keyboard.press('Tab');
  assert.deepEqual(await faultsOf(host), []);
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  await host.getByText('May be watched by: The host, and Member 1').waitFor();
  assert.equal(await seen(), true);
});

step('a link with a password is made', async () => {
  await host.getByLabel('For whom').fill('The auditors');
  await host.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await button(host, 'Make a link').click();
  link = await host.locator('code').filter({ hasText: '/shared/' }).innerText();
  await host.getByText('with password').waitFor();
  await inspect(host, 'links');
});

step('whoever has it watches without an account', async () => {
  await stranger.goto(new URL(link).pathname);
  await stranger.getByText('Council shares this recording with you.').waitFor();
  assert.deepEqual(await faultsOf(stranger), []);
  const password = stranger.getByRole('textbox', { name: 'Password' });
  await password.fill('not this one');
  await button(stranger, 'Watch').click();
  await stranger.getByText('This is not the password of the link.').waitFor();
  assert.deepEqual(await faultsOf(stranger), []);
  await password.fill(PASSWORD);
  await button(stranger, 'Watch').click();
  await plays(video(stranger), 'the shared recording plays');
  await inspect(stranger, 'shared');
});

step('until the link is revoked', async () => {
  await button(host, 'Revoke: The auditors').click();
  await host.getByText('Revoked', { exact: true }).waitFor();
  await stranger.reload();
  await stranger.getByText('This link was revoked.').first().waitFor();
  await inspect(stranger, 'revoked');
});

step('what is held cannot be deleted; what is deleted comes back', async () => {
  await host.getByRole('tab', { name: 'Keeping' }).click();
  await button(host, 'Hold').click();
  const dialog = host.getByRole('dialog', { name: 'Hold' });
  await dialog.getByLabel('Reason').fill('The court asks for it');
  await button(dialog, 'Hold').click();
  await dialog.waitFor({ state: 'detached' });
  await host.getByText('The court asks for it').waitFor();
  assert.equal(await button(host, 'Delete').count(), 0);
  await button(host, 'Release').click();
  await button(host, 'Delete').click();
  await host.getByText('In the trash', { exact: true }).waitFor();
  await host.goto('/vault?trash=true');
  await button(host, 'Restore').waitFor();
  await inspect(host, 'trash');
  await button(host, 'Erase now').click();
  const erase = host.getByRole('dialog', { name: 'Erase this recording?' });
  await erase.waitFor();
  assert.deepEqual(await faultsOf(host), []);
  await button(erase, 'Cancel').click();
  await button(host, 'Restore').click();
  await host.getByText('The trash is empty').waitFor();
  await host.getByRole('tab', { name: 'Recordings' }).click();
  await host.getByRole('link', { name: 'Play', exact: true }).waitFor();
});

step('an organization that forbids it records no more', async () => {
  await host.goto('/settings/meetings');
  await host.getByRole('switch', { name: 'Meetings may be recorded' }).click({ force: true });
  await host.getByLabel('Room for all recordings in GB').fill('1');
  assert.deepEqual(await faultsOf(host), []);
  await button(host, 'Save').click();
  await until('it is kept', async () => {
    const settings = await council.host.get(`/organizations/${council.id}/settings`);
    return settings.recording_allowed === false && settings.recording_quota_gb === 1;
  });
  const next = await council.meet({ title: 'Off the record' });
  await enter(host, next);
  await button(host, 'Record').click();
  await host.getByText('Recording is switched off for this meeting or organization.').waitFor();
  assert.equal(await button(host, 'Start recording').isDisabled(), true);
  assert.deepEqual(await faultsOf(host), []);
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...guest.complaints, ...stranger.complaints], []);
});
