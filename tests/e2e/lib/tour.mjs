// Every page of Baraza, with what has to be done to see it, and a walk through them that looks at each.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { PASSWORD } from './api.mjs';
import { person } from './browser.mjs';
import { faultsOf } from './inspect.mjs';
import { pass, until } from './until.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const press = (...names) => async (page, say) => {
  for (const name of names) await button(page, say(name)).first().click();
  await page.getByRole('dialog').waitFor();
};

/** Into the room, from the page before it. */
async function enter(page, say) {
  const [join, controls] = [button(page, say('room.join')), page.getByRole('toolbar', { name: say('room.controls') })];
  // Who was in the room in this tab comes back into it.
  await join.or(controls).first().waitFor();
  if (await join.isVisible()) await join.click();
  await controls.waitFor();
  await page.getByText('Tumaini Kariuki').first().waitFor();
}

/** A panel of the room; narrow screens have it behind "more". */
async function open(page, say, name) {
  const control = button(page, say(name));
  if ((await control.count()) > 0) return control.click();
  await button(page, say('room.more')).click();
  await page.getByRole('menuitem', { name: say(name) }).click();
}

/** A dialog that a button in a panel of the room opens; on a phone the panel is a dialog too. */
const fromPanel = (panel, name) => async (page, say) => {
  await enter(page, say);
  await open(page, say, panel);
  await button(page, say(name)).click();
  await page.getByRole('dialog').last().getByRole('button').first().waitFor();
};

/** Where somebody comes without an account. */
export const outside = (council) => [
  { name: 'set-up', path: '/setup?token=none' },
  { name: 'login', path: '/login' },
  { name: 'login-problem', path: '/login?problem=SIGN_IN_EXPIRED' },
  { name: 'forgot-password', path: '/forgot-password' },
  { name: 'reset-password', path: '/reset-password#nothing' },
  { name: 'invitation', path: new URL(council.invitationUrl).pathname },
  { name: 'guest', path: new URL(council.guestUrl).pathname },
  { name: 'guest-no-entry', path: '/guest/nothing' },
  { name: 'tablet-set-up', path: '/tablet' },
  { name: 'tablet', path: '/tablet', then: async (page, say) => {
    await page.getByLabel(say('tablet.token')).fill(council.device);
    await button(page, say('tablet.start')).click();
    await button(page, say('tablet.more')).waitFor();
  } },
  { name: 'verify', path: '/reports/verify' },
  { name: 'verify-genuine', path: `/reports/verify/${council.report}`, then: (page, say) => page.getByText(say('proof.matches.file')).waitFor() },
  { name: 'verify-unknown', path: `/reports/verify/${'0'.repeat(64)}` },
  { name: 'not-found', path: '/nowhere' },
];

/** What everybody sees who belongs to the organization. */
export const inside = ({ meetings, booking }) => [
  { name: 'meetings', path: '/meetings' },
  { name: 'meetings-all', path: '/meetings?tab=all' },
  { name: 'meetings-live', path: '/meetings?tab=live' },
  { name: 'meetings-nothing-found', path: '/meetings?q=zzzz' },
  { name: 'overview', path: `/meetings/${meetings.next.id}/details` },
  { name: 'overview-long', path: `/meetings/${meetings.long.id}/details` },
  { name: 'cancelled', path: `/meetings/${meetings.cancelled.id}/details` },
  { name: 'recordings', path: `/meetings/${meetings.past.id}/details?tab=recordings` },
  { name: 'chat', path: `/meetings/${meetings.past.id}/details?tab=chat` },
  { name: 'timeline', path: `/meetings/${meetings.past.id}/details?tab=timeline` },
  { name: 'reports-own', path: '/reports?view=members' },
  { name: 'absences-own', path: '/reports?view=absences' },
  { name: 'engagement-own', path: '/reports?view=engagement' },
  { name: 'room-polls', path: `/meetings/${meetings.live.id}`, busy: true, then: async (page, say) => {
    await enter(page, say);
    await open(page, say, 'poll.title');
    await page.getByText('Which day suits you?').first().waitFor();
  } },
  { name: 'no-meeting', path: '/meetings/01900000-0000-7000-8000-000000000000/details' },
  { name: 'prejoin', path: `/meetings/${meetings.next.id}`, busy: true },
  { name: 'prejoin-elsewhere', path: `/meetings/${meetings.elsewhere.id}` },
  { name: 'bookings', path: '/bookings' },
  { name: 'booking', path: `/bookings/${booking.id}` },
  { name: 'booking-new', path: '/bookings/new' },
  { name: 'no-booking', path: '/bookings/01900000-0000-7000-8000-000000000000' },
  { name: 'vault', path: '/vault' },
  { name: 'people', path: '/people' },
  { name: 'profile', path: '/profile' },
  { name: 'security', path: '/profile/security' },
  { name: 'settings', path: '/settings' },
  { name: 'settings-meetings', path: '/settings/meetings' },
  { name: 'rooms', path: '/settings/resources' },
  { name: 'fields', path: '/settings/fields' },
  { name: 'permissions', path: '/settings/permissions' },
];

/** What comes on top for those who schedule. */
export const office = ({ meetings }) => [
  { name: 'meetings-table', path: '/meetings?view=table', then: async (page) => {
    await page.getByRole('table').getByRole('button', { expanded: false }).first().click();
    // Who may cancel none has nothing to select.
    const box = page.getByRole('cell').getByRole('checkbox', { disabled: false }).first();
    if ((await box.count()) > 0) await box.check();
  } },
  { name: 'schedule', path: '/meetings?new=true' },
  { name: 'attendance', path: `/meetings/${meetings.past.id}/details?tab=attendance` },
  { name: 'reports', path: '/reports?period=month' },
  { name: 'reports-member', path: '/reports', then: async (page, say) => {
    await page.getByRole('tab', { name: say('reports.view.members') }).click();
    await page.getByRole('combobox', { name: say('reports.member') }).fill('Neema');
    await page.getByRole('option', { name: /^Neema/ }).first().click();
    await page.getByText('Market day').first().waitFor();
  } },
  { name: 'reports-of-a-month', path: '/reports', then: async (page, say) => {
    await page.getByRole('combobox', { name: say('reports.period') }).click();
    // The last month that is offered first: this one.
    await page.getByRole('option').nth(3).click();
    await page.getByText('Market day').first().waitFor();
  } },
  { name: 'reports-group', path: '/reports?view=groups', then: async (page, say) => {
    await page.getByRole('combobox', { name: say('reports.group') }).click();
    await page.getByRole('option', { name: 'Suppliers' }).click();
    await page.getByRole('cell', { name: 'Neema Wairimu' }).waitFor();
  } },
  { name: 'absences', path: '/reports?view=absences', then: (page) => page.getByText('Market day').first().waitFor() },
  { name: 'absences-by-person', path: '/reports?view=absences', then: async (page, say) => {
    await page.getByText(say('reports.byPerson')).click();
    await page.getByRole('cell', { name: 'Neema Wairimu' }).waitFor();
  } },
  { name: 'engagement', path: '/reports?view=engagement', then: (page) => page.getByRole('button', { name: 'Neema Wairimu' }).waitFor() },
  { name: 'engagement-member', path: '/reports?view=engagement', then: async (page, say) => {
    await page.getByRole('button', { name: 'Neema Wairimu' }).click();
    await page.getByText(say('engagement.topic.speaking')).first().waitFor();
  } },
  { name: 'history', path: `/meetings/${meetings.next.id}/details?tab=history` },
  { name: 'duplicate', path: `/meetings/${meetings.next.id}/details`, then: press('duplicate.title') },
  { name: 'contacts', path: '/people', then: (page, say) => page.getByRole('tab', { name: say('people.tab.contacts') }).click() },
];

/** What only admins see, most of it behind a button. */
export const administration = ({ meetings, recording, booking }) => [
  { name: 'switcher', path: '/vault', then: (page, say) => page.getByRole('button', { name: say('shell.organization') }).click() },
  { name: 'person-menu', path: '/vault', then: (page, say) => page.getByRole('button', { name: /Zawadi Muthoni/ }).click() },
  { name: 'meeting-change', path: `/meetings/${meetings.next.id}/details`, then: press('overview.edit') },
  { name: 'meeting-cancel', path: `/meetings/${meetings.next.id}/details`, then: press('overview.cancel') },
  { name: 'meeting-invite', path: `/meetings/${meetings.next.id}/details`, then: press('overview.invite') },
  { name: 'room-door', path: `/meetings/${meetings.live.id}`, busy: true, then: fromPanel('room.people', 'door.open') },
  { name: 'room-rights', path: `/meetings/${meetings.live.id}`, busy: true, then: fromPanel('room.people', 'stage.forAll') },
  { name: 'room-new-poll', path: `/meetings/${meetings.live.id}`, busy: true, then: fromPanel('poll.title', 'poll.new') },
  { name: 'guest-links', path: `/meetings/${meetings.next.id}/details`, then: press('guestLinks.open') },
  { name: 'bulk-cancel', path: '/meetings?view=table&tab=upcoming', then: async (page, say) => {
    await page.getByRole('checkbox', { name: say('table.selectAll') }).filter({ visible: true }).first().check();
    await press('table.cancelSelected')(page, say);
  } },
  { name: 'person-add', path: '/people', then: press('people.add') },
  { name: 'import', path: '/people', then: async (page, say) => {
    await press('import.title')(page, say);
    const rows = ['email,name,role', 'amina@example.org,Amina Yusuf,member', 'not an address,Nobody,member', 'x@example.org,,king', ',,'];
    await page.locator('input[type=file]').setInputFiles({ name: 'members.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
    await page.getByRole('dialog').getByRole('table').waitFor();
  } },
  { name: 'invitations', path: '/people', then: (page, say) => page.getByRole('tab', { name: say('people.tab.invitations') }).click() },
  { name: 'contact-add', path: '/people', then: async (page, say) => {
    await page.getByRole('tab', { name: say('people.tab.contacts') }).click();
    await press('contacts.add')(page, say);
  } },
  { name: 'contact-groups', path: '/people', then: async (page, say) => {
    await page.getByRole('tab', { name: say('people.tab.contacts') }).click();
    await press('contacts.groups')(page, say);
  } },
  { name: 'player', path: `/recordings/${recording.id}`, busy: true },
  { name: 'trash', path: '/vault?trash=true' },
  { name: 'recording-access', path: '/vault', then: press('recording.changeAccess') },
  { name: 'recording-import', path: '/vault', then: press('recording.importing.title') },
  { name: 'second-factor', path: '/profile/security', then: async (page, say) => {
    await press('secondFactor.enable')(page, say);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: say('security.currentPassword') }).fill(PASSWORD);
    await button(dialog, say('secondFactor.next')).click();
    await dialog.getByAltText(say('secondFactor.qrCode')).waitFor();
  } },
  { name: 'engagement-settings', path: '/settings/engagement', then: async (page, say) => {
    await page.getByRole('textbox', { name: say('engagement.topic.messages') }).fill('9');
    await page.getByRole('heading', { name: say('engagement.preview') }).waitFor();
  } },
  { name: 'booking-change', path: `/bookings/${booking.id}?edit=true` },
  { name: 'booking-cancel', path: `/bookings/${booking.id}`, then: press('bookings.cancel') },
  { name: 'booking-conflict', path: `/bookings/new?start=${booking.starts_at}&end=${booking.ends_at}`, then: async (page, say) => {
    await page.getByLabel(say('schedule.name')).fill('Choir');
    await page.getByRole('combobox', { name: say('resources.title') }).fill('Assembly');
    await page.getByRole('option', { name: /Assembly/ }).click();
    await page.getByRole('combobox', { name: say('resources.title') }).press('Escape');
    await button(page, say('bookings.book')).click();
    await page.getByText(say('bookings.taken')).waitFor();
  } },
  { name: 'room-add', path: '/settings/resources', then: press('resources.add') },
  { name: 'field-add', path: '/settings/fields', then: press('fields.add') },
  { name: 'keys', path: '/settings/keys' },
  { name: 'key-add', path: '/settings/keys', then: press('service.keys.create') },
  { name: 'devices', path: '/settings/devices' },
  { name: 'audit', path: '/settings/audit' },
  { name: 'audit-filtered', path: '/settings/audit?entity=meeting&from=2020-01-01' },
  { name: 'audit-nothing', path: '/settings/audit?from=2020-01-01&to=2020-01-02' },
  { name: 'system', path: '/system' },
  { name: 'suspend', path: '/system', then: async (page) => {
    await page.getByRole('button', { name: /Harbour Board$/ }).click();
    await page.getByRole('dialog').waitFor();
  } },
  { name: 'mailbox', path: '/mailbox', then: (page) => page.getByRole('main').getByRole('button').first().click() },
];

/** A browser in which somebody is signed in, or nobody. */
export async function visitor(browser, url, { email, language = 'en', ...more }) {
  const page = await person(browser, url, {
    locale: language === 'en' ? 'en-GB' : 'sw-KE',
    reducedMotion: 'reduce',
    ...more,
  });
  page.language = language;
  // What is being asked of the server, but for the streams of events, which stay open.
  page.asked = new Set();
  page.on('request', (request) => /\/api\/(?!.*\/events)/.test(request.url()) && page.asked.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => page.asked.delete(request));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    // What the tour asks for and is refused; everything else is a fault.
    if (/the server responded with a status of (401|404|409|410|422)/.test(message.text())) return;
    // Whoever goes on to the next page leaves the room.
    if (/^(DataChannel error on|publisher data channel)/.test(message.text())) return;
    page.complaints.push(message.text());
  });
  if (email) {
    const answer = await page.request.post('/api/v1/auth/login', { data: { email, password: PASSWORD } });
    if (!answer.ok()) throw new Error(`${email} can't sign in: ${answer.status()}`);
  }
  return page;
}

/** Goes to each of the pages and answers what is wrong, page by page. `out` is where the pictures go. */
export async function walk(page, visits, { say, out, who, scheme }) {
  await mkdir(out, { recursive: true });
  const wrong = {};
  const { width } = page.viewportSize();
  await page.emulateMedia({ colorScheme: scheme });
  for (const { name, path, then, busy } of visits) {
    page.complaints.length = 0;
    const faults = [];
    try {
      await page.goto(path);
      await settled(page, busy);
      if (then) {
        await then(page, say);
        await settled(page, busy);
      }
      faults.push(...(await faultsOf(page)));
    } catch (error) {
      faults.push(`does not come so far: ${error.message.split('\n').slice(0, 3).join(' ')}`);
    }
    faults.push(...page.complaints);
    if (faults.length > 0) wrong[name] = [...new Set(faults)];
    const dialog = (await page.getByRole('dialog').count()) > 0;
    const file = `${who}-${name}-${width}-${scheme}-${page.language}.png`;
    await page.screenshot({ path: join(out, file), fullPage: !dialog });
  }
  return wrong;
}

/** Nothing is being loaded any more, and nothing moves. A busy page, with media, is asked for only what can be seen. */
async function settled(page, busy) {
  await page.waitForFunction(() => {
    const waiting = document.querySelector('[role=status][aria-label], .mantine-Loader-root, [data-loading=true]');
    return document.querySelector('h1, [role=alert]') && !waiting?.checkVisibility();
  });
  if (!busy) await until('nothing is asked for any more', async () => {
    if (page.asked.size > 0) return false;
    await pass(0.08);
    return page.asked.size === 0;
  }, { every: 20 });
  await still(page);
}

/** Nothing moves or changes its color any more. */
function still(page) {
  return page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const moving = document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(moving.map((one) => one.finished));
  });
}
