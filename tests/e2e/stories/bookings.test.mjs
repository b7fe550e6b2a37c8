// BKG-01, BKG-03, BKG-04, BKG-06, BKG-08, BKG-11, BKG-12, BKG-14, SCH-09, SCH-11: a room is added, booked once, refused
// to the next, who takes what is proposed instead, and let go again. Everything in the pages.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council, PASSWORD } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { faultsOf } from '../lib/inspect.mjs';
import { button, signIn, step } from '../lib/story.mjs';
import { pass } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PHONE = { width: 390, height: 844 };

let up;
let browser;
let council;
let admin;
let first;
let second;
let start;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 2 });
  admin = await person(browser, up.url);
  first = await person(browser, up.url);
  second = await person(browser, up.url, { viewport: PHONE, colorScheme: 'dark' });
  // Tomorrow at nine, where these people are.
  const tomorrow = new Date(Date.now() + 24 * 3_600_000 + 3 * 3_600_000).toISOString().slice(0, 10);
  start = new Date(`${tomorrow}T09:00:00+03:00`);
});
afterEach(async (t) => {
  await pictures(`bookings-${t.name.replaceAll(/\W+/g, '-')}`, admin, first, second).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const at = (minutes) => new Date(start.getTime() + minutes * 60_000).toISOString();
const wish = (from, to) => `/bookings/new?start=${encodeURIComponent(at(from))}&end=${encodeURIComponent(at(to))}`;

/** Looks at a page as both kinds of devices and in both colors show it; it may keep a picture of each. */
async function looksWell(page, name) {
  const { width, height } = page.viewportSize();
  for (const [device, viewport, colorScheme] of [
    ['desk-light', { width: 1280, height: 800 }, 'light'],
    ['phone-dark', PHONE, 'dark'],
  ]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await pass(0.5); // what changes its colors slowly
    assert.deepEqual(await faultsOf(page), [], `${name} ${device}`);
    await page.screenshot({ path: new URL(`../out/bookings-${name}-${device}.png`, import.meta.url).pathname, fullPage: true });
  }
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: width === PHONE.width ? 'dark' : 'light' });
}

/** Takes a room out of those that are offered, by the keyboard. */
async function choose(page, name) {
  const rooms = page.getByRole('combobox', { name: 'Rooms and equipment' });
  await rooms.fill(name);
  await page.getByRole('option', { name }).waitFor();
  await rooms.press('ArrowDown');
  await rooms.press('Enter');
  await rooms.press('Escape');
}

step('the administrator adds rooms and a device', async () => {
  await signIn(admin, 'host@example.org');
  await admin.goto('/settings/resources');
  await admin.getByText('No rooms or devices yet').waitFor();
  const add = async (name, fill = async () => {}) => {
    await button(admin, 'Add room or device').click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await fill(dialog);
    assert.deepEqual(await faultsOf(admin), []);
    await button(dialog, 'Save').click();
    await dialog.waitFor({ state: 'detached' });
    await admin.getByRole('row').filter({ hasText: name }).waitFor();
  };
  const details = (where, seats) => async (dialog) => {
    await dialog.getByLabel('Where it is').fill(where);
    await dialog.getByLabel('Seats').fill(seats);
    const features = dialog.getByRole('combobox', { name: 'Features' });
    for (const feature of ['Screen', 'Wheelchair access']) {
      await features.fill(feature);
      await features.press('Enter');
    }
  };
  await add('Baobab', details('2nd floor', '12'));
  // As good as the other one, so that it can be proposed instead.
  await add('Acacia', details('Ground floor', '20'));
  await add('Old hall');
  await add('Projector', (dialog) => dialog.getByText('Device', { exact: true }).click());
  await button(admin, 'Actions for Old hall').click();
  await admin.getByRole('menuitem', { name: 'Disable' }).click();
  await admin.getByRole('row').filter({ hasText: 'Old hall' }).getByText('Can\'t be booked').waitFor();
  // A name stands once.
  await button(admin, 'Add room or device').click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Name').fill('baobab');
  await button(dialog, 'Save').click();
  await dialog.getByRole('alert').waitFor();
  await admin.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await looksWell(admin, 'rooms');
});

step('a member sees the rooms, and books one with the times of a link', async () => {
  await signIn(first, 'member.1@example.org');
  await first.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Bookings' }).click();
  await first.getByText('Nothing is booked').waitFor();
  await first.getByRole('link', { name: 'Rooms and equipment' }).click();
  await first.getByRole('row').filter({ hasText: 'Baobab' }).waitFor();
  assert.equal(await button(first, 'Add room or device').count(), 0);
  assert.equal(await first.getByRole('button', { name: /^Actions for/ }).count(), 0);
  await first.goto(wish(0, 60));
  await button(first, 'Start').filter({ hasText: '09:00' }).waitFor();
  await button(first, 'End').filter({ hasText: '10:00' }).waitFor();
  // A room asks nobody to come, an appointment does.
  assert.equal(await first.getByLabel('Organizer').count(), 0);
  await first.getByText('Appointment', { exact: true }).click();
  await first.getByRole('combobox', { name: 'Organizer' }).waitFor();
  await looksWell(first, 'form');
  await first.getByText('Room', { exact: true }).click();
  await button(first, 'Book').click();
  await first.getByText('Please fill this in.').first().waitFor();
  await first.getByLabel('Title').fill('Board');
  await first.getByRole('combobox', { name: 'Rooms and equipment' }).fill('Old hall');
  await first.getByText('Nothing found').waitFor();
  await choose(first, 'Baobab');
  await button(first, 'Book').click();
  await first.getByRole('heading', { name: 'Board' }).waitFor();
  await first.getByText('Baobab, 2nd floor').waitFor();
  await looksWell(first, 'booking');
});

step('another meets what is in the way and takes what is proposed', async () => {
  await signIn(second, 'member.2@example.org');
  await second.goto(wish(30, 90));
  await second.getByLabel('Title').fill('Choir');
  await choose(second, 'Baobab');
  await button(second, 'Book').click();
  const note = second.getByRole('alert');
  await note.getByText('This is taken at that time').waitFor();
  await note.getByText(/^Baobab: .*09:00.*10:00/).waitFor();
  const proposals = note.getByRole('group').getByRole('button');
  assert.match(await proposals.first().innerText(), /^Acacia .*09:30.*10:30/);
  await looksWell(second, 'conflict');
  // The note has the focus: the first proposal comes next.
  await second.keyboard.press('Tab');
  await second.keyboard.press('Enter');
  await note.waitFor({ state: 'detached' });
  await second.getByRole('status').filter({ hasText: /^Filled in: Acacia/ }).waitFor();
  await second.keyboard.press('Enter');
  await second.getByRole('heading', { name: 'Choir' }).waitFor();
  const { results } = await council.members[1].get(`/organizations/${council.id}/bookings/dashboard`);
  assert.deepEqual(
    results.map(({ starts_at, ends_at, resources }) => [starts_at, ends_at, ...resources.map(({ name }) => name)]),
    [[at(30).replace('.000', ''), at(90).replace('.000', ''), 'Acacia']],
  );
});

step('a time that has passed is refused where it stands', async () => {
  await second.goto(wish(-72 * 60, -71 * 60));
  await second.getByLabel('Title').fill('Too late');
  await choose(second, 'Acacia');
  await button(second, 'Book').click();
  await second.getByText('That time has passed.').waitFor();
  assert.equal(await second.getByRole('alert').count(), 0);
});

step('bookings stand by day, are changed and cancelled', async () => {
  await admin.goto('/bookings');
  await admin.getByRole('heading', { name: /^Tomorrow · / }).waitFor();
  assert.equal(await admin.getByRole('article').count(), 2);
  await looksWell(admin, 'list');
  await second.goto('/bookings');
  await second.getByRole('link', { name: 'Choir' }).waitFor();
  assert.equal(await second.getByRole('article').count(), 1, 'what others booked is theirs');
  await second.getByRole('link', { name: 'Choir' }).click();
  await second.getByRole('link', { name: 'Change booking' }).click();
  await second.getByLabel('Title').fill('Choir of the valley');
  await button(second, 'Save').click();
  await second.getByRole('heading', { name: 'Choir of the valley' }).waitFor();
  // What is booked is not deleted, and says so.
  await admin.goto('/settings/resources');
  await button(admin, 'Actions for Acacia').click();
  await admin.getByRole('menuitem', { name: 'Delete' }).click();
  const question = admin.getByRole('dialog', { name: 'Delete Acacia?' });
  await button(question, 'Delete').click();
  await question.getByText(/^It is booked for now or later/).first().waitFor();
  await button(question, 'Cancel').click();
  await button(second, 'Cancel booking').click();
  const dialog = second.getByRole('dialog', { name: 'Cancel booking' });
  assert.deepEqual(await faultsOf(second), []);
  await button(dialog, 'Cancel booking').click();
  await second.getByText('Nothing is booked').waitFor();
  await button(admin, 'Actions for Acacia').click();
  await admin.getByRole('menuitem', { name: 'Delete' }).click();
  await button(admin.getByRole('dialog', { name: 'Delete Acacia?' }), 'Delete').click();
  await admin.getByRole('row').filter({ hasText: 'Acacia' }).waitFor({ state: 'detached' });
});

step('an appointment asks people to come and has an online room', async () => {
  await council.host.post(`/organizations/${council.id}/contacts`, { name: 'Amina', email: 'amina@example.org' })
    .then(({ id }) => council.host.post(`/organizations/${council.id}/contact-groups`, { name: 'Suppliers', contact_ids: [id] }));
  await admin.goto(wish(120, 180));
  await admin.getByText('Appointment', { exact: true }).click();
  await admin.getByLabel('Title').fill('Annual meeting');
  await choose(admin, 'Projector');
  const asked = admin.getByRole('combobox', { name: 'Who is asked to come' });
  await asked.fill('nobody');
  await asked.press('Enter');
  const groups = admin.getByRole('combobox', { name: 'Contact groups' });
  await groups.fill('Suppliers');
  await admin.getByRole('option', { name: 'Suppliers' }).click();
  await groups.press('Escape');
  await admin.getByLabel('With an online room').check({ force: true });
  await button(admin, 'Book').click();
  await admin.getByText('This is not an e-mail address.').waitFor();
  await asked.press('Backspace');
  await asked.fill('member.1@example.org');
  await asked.press('Enter');
  await admin.getByText(/2 people are asked to come.*Amina/).waitFor();
  await button(admin, 'Book').click();
  await admin.getByRole('heading', { name: 'Annual meeting' }).waitFor();
  await looksWell(admin, 'appointment');
  await admin.getByRole('link', { name: 'To the meeting' }).click();
  await admin.getByRole('heading', { name: 'Annual meeting' }).waitFor();
  await first.goto('/bookings');
  await first.getByRole('link', { name: 'Annual meeting' }).click();
  await first.getByRole('heading', { name: 'Annual meeting' }).waitFor();
  assert.equal(await first.getByRole('link', { name: 'Change booking' }).count(), 0);
});

step('all places of a phone are behind its bar, in Swahili too', async () => {
  const page = await person(browser, up.url, { viewport: PHONE, locale: 'sw-KE', colorScheme: 'dark' });
  const answer = await page.request.post('/api/v1/auth/login', { data: { email: 'host@example.org', password: PASSWORD } });
  assert.ok(answer.ok());
  await page.goto('/bookings');
  await page.getByRole('article').first().waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await button(page, 'Zaidi').click();
  assert.deepEqual(await faultsOf(page), []);
  await pictures('bookings-phone-swahili', page);
  await page.getByRole('menuitem', { name: 'Mipangilio' }).click();
  await page.getByRole('heading', { name: 'Mipangilio' }).waitFor();
  assert.deepEqual(page.complaints, []);
});

step('nothing broke in the pages on the way', () => {
  assert.deepEqual([...admin.complaints, ...first.complaints, ...second.complaints], []);
});
