// What a meeting asks of presence, as people see it: the quorum in the room, who counts as present, who is excused.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

let up;
let browser;
let council;
let meeting;
let host;
let member;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 3 });
  meeting = await council.schedule({ title: 'General assembly' });
  host = await person(browser, up.url);
  // A phone, at night.
  member = await person(browser, up.url, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
});
afterEach(async (t) => {
  await pictures(`presence-${t.name.replaceAll(/\W+/g, '-')}`, host, member).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const badge = (page, name) => page.getByRole('img', { name, exact: true });
const report = () => council.host.get(`/meetings/${meeting.id}/attendance`);
const attendance = (page) => page.goto(`/meetings/${meeting.id}/details?tab=attendance`);

step('the host asks for a quorum and for presence', async () => {
  await Promise.all([signIn(host, 'host@example.org'), signIn(member, 'member.1@example.org')]);
  await host.goto(`/meetings/${meeting.id}/details`);
  await button(host, 'Change meeting').click();
  const dialog = host.getByRole('dialog', { name: 'Change meeting' });
  await dialog.getByLabel('Least presence').fill('75');
  await dialog.getByLabel('Quorum: members').fill('3');
  await dialog.getByLabel('Quorum: share').fill('50');
  assert.equal(await dialog.getByLabel('Quorum: members').inputValue(), '', 'a number or a share');
  assert.deepEqual(await faultsOf(host), []);
  await dialog.getByLabel('Quorum: members').scrollIntoViewIfNeeded();
  await pictures('presence-form', host);
  await button(dialog, 'Save').click();
  await dialog.waitFor({ state: 'detached' });
  const { settings } = await council.host.get(`/meetings/${meeting.id}`);
  assert.deepEqual([settings.min_presence_percent, settings.quorum_members, settings.quorum_percent], [75, null, 50]);
});

step('everybody in the room sees how many are there, and hears when that is enough', async () => {
  await enter(host, meeting);
  await badge(host, 'No quorum: 1 here, 2 needed').waitFor();
  await host.getByText('Quorum 1 of 2').waitFor();
  assert.deepEqual(await faultsOf(host), []);
  await pictures('presence-missed', host);
  await enter(member, meeting);
  for (const page of [host, member]) await badge(page, 'Quorum reached: 2 here, 2 needed').waitFor();
  await host.getByRole('status').filter({ hasText: 'The quorum is reached.' }).waitFor();
  assert.deepEqual(await faultsOf(host), []);
  assert.deepEqual(await faultsOf(member), []);
  await pictures('presence-reached', host, member);
  assert.equal((await report()).quorum.was_reached, true);
});

step('it is told when the quorum is lost, and seen from outside the room', async () => {
  await button(member, 'Leave').click();
  await badge(host, 'No quorum: 1 here, 2 needed').waitFor();
  await host.getByRole('status').filter({ hasText: 'The quorum is lost.' }).waitFor();
  await member.goto(`/meetings/${meeting.id}/details`);
  await member.getByText('Quorum 1 of 2').waitFor();
  assert.deepEqual(await faultsOf(member), []);
});

step('the attendance tells who counts, and the host excuses somebody', async () => {
  await council.host.post(`/meetings/${meeting.id}/end`);
  await until('it is over', async () => (await council.host.get(`/meetings/${meeting.id}`)).status === 'completed');
  await attendance(host);
  await host.getByText(/^Reached at /).waitFor();
  await host.getByText('Counted as present').waitFor();
  await button(host, 'Actions for Member 2').click();
  await host.getByRole('menuitem', { name: 'Excuse…' }).click();
  const dialog = host.getByRole('dialog', { name: 'Excuse Member 2' });
  assert.ok(await button(dialog, 'Excuse').isDisabled());
  await dialog.getByLabel('Reason').fill('At a funeral');
  assert.deepEqual(await faultsOf(host), []);
  await pictures('presence-excuse', host);
  await button(dialog, 'Excuse').click();
  await dialog.waitFor({ state: 'detached' });
  await host.getByText('At a funeral (Host)').waitFor();
  assert.equal((await report()).summary.excused, 1);
  assert.deepEqual(await faultsOf(host), []);
});

step('an excuse is taken back, and the same page speaks Swahili on a phone at night', async () => {
  await button(host, 'Actions for Member 2').click();
  await host.getByRole('menuitem', { name: 'Take back the excuse' }).click();
  await host.getByText('At a funeral (Host)').waitFor({ state: 'detached' });
  assert.equal((await report()).summary.excused, 0);
  await council.host.call('PUT', `/meetings/${meeting.id}/participants/${council.members[2].userId}/excuse`, { reason: 'Mgonjwa' });
  await council.host.patch('/me', { language: 'sw' });
  const phone = await person(browser, up.url, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'sw-KE' });
  await phone.goto('/login');
  await phone.locator('input[type=email]').fill('host@example.org');
  await phone.locator('input[autocomplete=current-password]').fill('a long enough password');
  await phone.locator('button[type=submit]').click();
  await phone.getByRole('heading', { level: 1 }).filter({ hasText: 'Mikutano' }).waitFor();
  await attendance(phone);
  await phone.getByText('Mgonjwa (Host)').waitFor();
  await phone.getByText('Akidi', { exact: true }).waitFor();
  assert.deepEqual(await faultsOf(phone), []);
  await pictures('presence-swahili', phone);
  for (const page of [host, member, phone]) assert.deepEqual(page.complaints, []);
});
