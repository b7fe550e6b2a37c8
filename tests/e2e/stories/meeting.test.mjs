// The main job, as two people do it in their browsers: from the set-up link to watching the recording.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { launch, loudest, person, pictures, plays } from '../lib/browser.mjs';
import { button, step, tile } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PASSWORD = 'correct horse battery staple';
const TITLE = 'Harvest plans';

let up;
let browser;
let host;
let guest;
let invitation;

before(async () => {
  up = await Up.start();
  browser = await launch();
  host = await person(browser, up.url);
  guest = await person(browser, up.url);
});
afterEach(async (t) => {
  await pictures(t.name.replaceAll(/\W+/g, '-'), host, guest).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

step('the host sets the platform up', async () => {
  await host.goto(`/setup?token=${up.setup_token}`);
  await host.getByLabel('Organization name').fill('Green Valley');
  await host.getByLabel('Name', { exact: true }).fill('Hope');
  await host.getByLabel('Email').fill('hope@example.org');
  await host.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await button(host, 'Set up').click();
  await host.getByRole('heading', { name: 'All set' }).waitFor();
});

step('the host invites a person', async () => {
  await host.getByRole('link', { name: 'Invite people' }).click();
  await button(host, 'Add person').click();
  const dialog = host.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Grace');
  await dialog.getByLabel('Email').fill('grace@example.org');
  await button(dialog, 'Add person').click();
  invitation = (await dialog.locator('code').textContent()).trim();
  assert.match(invitation, new RegExp(`^${up.url}/invitations/`));
  await button(dialog, 'Done').click();
});

step('the person accepts the invitation', async () => {
  await guest.goto(invitation);
  await guest.getByLabel('Name', { exact: true }).fill('Grace');
  await guest.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await button(guest, 'Accept invitation').click();
  await guest.getByRole('heading', { name: 'Meetings' }).waitFor();
});

step('the host schedules a meeting with the person', async () => {
  await host.goto('/meetings');
  await button(host, 'Schedule meeting').click();
  const dialog = host.getByRole('dialog');
  await dialog.getByLabel('Title').fill(TITLE);
  await dialog.getByPlaceholder('Type a name or mail address').fill('Grace');
  await host.getByRole('option', { name: /^Grace/ }).click();
  await host.keyboard.press('Escape'); // closes the list of names, not the dialog
  await button(dialog, 'Schedule meeting').click();
  await host.getByText(TITLE).first().waitFor();
});

/** From the list of meetings through the prejoin page into the room. */
async function enter(page) {
  await page.goto('/meetings?tab=all');
  await page.getByText(TITLE).first().click();
  await page.getByRole('link', { name: /^Join/ }).first().click();
  await button(page, 'Join meeting').click();
  await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
}

step('both join, and see and hear each other', async () => {
  await enter(host);
  await enter(guest);
  for (const [page, other] of [[host, 'Grace'], [guest, 'Hope']]) {
    await plays(tile(page, other).locator('video'), `${other} is seen`);
    await until(`${other} is heard`, async () => (await loudest(page, 2)) > 0.01);
  }
});

step('chat goes both ways', async () => {
  for (const page of [host, guest]) await button(page, 'Chat').click();
  for (const [from, to, text] of [[host, guest, 'The maize is ripe'], [guest, host, 'Then let us begin']]) {
    await from.getByRole('textbox', { name: 'Write a message' }).fill(text);
    await button(from, 'Send message').click();
    await to.getByRole('log', { name: 'Messages' }).getByText(text).waitFor({ timeout: 5000 });
  }
});

step('the host mutes the person, who can no longer be heard', async () => {
  await button(host, 'People').click();
  await button(host, 'Actions for Grace').click();
  await host.getByRole('menuitem', { name: 'Mute', exact: true }).click();
  await button(guest, 'Unmute microphone').waitFor();
  await tile(host, 'Grace').getByLabel('Microphone off').waitFor();
  await until('it is quiet', async () => (await loudest(host, 2)) < 0.001);
});

step('the keyboard does it too', async () => {
  // Where nothing else takes the keys.
  for (const page of [host, guest]) await page.evaluate(() => document.activeElement?.blur());
  await guest.keyboard.down('Space');
  await tile(host, 'Grace').getByLabel('Microphone off').waitFor({ state: 'detached' });
  await guest.keyboard.up('Space');
  await tile(host, 'Grace').getByLabel('Microphone off').waitFor();
  await guest.keyboard.press('Control+Alt+KeyH');
  await tile(host, 'Grace').getByLabel('Hand raised').waitFor();
  await guest.keyboard.press('Control+Alt+KeyH');
  await tile(host, 'Grace').getByLabel('Hand raised').waitFor({ state: 'detached' });
  await host.keyboard.press('Control+Alt+KeyC');
  await host.getByRole('textbox', { name: 'Write a message' }).waitFor();
  await host.keyboard.press('Control+Alt+KeyP');
  await button(host, 'Actions for Grace').waitFor();
  await host.evaluate(() => document.activeElement?.blur());
  await host.keyboard.press('Shift+?');
  const help = host.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await help.getByRole('row', { name: /Hand up or down/ }).waitFor();
  await host.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
});

step('the host records, and everybody sees it', async () => {
  const dialog = host.getByRole('dialog', { name: 'Recording' });
  await button(host, 'Record').click();
  await button(dialog, 'Start recording').click();
  await dialog.waitFor({ state: 'detached' });
  for (const page of [host, guest]) {
    await page.getByText('Recording', { exact: true }).first().waitFor();
    await button(page, 'Agree').click();
  }
  await button(guest, 'Unmute microphone').click();
  await until('something is recorded', () => host.evaluate(() => new Promise((done) => setTimeout(done, 6000, true))));
  await button(host, 'Record').click();
  await button(dialog, 'Stop recording').click();
  await guest.getByText('Recording', { exact: true }).first().waitFor({ state: 'detached', timeout: 30_000 });
  await host.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

step('the host ends the meeting for all', async () => {
  await button(host, 'More').click();
  await host.getByRole('menuitem', { name: 'End for all' }).click();
  await button(host.getByRole('dialog'), 'End for all').click();
  await guest.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
});

step('the host watches the recording', async () => {
  await host.goto('/meetings?tab=past');
  await host.getByText(TITLE).first().click();
  await host.getByRole('tab', { name: 'Recordings' }).click();
  await host.getByRole('link', { name: 'Play', exact: true }).click({ timeout: 30_000 });
  const video = host.locator('video');
  await video.evaluate((element) => element.play());
  await plays(video, 'the recording plays');
  assert.deepEqual(await video.evaluate((element) => [element.videoWidth, element.videoHeight]), [1280, 720]);
});

step('the recording can be saved as a file', async () => {
  const [file] = await Promise.all([host.waitForEvent('download'), button(host, 'Download').click()]);
  assert.match(file.suggestedFilename(), /\.mp4$/);
  assert.ok(await file.path());
});

step('the person was there, says the attendance', async () => {
  await host.goBack();
  await host.getByRole('tab', { name: 'Attendance' }).click();
  await host.getByText('Grace').first().waitFor();
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...host.complaints, ...guest.complaints], []);
});
