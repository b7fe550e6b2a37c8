// Signing in, as a person does it in the browser: a second factor, a forgotten password, sessions that end.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before } from 'node:test';

import { launch, person, pictures } from '../lib/browser.mjs';
import { button, givePassword, step } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const EMAIL = 'hope@example.org';
const PASSWORD = 'correct horse battery staple';
const OTHER = 'staple battery horse correct';

let up;
let browser;
let here;
let there;
let secret;
let recoveryCode;

before(async () => {
  up = await Up.start();
  browser = await launch();
  here = await person(browser, up.url);
  there = await person(browser, up.url);
});
afterEach(async (t) => {
  await pictures(t.name.replaceAll(/\W+/g, '-'), here, there).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

/** The code of an authenticator app (RFC 6238), computed by nobody else's library. */
function code(now = Date.now()) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const hash = createHmac('sha1', key).update(step).digest();
  const number = (hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, '0');
}

step('the platform is set up', async () => {
  await here.goto(`/setup?token=${up.setup_token}`);
  await here.getByLabel('Organization name').fill('Green Valley');
  await here.getByLabel('Name', { exact: true }).fill('Hope');
  await here.getByLabel('Email').fill(EMAIL);
  await here.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await button(here, 'Set up').click();
  await here.getByRole('heading', { name: 'All set' }).waitFor();
});

step('the second factor is switched on', async () => {
  await here.goto('/profile/security');
  await button(here, 'Switch on').click();
  const dialog = here.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
  await button(dialog, 'Next').click();
  await dialog.getByAltText('QR code for the authenticator app').waitFor();
  secret = (await dialog.locator('pre').textContent()).replaceAll(' ', '');
  await dialog.getByLabel('Code that the app shows').fill(code());
  await button(dialog, 'Switch on').click();
  await dialog.getByText('Keep these recovery codes').waitFor();
  recoveryCode = await dialog.locator('code').first().textContent();
  await button(dialog, 'Done').click();
  await here.getByText('10 recovery codes are left.').waitFor();
});

step('signing in elsewhere takes a code, and no code twice', async () => {
  await givePassword(there, EMAIL, PASSWORD);
  await there.getByRole('textbox', { name: 'Code' }).fill('000000');
  await button(there, 'Sign in').click();
  await there.getByRole('alert').getByText('This code is wrong').first().waitFor();
  await there.getByRole('textbox', { name: 'Code' }).fill(recoveryCode);
  await button(there, 'Sign in').click();
  await there.getByRole('heading', { name: 'Meetings' }).waitFor();
  await givePassword(there, EMAIL, PASSWORD);
  await there.getByRole('textbox', { name: 'Code' }).fill(recoveryCode);
  await button(there, 'Sign in').click();
  await there.getByRole('alert').getByText('This code is wrong').first().waitFor();
});

step('the other session is seen and ended', async () => {
  await here.goto('/profile/security');
  const sessions = here.getByRole('region', { name: 'Where you are signed in' });
  await until('both sessions are seen', async () => (await sessions.getByRole('listitem').count()) === 2);
  await sessions.getByRole('button', { name: /^End: / }).click();
  await until('one is left', async () => (await sessions.getByRole('listitem').count()) === 1);
});

step('a forgotten password is replaced with a link from the mailbox', async () => {
  await there.goto('/forgot-password');
  await there.getByLabel('Email').fill(EMAIL);
  await button(there, 'Send link').click();
  await there.getByText('a link is on its way').waitFor();
  await here.goto('/mailbox');
  await here.getByText('Choose a new password').click();
  const link = here.getByRole('link', { name: /reset-password/ });
  const address = await link.getAttribute('href');
  assert.match(address, new RegExp(`^${up.url}/reset-password#`));
  await there.goto(address);
  await there.getByRole('textbox', { name: 'New password' }).fill('password2026');
  await button(there, 'Choose a new password').click();
  await there.getByText('too easy to guess').first().waitFor();
  await there.getByRole('textbox', { name: 'New password' }).fill(OTHER);
  await button(there, 'Choose a new password').click();
  await there.getByRole('heading', { name: 'Password changed' }).waitFor();
});

step('that has ended all sessions, and the old password is of no use', async () => {
  await here.goto('/meetings');
  await here.getByRole('heading', { name: 'Sign in' }).waitFor();
  await givePassword(here, EMAIL, PASSWORD);
  await here.getByRole('alert').waitFor();
  await givePassword(here, EMAIL, OTHER);
  // A code of the time step after the one that was used.
  await until('a fresh code is taken', async () => {
    if (await here.getByRole('heading', { name: 'Meetings' }).isVisible()) return true;
    await here.getByRole('textbox', { name: 'Code' }).fill(code());
    await button(here, 'Sign in').click({ timeout: 1000 });
    await here.getByRole('heading', { name: 'Meetings' }).waitFor({ timeout: 2000 });
    return true;
  }, { seconds: 60, every: 12_000 });
});
