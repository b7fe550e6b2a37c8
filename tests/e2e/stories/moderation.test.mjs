// Moderation, as hosts and participants see it: what one may do, who is in front, who is asked to speak, who leads.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, enter, signIn, step, tile } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

let up;
let browser;
let council;
let meeting;
let talk;
let host;
let member;

before(async () => {
  up = await Up.start({ env: { BARAZA__RECONCILE__INTERVAL: '5' } });
  browser = await launch();
  council = await Council.found(up, { members: 1 });
  meeting = await council.schedule({ title: 'Assembly' });
  talk = await council.schedule({ title: 'Radio hour', meeting_type: 'audio' });
  host = await person(browser, up.url);
  // A phone.
  member = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
});
afterEach(async (t) => {
  await pictures(`moderation-${t.name.replaceAll(/\W+/g, '-')}`, host, member).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

/** Chooses from what the host can do about Member 1. */
async function act(action) {
  await button(host, 'Actions for Member 1').click();
  await host.getByRole('menuitem', { name: action, exact: true }).click();
}

const control = (page, name) => page.getByRole('toolbar', { name: 'Controls' }).getByRole('button', { name, exact: true });
const isForbidden = async (page, name) => (await control(page, name).getAttribute('aria-disabled')) === 'true';
const inFront = (page) => page.locator('[data-front]').getByRole('article').first();

step('before joining one hears the speaker, and learns whether the connection is good', async () => {
  await Promise.all([signIn(host, 'host@example.org'), signIn(member, 'member.1@example.org')]);
  await member.goto(`/meetings/${meeting.id}`);
  await button(member, 'Play a test sound').click();
  await button(member, 'Check the connection').click();
  await member.getByText('Your connection is fine').waitFor({ timeout: 40_000 });
  assert.equal(await member.getByRole('img', { name: 'works', exact: true }).count(), 3);
  assert.deepEqual(await faultsOf(member), []);
  assert.deepEqual((await council.host.get(`/meetings/${meeting.id}`)).status, 'scheduled', 'that was no join');
});

step('the host asks somebody to switch the microphone on', async () => {
  await Promise.all([enter(host, meeting), enter(member, meeting)]);
  await control(member, 'Mute microphone').click();
  await button(host, 'People').click();
  await button(host, 'Actions for Member 1').click();
  await host.getByRole('menuitem', { name: 'Ask to switch the microphone on' }).waitFor();
  assert.deepEqual(await faultsOf(host), []);
  await host.getByRole('menuitem', { name: 'Ask to switch the microphone on' }).click();
  const dialog = member.getByRole('dialog', { name: 'The host asks you' });
  await dialog.getByText('Would you switch your microphone on?').waitFor();
  assert.deepEqual(await faultsOf(member), []);
  await button(dialog, 'Switch on').click();
  await control(member, 'Mute microphone').waitFor();
});

step('the host forbids the camera and allows it again', async () => {
  await act('Forbid camera');
  await until('it is forbidden', () => isForbidden(member, 'Turn camera on'));
  await tile(host, 'Member 1').locator('video').waitFor({ state: 'detached' });
  await control(member, 'Mute microphone').waitFor();
  await act('Allow camera');
  await until('it is allowed', async () => !(await isForbidden(member, 'Turn camera on')));
  await control(member, 'Turn camera on').click();
  await tile(host, 'Member 1').locator('video').waitFor();
  await act('Stop the camera');
  await control(member, 'Turn camera on').waitFor();
});

step('chat and reactions are switched off for all, and on again', async () => {
  await control(member, 'Chat').click();
  await member.getByRole('textbox', { name: 'Write a message' }).waitFor();
  await button(host, 'What everybody may do').click();
  const dialog = host.getByRole('dialog', { name: 'What everybody may do' });
  await dialog.getByRole('switch', { name: 'Write in the chat' }).click();
  await member.getByText('The host has switched the chat off for you.').waitFor();
  assert.equal(await member.getByRole('textbox', { name: 'Write a message' }).count(), 0);
  await dialog.getByRole('switch', { name: 'Send reactions' }).click();
  assert.deepEqual(await faultsOf(host), []);
  await button(member, 'Close panel').click();
  await button(member, 'More').click();
  await member.getByText('The host has switched reactions off for you.').waitFor();
  await member.keyboard.press('Escape');
  for (const right of ['Write in the chat', 'Send reactions']) await dialog.getByRole('switch', { name: right }).click();
  await host.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await control(member, 'Chat').click();
  await member.getByRole('textbox', { name: 'Write a message' }).waitFor();
  await button(member, 'Close panel').click();
});

step('a reaction floats by on every page', async () => {
  await button(member, 'More').click();
  await member.getByRole('menuitem', { name: 'Applause' }).click();
  for (const page of [host, member]) await page.getByText('Member 1: 👏').waitFor();
  await control(host, 'React').click();
  await button(host, 'Heart').click();
  await member.getByText('Host: ❤️').waitFor();
  await host.keyboard.press('Escape');
});

step('somebody is put in front for everybody, and one pins whom one likes', async () => {
  await act('Put in front for everybody');
  for (const page of [host, member]) {
    await until('they are large', async () => (await inFront(page).getAttribute('aria-label')) === 'Member 1');
  }
  await pictures('moderation-in-front', host, member);
  await tile(host, 'Host').hover();
  await button(host, 'Show Host large').click();
  await until('one’s own choice counts', async () => (await inFront(host).getAttribute('aria-label')) === 'Host');
  assert.equal(await inFront(member).getAttribute('aria-label'), 'Member 1');
  await button(host, 'No longer show Host large').click();
  await act('No longer in front');
  for (const page of [host, member]) await page.locator('[data-front]').waitFor({ state: 'detached' });
});

step('one sees who speaks large, or the sound alone', async () => {
  await button(host, 'More').click();
  await host.getByRole('menuitem', { name: 'Show who speaks large' }).click();
  await inFront(host).waitFor();
  await button(host, 'More').click();
  await host.getByRole('menuitem', { name: 'Save data: sound only' }).click();
  await host.getByRole('region', { name: 'Participants' }).locator('video').first().waitFor({ state: 'detached' });
  await host.reload();
  await inFront(host).waitFor();
  assert.equal(await host.getByRole('region', { name: 'Participants' }).locator('video').count(), 0, 'it is kept');
  for (const choice of ['Show everybody alike', 'Show cameras again']) {
    await button(host, 'More').click();
    await host.getByRole('menuitem', { name: choice }).click();
  }
  await host.locator('[data-front]').waitFor({ state: 'detached' });
});

step('hands are lowered, a co-host is made, and the meeting handed over', async () => {
  await control(member, 'Raise hand').click();
  await button(host, 'People').click();
  await host.getByRole('img', { name: 'Hand raised' }).first().waitFor();
  await act('Lower hand');
  await control(member, 'Raise hand').waitFor();
  await act('Make co-host');
  await host.getByText('Co-host', { exact: true }).waitFor();
  await act('Make host');
  const dialog = host.getByRole('dialog', { name: 'Make host' });
  assert.deepEqual(await faultsOf(host), []);
  await button(dialog, 'Make host').click();
  await dialog.waitFor({ state: 'detached' });
  await until('they host it', async () => (await council.members[0].get(`/meetings/${meeting.id}`)).my.role === 'host');
  await control(member, 'People').click();
  await button(member, 'Actions for Host').click();
  await member.getByRole('menuitem', { name: 'No longer co-host' }).waitFor();
  await member.keyboard.press('Escape');
  await Promise.all([host, member].map((page) => page.goto('/meetings')));
});

step('an audio meeting has listeners, who are invited to speak', async () => {
  await council.host.patch(`/meetings/${talk.id}/participants`, { can_unmute: false });
  await Promise.all([enter(host, talk), enter(member, talk)]);
  await host.getByText('1 person listens').first().waitFor();
  assert.equal(await tile(host, 'Member 1').count(), 0);
  assert.ok(await isForbidden(member, 'Unmute microphone'));
  await button(host, 'People').click();
  await act('Invite to speak');
  const dialog = member.getByRole('dialog', { name: 'The host asks you' });
  await button(dialog, 'Switch on').click();
  await tile(host, 'Member 1').waitFor();
  await control(member, 'Mute microphone').waitFor();
  await act('Move to the listeners');
  await tile(host, 'Member 1').waitFor({ state: 'detached' });
  for (const page of [host, member]) {
    assert.deepEqual(await faultsOf(page), []);
  }
});

step('a co-host stands in when the host drops out, and everybody sees it', async () => {
  await act('Make co-host');
  await host.getByText('Co-host', { exact: true }).waitFor();
  // Away without a word.
  await host.goto('about:blank');
  await member.getByText('Member 1 leads while the host is away.').waitFor({ timeout: 120_000 });
  assert.deepEqual(await faultsOf(member), []);
  // The tab remembers that it was in the room.
  await host.goto(`/meetings/${talk.id}`);
  await host.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await member.getByText('Member 1 leads while the host is away.').waitFor({ state: 'detached' });
  for (const page of [host, member]) assert.deepEqual(page.complaints, []);
}, { timeout: 180_000 });
