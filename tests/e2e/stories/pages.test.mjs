// Every page, looked at: as an admin, an officer, a member and somebody without an account, in light and dark, on a
// desk and on a phone, in English and Swahili. The pictures are in out/pages.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

import { launch } from '../lib/browser.mjs';
import { endClients } from '../lib/clients.mjs';
import { administration, inside, office, outside, visitor, walk } from '../lib/tour.mjs';
import { Up } from '../lib/up.mjs';
import { furnish } from '../lib/village.mjs';

const OUT = resolve(import.meta.dirname, '../out/pages');
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const BOTH = ['light', 'dark'];

let up;
let browser;
let council;

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
function tour(who, parts, { viewport, language, schemes, email }) {
  const how = `${viewport.width} px, ${language}, ${schemes.join(' and ')}`;
  test(`${who}: ${how}`, { timeout: 240_000 }, async () => {
    const page = await visitor(browser, up.url, { email, viewport, language });
    const visits = parts.flatMap((part) => part(council));
    const wrong = await walk(page, visits, { who, schemes, out: OUT, say: await textsOf(language) });
    await page.context().close();
    assert.deepEqual(wrong, {});
  });
}

const host = 'host@example.org';
tour('nobody', [outside], { viewport: DESK, language: 'en', schemes: BOTH });
tour('nobody', [outside], { viewport: PHONE, language: 'sw', schemes: BOTH });
tour('admin', [inside, office, administration], { viewport: DESK, language: 'en', schemes: BOTH, email: host });
tour('admin', [inside, office, administration], { viewport: PHONE, language: 'sw', schemes: BOTH, email: host });
tour('officer', [inside, office], { viewport: PHONE, language: 'en', schemes: ['light'], email: 'tumaini.kariuki@example.org' });
tour('member', [inside], { viewport: DESK, language: 'sw', schemes: ['dark'], email: 'neema.wairimu@example.org' });
