// A recording from the first notice to the trash: started and paused in the room, watched on its page and by a link without
// an account, deleted and brought back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before } from 'node:test';

import { Council, recordingIs } from '../lib/api.mjs';
import { launch, person, pictures, plays } from '../lib/browser.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { Outside } from '../lib/outside.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PHONE = { width: 360, height: 780 };
const DESK = { width: 1280, height: 800 };
const PASSWORD = 'mbuzi na kondoo';

let up;
let outside;
let browser;
let council;
let meeting;
let recording;
let soundOnly;
let next;
let host;
let guest;
let stranger;
let link;

before(async () => {
  outside = await Outside.start();
  up = await Up.start({ env: outside.env });
  browser = await launch();
  council = await Council.found(up, { members: 2 });
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
  outside?.end();
});

const enterFromHere = async (page) => {
  await button(page, 'Join meeting').click();
  await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
};
const notice = (page) => page.getByRole('region', { name: 'This meeting is being recorded' });
const video = (page) => page.locator('video');
const at = (page) => video(page).evaluate(({ currentTime }) => currentTime);

const sql = (text) => execFileSync('psql', [up.database_url, '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-c', text]);

const picture = (page, name) =>
  page.screenshot({ path: new URL(`../out/vault-${name}.png`, import.meta.url).pathname });

/** Guests have the page open, and go in later. */
async function standBeforeTheDoor(page, name) {
  const { url } = await council.host.post(`/meetings/${meeting.id}/guest-links`);
  await page.goto(url);
  await page.getByLabel('Your name').fill(name);
  await button(page, 'Turn camera off').click();
}

/** Meanwhile another meeting is recorded, without pictures; gives the recording. */
async function recordSound() {
  const radio = await council.meet({ title: 'Radio' });
  await Client.join(council.members[1], radio.id, { args: ['--no-video'] });
  const { id } = await council.host.post(`/meetings/${radio.id}/recordings`, { audio_only: true });
  await recordingIs(council.host, id, 'recording');
  await pass(3);
  await council.host.post(`/recordings/${id}/stop`);
  await recordingIs(council.host, id, 'available');
  await council.host.post(`/meetings/${radio.id}/end`);
  return id;
}

/** Looks at a page on a desk in the light and on a phone in the dark. */
async function inspect(page, name) {
  for (const [viewport, width, colorScheme] of [[PHONE, 'phone', 'dark'], [DESK, 'desk', 'light']]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    // The page may still be taking its new shape; a fault that stays is one.
    const found = async () => (await faultsOf(page)).length === 0;
    await until('no fault is found', found, { seconds: 5 }).catch(() => {});
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
  await Promise.all([
    comes(),
    Client.join(council.members[0], meeting.id, { args }),
    standBeforeTheDoor(guest, 'Ann'),
    standBeforeTheDoor(stranger, 'Ben'),
  ]);
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
  soundOnly = recordSound();
  soundOnly.catch(() => {}); // it is waited for later
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

step('whoever does not agree leaves, and that is noted', async () => {
  await enterFromHere(stranger);
  await notice(stranger).waitFor();
  assert.deepEqual(await faultsOf(stranger), []);
  await button(notice(stranger), 'Leave').click();
  await stranger.getByRole('toolbar', { name: 'Controls' }).waitFor({ state: 'detached' });
  await until('the answer is kept', async () => {
    const { items } = await council.host.get(`/recordings/${recording}/consents`);
    return items.some(({ name, accepted }) => name === 'Ben (guest)' && accepted === false);
  });
  await inspect(stranger, 'left');
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
  const entry = host.getByRole('article').filter({ has: host.getByRole('link', { name: 'Harvest', exact: true }) });
  await until('its picture is there', () => entry.locator('img').evaluate((image) => image.naturalWidth > 300));
  assert.equal(await entry.locator('img[src*=token]').count(), 0, 'no address with a token is in the list');
  await inspect(host, 'list');
  await host.getByRole('link', { name: 'Play', exact: true }).click();
  await plays(video(host), 'the recording plays');
  await host.getByText(/^Paused 1 time: /).waitFor();
  await host.getByText('started by Host').waitFor();
  const here = host.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Vault', exact: true });
  assert.equal(await here.getAttribute('aria-current'), 'page');
});

step('whoever points at the bar sees what is there, and so do the keys', async () => {
  const bar = host.getByRole('slider', { name: 'Place in the recording' });
  const picture = host.locator('img[src^="blob:"]');
  const isSheet = () => picture.evaluate(({ naturalWidth }) => naturalWidth === 1600);
  await bar.hover();
  await until('the small picture is there', isSheet);
  await host.getByRole('heading', { name: 'Harvest' }).hover();
  await picture.waitFor({ state: 'detached' });
  await video(host).evaluate((element) => element.pause());
  await button(host, 'Play').focus();
  await host.keyboard.press('Shift+Tab');
  await until('it is there by the keys, too', isSheet);
  const before = await at(host);
  await host.keyboard.press(before > 5 ? 'ArrowLeft' : 'ArrowRight');
  await until('they go on from there', async () => Math.abs(Math.abs((await at(host)) - before) - 5) < 0.5);
  await inspect(host, 'seek');
  await host.keyboard.press('k');
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

step('it goes on playing when its address is good no more', async () => {
  let addresses = 0;
  let expired = 1;
  await host.route('**/recordings/*/playback', async (route) => {
    addresses += 1;
    await route.continue();
  });
  await host.route('**/recordings/*/download?*', (route) =>
    addresses > expired ? route.continue() : route.fulfill({ status: 401, json: { code: 'UNAUTHENTICATED', status: 401 } }));
  await host.evaluate(() => localStorage.removeItem('baraza.places'));
  await host.goto(`/recordings/${recording}?play=true`);
  await plays(video(host), 'the first address is refused, by the second it plays');
  // In the middle. So short a file is loaded as a whole, so the browser has to be told that it needs more.
  await host.getByLabel('Speed').selectOption('2');
  await host.getByRole('slider', { name: 'Place in the recording' }).fill('5');
  await until('it is there', async () => (await at(host)) >= 5);
  expired = 2;
  await video(host).evaluate((element) => element.dispatchEvent(new Event('error')));
  await until('a third is asked for', () => addresses === 3);
  await until('it plays on from there', async () => (await at(host)) > 7);
  assert.equal(await video(host).evaluate(({ playbackRate }) => playbackRate), 2);
  assert.equal(addresses, 3);
  assert.equal(await host.getByRole('alert').count(), 0);
  await host.unrouteAll();
});

step('sound alone is played, too', async () => {
  await host.goto(`/recordings/${await soundOnly}`);
  await button(host, 'Play').click();
  const sound = host.locator('audio');
  await until('it sounds', () => sound.evaluate(({ currentTime, error }) => currentTime > 1 && !error));
  assert.equal(await button(host, 'Fill the screen').count(), 0);
  await inspect(host, 'sound');
  await host.goto('/vault?q=Radio');
  await host.getByRole('link', { name: 'Radio' }).waitFor();
  assert.equal(await host.getByRole('article').locator('img').count(), 0);
  await host.goto(`/recordings/${recording}`);
});

step('what is said is written down where the organization wants it', async () => {
  outside.said = [[0.2, 'Karibuni kwenye redio.'], [1.6, 'Leo tunaongea kuhusu mavuno.'], [2.6, 'Asanteni.']];
  await host.goto('/settings/meetings');
  await host.getByRole('switch', { name: 'Recordings are written down' }).click({ force: true });
  await button(host, 'Save').click();
  await until('it is kept', async () => (await council.host.get(`/organizations/${council.id}/settings`)).transcripts);
  // Nobody is written down who has not agreed.
  await council.members[1].call('PUT', '/me/consents/transcription', { given: true });
  await host.goto(`/recordings/${await soundOnly}`);
  await button(host, 'Write down what is said').click();
  const transcript = host.getByRole('region', { name: 'Transcript' });
  const line = transcript.getByRole('button', { name: /mavuno/ });
  await line.waitFor();
  assert.equal(outside.heard > 0, true);
  await line.click();
  await until('it leads to where it was said', async () => (await line.getAttribute('aria-current')) === 'true');
  await transcript.getByRole('searchbox').fill('KARIBUNI');
  await transcript.getByText('1 line', { exact: true }).waitFor();
  assert.equal(await line.count(), 0);
  await inspect(host, 'transcript-of-sound');
});

step('the vault finds what was said, and leads to it', async () => {
  await host.goto('/vault');
  await host.getByRole('searchbox', { name: /^Search/ }).fill('mavuno');
  const entry = host.getByRole('article').filter({ hasText: 'Radio' });
  await entry.getByText('In what was said').waitFor();
  await host.getByRole('link', { name: 'Harvest', exact: true }).waitFor({ state: 'detached' });
  await inspect(host, 'said');
  await entry.getByRole('link', { name: '0:01', exact: true }).click();
  await until('it plays from there', async () => (await host.locator('audio').evaluate(({ currentTime }) => currentTime)) >= 1);
});

step('captions are shown in the picture', async () => {
  const lines = ['Who brings the sacks?', 'Amina brings twenty.'].map(
    (text, n) => `('${recording}', ${n}, '${council.id}', ${n * 5000}, ${n * 5000 + 4900}, '${n ? 'Neema' : 'Host'}', '${text}')`,
  );
  sql(`insert into recording_transcripts (recording_id, organization_id, status, requested_at, language, left_out)
       values ('${recording}', '${council.id}', 'available', now(), 'en', 1);
       insert into transcript_segments (recording_id, number, organization_id, starts_ms, ends_ms, name, text) values ${lines}`);
  await host.goto(`/recordings/${recording}`);
  await video(host).waitFor();
  const captions = button(host, 'Captions');
  await captions.waitFor();
  assert.equal(await captions.getAttribute('aria-pressed'), 'false');
  await host.getByRole('tabpanel', { name: 'Transcript' }).getByRole('button', { name: /Amina brings twenty/ }).click();
  await host.keyboard.press('c');
  assert.equal(await captions.getAttribute('aria-pressed'), 'true');
  await until('the words stand in the picture', () =>
    video(host).evaluate(({ textTracks: [track] }) => track.mode === 'showing' && track.activeCues[0]?.text.includes('Amina brings twenty')));
  await host.keyboard.press('k');
  await host.getByText('1 person who spoke').waitFor();
  await inspect(host, 'transcript');
});

/** Brings one by the vault, with the keyboard alone. */
async function importToVault() {
  await host.goto('/vault');
  const opener = button(host, 'Import a recording');
  await opener.press('Enter');
  const dialog = host.getByRole('dialog', { name: 'Import a recording' });
  const which = dialog.getByRole('combobox', { name: 'Meeting' });
  await which.and(host.locator(':focus')).waitFor();
  await button(dialog, 'Import').press('Enter');
  await dialog.getByText('Please fill this in.').first().waitFor();
  await host.keyboard.press('Escape');
  await opener.and(host.locator(':focus')).waitFor();
  await opener.press('Enter');
  await which.pressSequentially(meeting.title.slice(0, 5));
  await host.getByRole('option', { name: new RegExp(`^${meeting.title}`) }).waitFor();
  await inspect(host, 'import-meeting');
  await which.press('ArrowDown');
  await which.press('Enter');
  assert.equal(await which.inputValue(), meeting.title);
  await dialog.getByLabel('Address').fill(`${outside.url}/talk.mp4`);
  await dialog.getByLabel('Name').fill('Another talk');
  await dialog.getByLabel('Name').press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await opener.and(host.locator(':focus')).waitFor();
  const entry = host.getByRole('article').filter({ hasText: 'Another talk' });
  await entry.getByText('Ready', { exact: true }).waitFor();
}

step('a recording from elsewhere is imported', async () => {
  const file = await council.host.raw('GET', `/recordings/${recording}/download`);
  outside.files['/talk.mp4'] = { type: 'video/mp4', body: Buffer.from(await file.arrayBuffer()) };
  outside.files['/talk.html'] = { type: 'video/mp4', body: Buffer.from('<!doctype html><p>Not found</p>') };
  await host.goto(`/meetings/${meeting.id}/details?tab=recordings`);
  const bring = async (url, title) => {
    await button(host, 'Import a recording').click();
    const dialog = host.getByRole('dialog', { name: 'Import a recording' });
    await dialog.getByLabel('Address').fill(url);
    await dialog.getByLabel('Name').fill(title);
    await button(dialog, 'Import').click();
    return dialog;
  };
  const refused = await bring('http://10.0.0.1/talk.mp4', 'A talk');
  await refused.getByText('The address leads into a private network.').waitFor();
  await inspect(host, 'import');
  await refused.getByLabel('Address').fill(`${outside.url}/talk.mp4`);
  await button(refused, 'Import').click();
  await refused.waitFor({ state: 'detached' });
  await (await bring(`${outside.url}/talk.html`, 'No talk')).waitFor({ state: 'detached' });
  const entry = (name) => host.getByRole('article').filter({ hasText: name });
  await entry('No talk').getByText('The file is no recording.').waitFor();
  await entry('A talk').getByText('Ready', { exact: true }).waitFor();
  await entry('A talk').getByText(/imported/).waitFor();
  await inspect(host, 'imported');
  await entry('A talk').getByRole('link', { name: 'Play', exact: true }).click();
  await host.getByRole('heading', { name: 'A talk' }).waitFor();
  await plays(video(host), 'the imported file plays');
  await importToVault();
  await host.goto(`/recordings/${recording}`);
});

step('who answered and who watched stands there', async () => {
  await host.getByRole('tab', { name: 'Answers to the notice' }).click();
  await host.getByRole('row', { name: /Ann.*guest.*Agreed/ }).waitFor();
  await host.getByRole('row', { name: /Host.*Agreed/ }).waitFor();
  await host.getByRole('row', { name: /Ben.*guest.*Did not agree/ }).waitFor();
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
  await host.getByRole('link', { name: 'Harvest', exact: true }).waitFor();
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
  // From 80 % on the vault says that it is time to make room.
  sql(`update recordings set size_bytes = 850000000 where id = '${recording}'`);
  await host.goto('/vault');
  await host.getByText('The vault is nearly full.').waitFor();
  await inspect(host, 'nearly-full');
  next = await council.meet({ title: 'Off the record' });
  await enter(host, next);
  await button(host, 'Record').click();
  await host.getByText('Recording is switched off for this meeting or organization.').waitFor();
  assert.equal(await button(host, 'Start recording').isDisabled(), true);
  assert.deepEqual(await faultsOf(host), []);
});

step('a recorder that knows no pause offers none, and says why', async () => {
  const known = await council.host.get(`/recordings/${recording}`);
  const running = { ...known, meeting_id: next.id, status: 'recording', engine: 'livekit_egress', ended_at: null };
  await host.route(`**/meetings/${next.id}/recordings?*`, (route) => route.fulfill({ json: { items: [running], next_cursor: null } }));
  await host.reload();
  await button(host, 'Record').click();
  const pause = button(host.getByRole('dialog', { name: 'Recording' }), 'Pause');
  await pause.hover();
  await host.getByRole('tooltip').getByText('This recorder can’t pause.').waitFor();
  assert.equal(await pause.getAttribute('aria-disabled'), 'true');
  assert.deepEqual(await faultsOf(host), []);
  await picture(host, 'no-pause');
  await host.unrouteAll();
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...guest.complaints, ...stranger.complaints], []);
});
