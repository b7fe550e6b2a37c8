// A check of who is there, as people live through it: a host asks, one confirms by the keyboard while writing, one is on a
// phone with the chat open, one has a second device, one does not answer; the record says so.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PHONE = { viewport: { width: 390, height: 844 } };

let up;
let browser;
let council;
let meeting;
let host;
let writer;
let phone;
let silent;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 3 });
  meeting = await council.schedule({ title: 'Assembly' });
  host = await person(browser, up.url);
  writer = await person(browser, up.url);
  phone = await person(browser, up.url, PHONE);
  silent = await person(browser, up.url, { ...PHONE, colorScheme: 'dark' });
});
afterEach(async (t) => {
  await pictures(`presence-check-${t.name.replaceAll(/\W+/g, '-')}`, host, writer, phone, silent).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const prompt = (page) => page.getByRole('region', { name: 'Presence check' });
const control = (page, name) => page.getByRole('toolbar', { name: 'Controls' }).getByRole('button', { name, exact: true });
const ask = async (page) => {
  await button(page, 'More').click();
  await page.getByRole('menuitem', { name: 'Check who is here' }).click();
};

step('the form of a meeting says how often people are asked', async () => {
  await Promise.all([signIn(host, 'host@example.org'), signIn(writer, 'member.1@example.org')]);
  await Promise.all([signIn(phone, 'member.2@example.org'), signIn(silent, 'member.3@example.org')]);
  await button(host, 'Schedule meeting').first().click();
  const field = host.getByLabel('Presence checks per hour');
  await field.scrollIntoViewIfNeeded();
  await field.fill('4');
  assert.deepEqual(await faultsOf(host), []);
  await host.getByRole('textbox', { name: 'Title' }).fill('Checked');
  await host.getByRole('dialog').getByRole('button', { name: 'Schedule meeting' }).click();
  await until('it is kept', async () => {
    const { items } = await council.host.get(`/organizations/${council.id}/meetings?q=Checked`);
    return items[0]?.settings.presence_checks_per_hour === 4;
  });
});

step('everybody is in the room; one writes, one has the chat open on a phone', async () => {
  for (const page of [host, writer, phone, silent]) await enter(page, meeting);
  await until('all are there', async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/participants`);
    return items.filter(({ online }) => online).length === 4;
  });
  for (const page of [writer, phone]) await control(page, 'Chat').click();
  await writer.getByRole('textbox', { name: 'Write a message' }).click();
  await writer.keyboard.type('I was just say');
});

step('the host asks, and everybody else is asked', async () => {
  await ask(host);
  for (const page of [writer, phone, silent]) {
    await prompt(page).waitFor();
    await page.getByRole('alert').filter({ hasText: 'Are you still there?' }).waitFor();
  }
  await host.getByRole('status').filter({ hasText: '1 of 4 confirmed' }).waitFor();
  assert.equal(await prompt(host).count(), 0, 'who asks need not answer');
  for (const page of [host, writer, phone, silent]) assert.deepEqual(await faultsOf(page), []);
});

step('whoever writes goes on writing, and confirms by the keyboard', async () => {
  await writer.keyboard.type('ing');
  assert.equal(await writer.getByRole('textbox', { name: 'Write a message' }).inputValue(), 'I was just saying');
  const confirm = button(writer, 'I am here');
  for (let presses = 0; presses < 60 && !(await confirm.evaluate((one) => one === document.activeElement)); presses += 1) {
    await writer.keyboard.press('Shift+Tab');
  }
  await writer.keyboard.press('Enter');
  await prompt(writer).waitFor({ state: 'detached' });
  await host.getByRole('status').filter({ hasText: '2 of 4 confirmed' }).waitFor();
});

step('when the time is over nobody is asked any more, and the host sees how it ended', async () => {
  await button(phone, 'I am here').click();
  await prompt(silent).waitFor({ state: 'detached', timeout: 70_000 });
  await host.getByRole('alert').filter({ hasText: '3 of 4 confirmed' }).waitFor();
  const [check] = await council.host.all(`/meetings/${meeting.id}/presence-checks`);
  const outcomes = Object.fromEntries(check.people.map(({ name, outcome }) => [name, outcome]));
  assert.deepEqual(outcomes, { Host: 'confirmed', 'Member 1': 'confirmed', 'Member 2': 'confirmed', 'Member 3': 'missed' });
});

step('a page that is loaded again asks again, a second device vanishes with the first', async () => {
  const second = await phone.context().newPage();
  await second.goto(`/meetings/${meeting.id}`);
  await button(second, 'Join beside it, without sound').click();
  await second.getByRole('toolbar', { name: 'Controls' }).waitFor();
  // With time enough for all that follows.
  await council.host.post(`/meetings/${meeting.id}/presence-checks`, { seconds: 300 });
  for (const page of [phone, second]) await prompt(page).waitFor();
  await pictures('presence-check-second-device', second);
  await button(phone, 'I am here').click();
  for (const page of [phone, second]) await prompt(page).waitFor({ state: 'detached' });
  await host.getByRole('status').filter({ hasText: '2 of 4 confirmed' }).waitFor();
  await silent.reload();
  await silent.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await prompt(silent).waitFor();
  await second.close();
});

step('the report tells of the one that is over', async () => {
  const { items } = await council.host.get(`/meetings/${meeting.id}/attendance`);
  const tallies = Object.fromEntries(items.map(({ user, checks }) => [user.name, `${checks.confirmed} of ${checks.asked}`]));
  assert.deepEqual(tallies, { Host: '1 of 1', 'Member 1': '1 of 1', 'Member 2': '1 of 1', 'Member 3': '0 of 1' });
  const page = await host.context().newPage();
  await page.goto(`/meetings/${meeting.id}/details?tab=attendance`);
  await page.getByText('0 of 1 check').waitFor();
  await page.getByText('1 of 1 check').first().waitFor();
  await pictures('presence-check-report', page);
  await page.close();
  const told = await council.host.all(`/meetings/${meeting.id}/timeline?kind=presence_check.missed`);
  assert.equal(told.length, 1);
});
