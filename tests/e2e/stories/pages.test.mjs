// Every page, looked at: as an admin, an officer, a member and somebody without an account, in light and dark, on a
// desk and on a phone, in English and Swahili. The pictures are in out/pages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, person } from '../lib/browser.mjs';
import { endClients } from '../lib/clients.mjs';
import { administration, inside, office, outside, visitor, walk } from '../lib/tour.mjs';
import { pass } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';
import { furnish } from '../lib/village.mjs';

const OUT = resolve(import.meta.dirname, '../out/pages');
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

let up;
let browser;
let council;
const host = 'host@example.org';

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await furnish(up);
});
after(async () => {
  await browser?.close();
  await endClients();
  await up?.end();
});

async function textsOf(language) {
  const texts = JSON.parse(await readFile(join(import.meta.dirname, `../../../web/src/locales/${language}.json`), 'utf8'));
  return (key) => key.split('.').reduce((at, part) => at[part], texts);
}

/** A walk by somebody through some pages, in which nothing may be found wrong. */
function tour(who, parts, { viewport, language, scheme, email }) {
  const how = `${viewport.width} px, ${language}, ${scheme}`;
  test(`${who}: ${how}`, { timeout: 600_000 }, async () => {
    const visits = parts.flatMap((part) => part(council));
    const say = await textsOf(language);
    // Two at a time, since each waits for the other side much of the time; in a room one can be once only.
    const rooms = visits.filter(({ busy }) => busy);
    const others = visits.filter(({ busy }) => !busy);
    const half = Math.ceil(visits.length / 2);
    const halves = [[...rooms, ...others.slice(half)], others.slice(0, half)].map(async (mine) => {
      const page = await visitor(browser, up.url, { email, viewport, language });
      const wrong = await walk(page, mine, { who, scheme, out: OUT, say });
      await page.context().close();
      return wrong;
    });
    assert.deepEqual(Object.assign({}, ...(await Promise.all(halves))), {});
  });
}

test('the pages are an app that can be installed', async () => {
  const page = await person(browser, up.url);
  await page.goto('/login');
  const session = await page.context().newCDPSession(page);
  const { errors } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // Tests browse in private.
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
  await page.context().close();
});

test('the room needs less than 700 kB of script before one joins', async (t) => {
  const page = await visitor(browser, up.url, { email: host, viewport: DESK, language: 'en' });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  const scripts = new Set();
  const plain = [];
  let bytes = 0;
  session.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type !== 'Script') return;
    scripts.add(requestId);
    if (!response.headers['content-encoding']) plain.push(response.url);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(`/meetings/${council.meetings.next.id}`);
  await page.getByRole('button', { name: 'Join meeting' }).waitFor();
  await pass(2); // what is loaded once the page stands
  assert.deepEqual(plain, [], 'all come compressed');
  t.diagnostic(`${scripts.size} scripts of ${Math.round(bytes / 1000)} kB`);
  assert.ok(bytes > 50_000 && bytes < 700_000, `${bytes} bytes`);
  await page.context().close();
});

// Not each with each: what a color, a width or a word breaks is broken for everybody.
tour('nobody', [outside], { viewport: DESK, language: 'en', scheme: 'light' });
tour('nobody', [outside], { viewport: PHONE, language: 'sw', scheme: 'dark' });
tour('admin', [inside, office, administration], { viewport: DESK, language: 'en', scheme: 'light', email: host });
tour('admin', [inside, office, administration], { viewport: PHONE, language: 'sw', scheme: 'dark', email: host });
tour('officer', [office], { viewport: PHONE, language: 'en', scheme: 'light', email: 'tumaini.kariuki@example.org' });
tour('member', [inside], { viewport: DESK, language: 'sw', scheme: 'dark', email: 'neema.wairimu@example.org' });
