// An organization that has been at work for a while: dozens of people, meetings of every state, and all that surrounds
// them. Made through the API alone, as its own people would.

import { createHash } from 'node:crypto';

import { Council, PASSWORD, recordingIs } from './api.mjs';
import { Client } from './clients.mjs';
import { pass } from './until.mjs';

const FIRST = ['Amina', 'Baraka', 'Chiku', 'Daudi', 'Eshe', 'Farida', 'Gathoni', 'Hamisi', 'Imani', 'Juma', 'Kamau', 'Leila'];
const LAST = ['Otieno', 'Mwangi', 'Njeri', 'Abdalla', 'Wanjiku', 'Kiplagat', 'Achieng'];
const name = (number) => `${FIRST[number % FIRST.length]} ${LAST[number % LAST.length]}`;
const email = (number) => `${name(number).toLowerCase().replace(' ', '.')}@example.org`;

const LONG_TITLE =
  'Extraordinary general meeting on the purchase of the plot behind the market, the loan for it, and the election of two trustees';
const AGENDA = `## Before we begin
1. Prayer and **roll call**
2. Minutes of the last meeting

## Today
- Loans: who asked, who guarantees
- The [plot behind the market](https://example.org/plot)
- Any other business`;

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAmUlEQVR42gXBkRIAIAwA0L4ziqJRNAq6cBDtwuFuFASjLuyzei88jK/FR/FxfBKfxbfjOzFcTLelS+lyupKupbvTPSk4Zm/ZKTtnl+yWfWc/OSyE1WARLIYlsAzWhnUgKBZtRakoF5WiVnQXPSUIojQUQmEUQTGUjXIwTKyz1Ul1cp1Sp9W56zw1DOyj9UF9cB/Sh/Wx+zj9A/K+bYFBk4dwAAAAAElFTkSuQmCC',
  'base64',
);

/**
 * Fills a new platform. Answers its Council with, beside it: `officer`, `member` (they sign in with PASSWORD),
 * `meetings` by what they are, one `booking`, `guestUrl`, `invitationUrl`.
 */
export async function furnish(up) {
  const council = await Council.found(up, { name: 'Green Valley Savings and Credit Cooperative' });
  const { host, id } = council;
  const org = `/organizations/${id}`;
  const at = (hours) => new Date(Math.ceil(Date.now() / 900_000) * 900_000 + hours * 3_600_000).toISOString();

  await host.patch('/me', { name: 'Zawadi Muthoni', phone: '+254 700 000 001', timezone: 'Africa/Nairobi' });
  await host.patch(`${org}/settings`, { allow_guests: true, recording_retention_days: 365 });

  // People: some who are at work, many who were invited by a table, one who is no longer there.
  council.officer = await council.add('Tumaini Kariuki', 'secretary');
  council.member = await council.add('Neema Wairimu');
  const seated = [council.officer, council.member];
  for (let number = 0; number < 3; number += 1) seated.push(await council.add(name(number)));
  const rows = Array.from({ length: 36 }, (_, index) => `${email(index + 3)},${name(index + 3)},member`);
  await upload(host, `${org}/members/import`, 'text/csv', `email,name,role\n${rows.join('\n')}\n`);
  await host.patch(`${org}/members/${seated[4].userId}`, { is_active: false });
  const invited = await host.post(`${org}/members`, {
    email: 'rehema.a.very.long.address.that.has.to.break.somewhere@cooperative-societies.example.org',
    name: 'Rehema Nyambura wa Kariuki-Odhiambo Mwakitawa',
    role: 'chairperson',
  });
  council.invitationUrl = invited.invitation_url;
  await upload(host, '/me/avatar', 'image/png', PICTURE, 'PUT');

  const groups = [];
  for (const group of ['Suppliers', 'Lawyers and auditors', 'Neighbours of the plot behind the market']) {
    groups.push(await host.post(`${org}/contact-groups`, { name: group }));
  }
  for (let number = 0; number < 18; number += 1) {
    await host.post(`${org}/contacts`, {
      name: name(number + 20),
      email: `contact${number}@suppliers.example.org`,
      phone: number % 3 ? `+254 711 000 ${String(number).padStart(3, '0')}` : undefined,
      company: number % 2 ? 'Mwangaza Hardware and General Supplies Limited' : '',
      group_ids: [groups[number % 3].id, ...(number % 4 ? [] : [groups[(number + 1) % 3].id])],
    });
  }

  // Members can be contacts too: reports of a group are about them.
  for (const [title, address] of [['Neema', 'neema.wairimu@example.org'], ['Tumaini', 'tumaini.kariuki@example.org']]) {
    await host.post(`${org}/contacts`, { name: title, email: address, group_ids: [groups[0].id] });
  }

  // What the organization wants to know of each meeting.
  const field = (key, label, type, more = {}) => host.post(`${org}/custom-fields`, { key, label, type, ...more });
  await field('purpose', 'Purpose', 'select', { options: ['Savings', 'Loans', 'Election', 'Other'] });
  await field('quorum', 'Members needed for a decision', 'number', { rules: { min: 1, max: 500 } });
  await field('circular', 'Number of the circular that called the meeting, as it stands on paper', 'text');
  await field('follow_up', 'Follow-up by', 'date');
  await field('minuted', 'Minutes are taken', 'boolean');
  const old = await field('topics', 'Topics', 'multi_select', { options: ['Land', 'Money', 'People'] });
  await host.patch(`${org}/custom-fields/${old.id}`, { retired: true });

  const people = seated.slice(0, 4).map(({ userId }) => userId);
  const plan = (title, start, hours, more = {}) =>
    host.post(`${org}/meetings`, {
      title,
      scheduled_start: at(start),
      scheduled_end: hours ? at(start + hours) : null,
      timezone: 'Africa/Nairobi',
      meeting_type: 'video',
      participants: people,
      ...more,
    });
  const meetings = {};
  council.meetings = meetings;
  meetings.next = await plan('Loans committee', 2, 1, {
    description: 'Eleven requests, two of them urgent.',
    agenda: AGENDA,
    settings: { allow_guests: true },
    custom_fields: { purpose: 'Loans', quorum: 4, circular: 'GV/2026/11', follow_up: '2026-12-18', minuted: true },
    related_object: { type: 'loan round', id: '2026-4' },
  });
  meetings.long = await plan(LONG_TITLE, 30, 3, {
    venue_mode: 'hybrid',
    location: 'Assembly hall of the primary school, second floor, entrance from Market Street',
    max_participants: 200,
    require_approval: true,
    auto_record: true,
  });
  meetings.abroad = await plan('Talk with the partner in New York', 54, 1, { timezone: 'America/New_York', meeting_type: 'audio' });
  for (let week = 1; week <= 12; week += 1) {
    await plan(`Weekly savings round ${week}`, 24 * 7 * week, 1.5, { meeting_type: week % 3 ? 'video' : 'screen_share' });
  }
  meetings.cancelled = await plan('Visit to the dairy', 20, 4, { venue_mode: 'in_person', location: 'Limuru' });
  await host.post(`/meetings/${meetings.cancelled.id}/cancel`, { reason: 'The road is closed after the rain.' });
  meetings.elsewhere = await plan('Talk with the union of the district', 50, 1, { external_url: 'https://us02web.zoom.us/j/81234567890' });
  meetings.missed = await plan('Breakfast with the auditors', -26, 1);

  // Rooms and what is booked in them; the members come to one of these too.
  const rooms = [];
  for (const [title, location, capacity] of [
    ['Assembly hall of the primary school at the market', 'Market Street, second floor, behind the stairs', 250],
    ['Baobab', 'Ground floor', 12],
    ['Acacia', '', null],
  ]) {
    rooms.push(await host.post(`${org}/resources`, { type: 'room', name: title, location, capacity, features: capacity ? ['Screen', 'Wheelchair access'] : [] }));
  }
  const projector = await host.post(`${org}/resources`, { type: 'device', name: 'Projector' });
  await host.post(`${org}/resources`, { type: 'device', name: 'Old van', location: 'Yard', is_enabled: false });
  const book = (title, start, hours, more) =>
    host.post(`${org}/bookings`, { booking_type: 'custom', title, starts_at: at(start), ends_at: at(start + hours), ...more });
  council.booking = await book(LONG_TITLE, 26, 2, {
    resource_ids: [rooms[0].id, projector.id],
    attendees: ['neema.wairimu@example.org', 'tumaini.kariuki@example.org'],
    contact_group_ids: [groups[0].id],
    notes: 'The chairs come from next door.\nPlease bring the keys back.',
    with_online_room: true,
  });
  await book('Loans committee', 2, 1, { resource_ids: [rooms[1].id], attendees: ['neema.wairimu@example.org'] });
  await book('Paint the walls', 24 * 9, 60, { resource_ids: [rooms[2].id], attendees: ['neema.wairimu@example.org'] });

  await council.officer.post(`/meetings/${meetings.next.id}/response`, { response: 'accepted' });
  await seated[2].post(`/meetings/${meetings.next.id}/response`, { response: 'declined' });
  // A history: what was once planned otherwise.
  await host.patch(`/meetings/${meetings.next.id}`, { title: 'Loans committee', max_participants: 25 });
  await host.patch(`/meetings/${meetings.next.id}`, { scheduled_start: at(1.5), description: 'Twelve requests, two of them urgent.' });
  await host.patch(`/meetings/${meetings.next.id}/participants/${council.officer.userId}`, { role: 'co_host' });
  const link = await host.post(`/meetings/${meetings.next.id}/guest-links`, { name: 'The press', max_uses: 5 });
  council.guestUrl = link.url;
  const revoked = await host.post(`/meetings/${meetings.next.id}/guest-links`, { name: 'A link that went astray' });
  await host.call('DELETE', `/guest-links/${revoked.id}`);

  // One that has been: people came, wrote, were recorded.
  meetings.past = await host.post(`${org}/meetings/instant`, { title: 'Market day', participants: people, agenda: AGENDA });
  const args = ['--size', '320x180', '--fps', '10'];
  const there = await Promise.all(seated.slice(0, 2).map((api) => Client.join(api, meetings.past.id, { args })));
  for (const [api, content] of [
    [council.officer, 'Good morning everybody, can you hear me?'],
    [council.member, 'Ndiyo, asante.'],
    [council.officer, 'The list is at https://example.org/a/very/long/address/that/has/no/place/to/break/at/all?really=none'],
  ]) {
    await api.post(`/meetings/${meetings.past.id}/chat`, { type: 'text', content });
  }
  const past = meetings.past.id;
  const plot = await ask(host, past, { question: 'Shall we buy the plot behind the market?', options: ['Yes', 'No', 'Ask again in spring'], majority: 'two_thirds' });
  const trustee = await ask(host, past, { question: 'Who becomes trustee?', options: ['Amina Otieno', 'Hamisi Abdalla'], secret: true, quorum_percent: 60 });
  for (const [api, choice] of [[host, 0], [council.officer, 0], [council.member, 1]]) {
    for (const poll of [plot, trustee]) await api.post(`/meetings/${past}/polls/${poll.id}/votes`, { choices: [choice] });
  }
  for (const poll of [plot, trustee]) await host.post(`/meetings/${past}/polls/${poll.id}/close`);
  const { id: recording } = await host.post(`/meetings/${meetings.past.id}/recordings`);
  await recordingIs(host, recording, 'recording');
  await pass(3);
  await host.post(`/recordings/${recording}/stop`);
  council.recording = await recordingIs(host, recording, 'available');
  await Promise.all(there.map((client) => client.leave()));
  await host.post(`/meetings/${meetings.past.id}/end`);

  // Its report, by which the page that verifies reports is seen.
  const report = await host.raw('GET', `/meetings/${past}/attendance.pdf`);
  council.report = createHash('sha256').update(Buffer.from(await report.arrayBuffer())).digest('hex');

  // One that goes on.
  meetings.live = await host.post(`${org}/meetings/instant`, { title: 'Board of trustees', participants: people });
  await Client.join(council.officer, meetings.live.id, { args: ['--no-video', '--no-audio'] });
  const day = await ask(council.host, meetings.live.id, { question: 'Which day suits you?', options: ['Monday', 'Thursday'], multiple: true });
  await council.officer.post(`/meetings/${meetings.live.id}/polls/${day.id}/votes`, { choices: [0, 1] });
  await council.officer.post(`/meetings/${meetings.live.id}/chat`, { type: 'text', content: 'Please vote before we go on.' });

  // What works without a person.
  const key = (title, scopes, expires_at) => host.post(`${org}/api-keys`, { name: title, scopes, expires_at });
  await key('Payroll import', ['meetings.read', 'members.read', 'members.write'], at(24 * 90));
  await key('Telephone assistant', ['meetings.read', 'meetings.write', 'calendar.read', 'calendar.write', 'attendance.read', 'recordings.read']);
  council.device = (await host.post(`${org}/device-tokens`, { label: 'Tablet at the door of the assembly hall' })).token;
  await host.post(`${org}/device-tokens`, { label: 'Tablet upstairs', expires_at: at(24 * 30) });

  // Who may what, otherwise than it comes.
  await host.call('PUT', `${org}/permissions`, { permissions: { 'contacts.manage': ['admin', 'chairperson', 'secretary', 'member'] } });
  await host.call('PUT', `${org}/field-rules`, { hidden: { 'member.email': ['member'] }, frozen: {} });

  // A second organization, for the switcher, and others that the system's administrator sees.
  for (const other of ['Umoja Clinic', 'Harbour Board']) await host.post('/organizations', { name: other });
  return council;
}

/** Asks all who are in a meeting, and answers the message. */
/** Opens a poll. */
export function ask(api, meeting, metadata) {
  return api.post(`/meetings/${meeting}/chat`, { type: 'poll', metadata });
}

async function upload(api, path, type, body, method = 'POST') {
  const response = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${api.session.access_token}`, 'content-type': type },
    body,
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json().catch(() => undefined);
}

export { PASSWORD };
