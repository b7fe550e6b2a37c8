// Sign-in through a real OpenID Connect provider, in a browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { startProvider } from '../lib/provider.mjs';
import { until } from '../lib/until.mjs';
import { Up, freePorts } from '../lib/up.mjs';

const PEOPLE = {
  amina: { name: 'Amina Wanjiru', email: 'amina@example.org', email_verified: true, groups: ['board', 'choir'] },
  thief: { name: 'Host', email: 'host@example.org', email_verified: false },
};

let up;
let provider;
let browser;
let council;

before(async () => {
  const port = await freePorts();
  let other = await freePorts();
  while (Math.abs(other - port) < 6) other = await freePorts();
  provider = await startProvider({ port: other, url: `http://localhost:${port}`, people: PEOPLE });
  up = await Up.start({ port, env: provider.env });
  council = await Council.found(up);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await up?.end();
  await provider?.stop();
});

/** Walks to the provider and signs in there by a name. */
async function signIn(page, name) {
  await page.goto('/login');
  await page.getByRole('link', { name: 'Sign in with Council ID' }).click();
  await page.waitForURL((url) => url.href.startsWith(provider.issuer));
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('form[action*="/interaction/"] button[type=submit]:has-text("Continue")').click();
}

test('a person of the board signs in, is a chairperson, and is out when the provider says so', { timeout: 120_000 }, async () => {
  const page = await person(browser, up.url);
  await signIn(page, 'amina');
  await page.waitForURL('**/meetings');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await pictures('provider-signed-in', page);
  const members = await council.host.all(`/organizations/${council.id}/members`);
  const amina = members.find(({ user }) => user.email === 'amina@example.org');
  assert.deepEqual([amina?.role, amina?.user.name], ['chairperson', 'Amina Wanjiru']);

  // Signs out at the provider, which tells Baraza behind the browser's back.
  const there = await page.context().newPage();
  await there.goto(`${provider.issuer}/session/end`);
  await there.locator('button[name=logout]').click();
  await until('the provider has said so', async () => {
    await page.goto('/meetings');
    await page.waitForLoadState('networkidle');
    return new URL(page.url()).pathname === '/login';
  });
  assert.deepEqual(page.complaints, []);
});

test('an address that the provider has not verified opens no account, and the page says why', { timeout: 60_000 }, async () => {
  const page = await person(browser, up.url);
  await signIn(page, 'thief');
  await page.waitForURL('**/login?problem=EMAIL_NOT_VERIFIED');
  await page.getByRole('alert').getByText('has not verified your email address').first().waitFor();
  await pictures('provider-refused', page);
  assert.equal((await council.host.get('/me')).user.name, 'Host');
});

test('whoever turns back at the provider is told so', { timeout: 60_000 }, async () => {
  const page = await person(browser, up.url);
  await page.goto('/login');
  await page.getByRole('link', { name: 'Sign in with Council ID' }).click();
  await page.waitForURL((url) => url.href.startsWith(provider.issuer));
  await page.getByRole('link', { name: /cancel/i }).click();
  await page.waitForURL('**/login?problem=SIGN_IN_CANCELLED');
  await page.getByRole('alert').getByText('cancelled at the provider').first().waitFor();
});

test('a provider that is away ends on a clear page', { timeout: 60_000 }, async () => {
  await provider.stop();
  await new Promise((passed) => setTimeout(passed, 11_000)); // what was known of it is looked at again
  const page = await person(browser, up.url);
  await page.goto('/login');
  const answer = page.waitForResponse((response) => response.url().includes('/auth/oidc/start'));
  await page.getByRole('link', { name: 'Sign in with Council ID' }).click();
  assert.equal((await answer).status(), 503);
  await page.waitForURL('**/login?problem=PROVIDER_AWAY');
  await page.getByRole('alert').getByText("can't be reached").first().waitFor();
  await pictures('provider-away', page);
});
