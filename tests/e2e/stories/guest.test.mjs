// A guest: enters by a link without an account, speaks and chats, and is out the moment the link is revoked.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, loudest, person, pictures, plays } from '../lib/browser.mjs';
import { button, signIn, step, tile } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

let up;
let browser;
let council;
let meeting;
let host;
let guest;
let url;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up);
  host = await person(browser, up.url);
  // A phone.
  guest = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
});
afterEach(async (t) => {
  await pictures(t.name.replaceAll(/\W+/g, '-'), host, guest).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

step('the organization and the meeting allow guests', async () => {
  await council.host.patch(`/organizations/${council.id}/settings`, { allow_guests: true });
  meeting = await council.schedule({ title: 'Open day', settings: { allow_guests: true } });
  await signIn(host, 'host@example.org');
});

step('the host makes a link', async () => {
  await host.goto(`/meetings/${meeting.id}/details`);
  await button(host, 'Guest links').click();
  const dialog = host.getByRole('dialog');
  await dialog.getByLabel('For whom').fill('Visitors');
  await button(dialog, 'Make a link').click();
  url = (await dialog.locator('code').textContent()).trim();
  assert.match(url, new RegExp(`^${up.url}/guest/`));
});

step('the guest says a name and enters, without an account', async () => {
  await guest.goto(url);
  await guest.getByRole('heading', { name: 'Open day' }).waitFor();
  await guest.getByLabel('Your name').fill('Amina (host)');
  await button(guest, 'Join meeting').click();
  await guest.getByRole('toolbar', { name: 'Controls' }).waitFor();
});

step('the host sees and hears the guest, who is marked as one', async () => {
  await host.goto(`/meetings/${meeting.id}`);
  await button(host, 'Join meeting').click();
  await host.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await plays(tile(host, 'Amina host (guest)').locator('video'), 'the guest is seen');
  await until('the guest is heard', async () => (await loudest(host, 2)) > 0.01);
  await until('the host is heard', async () => (await loudest(guest, 2)) > 0.01);
});

step('they chat', async () => {
  await button(host, 'Chat').click();
  await button(guest, 'Chat').click();
  for (const [from, to, text] of [[guest, host, 'May I ask something?'], [host, guest, 'Please do']]) {
    await from.getByRole('textbox', { name: 'Write a message' }).fill(text);
    await button(from, 'Send message').click();
    await to.getByRole('log', { name: 'Messages' }).getByText(text).waitFor({ timeout: 5000 });
  }
  await host.getByRole('log', { name: 'Messages' }).getByText('Amina host (guest)').first().waitFor();
});

step('a reload brings the guest back as who they were', async () => {
  await guest.reload();
  await guest.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await plays(tile(host, 'Amina host (guest)').locator('video'), 'the guest is seen again');
  const [link] = (await council.host.get(`/meetings/${meeting.id}/guest-links`)).items;
  assert.equal(link.uses, 1);
});

step('the host revokes the link, and the guest is out', async () => {
  await button(host, 'People').click();
  await button(host, 'Guest links').click();
  await button(host.getByRole('dialog'), 'Revoke: Visitors').click();
  await guest.getByRole('heading', { name: /removed|does not open/ }).waitFor({ timeout: 10_000 });
  await until('the tile is gone', async () => (await tile(host, 'Amina host (guest)').count()) === 0);
});

step('the link opens nothing any more', async () => {
  await guest.goto(url);
  await guest.getByText('This link was revoked.').first().waitFor();
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...guest.complaints], []);
});
