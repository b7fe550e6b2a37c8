// The record is corrected, in the pages: other times, somebody who was not there, one whom nobody saw, and a guest who
// was a member.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { Client, endClients } from '../lib/clients.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, signIn, step } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

let up;
let browser;
let council;
let meeting;
let host;
let guest;

before(async () => {
  up = await Up.start({ env: { BARAZA__RECONCILE__INTERVAL: '5' } });
  browser = await launch();
  council = await Council.found(up, { members: 3 });
  await council.host.patch(`/organizations/${council.id}/settings`, { allow_guests: true });
  meeting = await council.schedule({ title: 'Assembly', settings: { allow_guests: true } });
  host = await person(browser, up.url);
  guest = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
});
afterEach(async (t) => {
  await pictures(`corrections-${t.name.replaceAll(/\W+/g, '-')}`, host).catch(() => {});
});
after(async () => {
  await endClients();
  await browser?.close();
  await up?.end();
});

const report = () => council.host.get(`/meetings/${meeting.id}/attendance`);
const itemOf = async (api) => (await report()).items.find(({ user }) => user?.id === api.userId);
const row = (name) => host.getByRole('row').filter({ has: host.getByText(name, { exact: true }) });

/** Says why, and waits until it is recorded. */
async function record(dialog, reason) {
  await dialog.getByLabel('Reason').fill(reason);
  assert.deepEqual(await faultsOf(host), []);
  await button(dialog, 'Record').click();
  await dialog.waitFor({ state: 'detached' });
}

step('two members and a guest are there for a while', async () => {
  const [one, two] = council.members;
  const there = [await Client.join(one, meeting.id), await Client.join(two, meeting.id)];
  const { url } = await council.host.post(`/meetings/${meeting.id}/guest-links`);
  await guest.goto(url);
  await guest.getByLabel('Your name').fill('Ann');
  await button(guest, 'Join meeting').click();
  await guest.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await pass(3);
  for (const client of there) await client.leave();
  await council.host.post(`/meetings/${meeting.id}/end`);
  await until('everybody is out', async () =>
    (await report()).items.every(({ spans }) => spans.every(({ left_at }) => left_at)),
  );
  await signIn(host, 'host@example.org');
  await host.goto(`/meetings/${meeting.id}/details?tab=attendance`);
  await row('Ann (guest)').waitFor();
  assert.deepEqual(await faultsOf(host), []);
});

step('a span gets other times, and what was recorded stands beside it', async () => {
  const before = (await itemOf(council.members[0])).spans[0];
  await row('Member 1').getByRole('button', { name: /^Correct Member 1/ }).click();
  await host.getByRole('menuitem', { name: 'Correct…' }).click();
  const dialog = host.getByRole('dialog', { name: 'Correct the times' });
  await dialog.getByLabel('From').click();
  await host.getByRole('spinbutton', { name: 'Seconds' }).fill('00');
  await button(host, 'Take this time').click();
  await record(dialog, 'The clock at the door says so');
  await row('Member 1').getByText('Corrected', { exact: true }).waitFor();
  await row('Member 1').getByText(/Host · .* · The clock at the door says so · recorded:/).waitFor();
  const { spans } = await itemOf(council.members[0]);
  assert.equal(Date.parse(spans[0].joined_at) % 60_000, 0);
  assert.equal(spans[0].left_at, before.left_at, 'to the last part of a second');
  assert.equal(spans[0].correction.former.joined_at, before.joined_at);
});

step('somebody was not there after all, and another was', async () => {
  await row('Member 2').getByRole('button', { name: /^Correct Member 2/ }).click();
  await host.getByRole('menuitem', { name: 'Was not there…' }).click();
  await record(host.getByRole('dialog', { name: 'Was not there' }), 'Somebody else used the device');
  await row('Member 2').getByText('Struck', { exact: true }).waitFor();
  await button(host, 'Actions for Member 3').click();
  await host.getByRole('menuitem', { name: 'Add presence…' }).click();
  await record(host.getByRole('dialog', { name: 'Add presence' }), 'Sat beside me');
  await row('Member 3').getByText('Added', { exact: true }).waitFor();
  assert.deepEqual((await itemOf(council.members[1])).spans, []);
});

step('the guest was a member', async () => {
  await button(host, 'Actions for Ann (guest)').click();
  await host.getByRole('menuitem', { name: 'This guest is a member…' }).click();
  const dialog = host.getByRole('dialog', { name: 'This guest is a member' });
  await dialog.getByRole('combobox', { name: 'Member' }).click();
  await host.getByRole('option', { name: 'Member 2' }).click();
  await record(dialog, 'She told me');
  await row('Member 2').getByText(/^Came as Ann \(guest\) · Host/).waitFor();
  assert.equal(await row('Ann (guest)').count(), 0);
  assert.equal((await itemOf(council.members[1])).spans.length, 1);
});

step('it can be read on a phone, in the dark and in Swahili', async () => {
  await pictures('corrections-light-desk', host);
  await host.setViewportSize({ width: 390, height: 844 });
  await host.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await faultsOf(host), []);
  await host.screenshot({ path: new URL('../out/corrections-phone-dark.png', import.meta.url).pathname, fullPage: true });
  await host.setViewportSize({ width: 1280, height: 800 });
  await host.goto(`/meetings/${meeting.id}/details?tab=timeline`);
  await host.getByText('Attendance corrected: Member 1').waitFor();
  await host.getByText('She told me').waitFor();
});

step('the guest is one again', async () => {
  await host.goto(`/meetings/${meeting.id}/details?tab=attendance`);
  await button(host, 'Actions for Member 2').click();
  await host.getByRole('menuitem', { name: 'Ann (guest) is a guest after all…' }).click();
  await record(host.getByRole('dialog', { name: 'Still a guest' }), '');
  await row('Ann (guest)').waitFor();
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...guest.complaints], []);
});
