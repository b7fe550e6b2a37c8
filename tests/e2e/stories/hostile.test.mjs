// Hostile people with clients of their own making: what they send is not taken for the server's word, what they write is
// text, and what they may not do LiveKit and the API refuse.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { join } from 'node:path';

import {
  AudioSource,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
  VideoSource,
  dispose,
} from '@livekit/rtc-node';

import { Api, Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { LiveKitRoom, ask, claimsOf, sign } from '../lib/livekit.mjs';
import { button, signIn, step, tile } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const CLIENT = join(import.meta.dirname, '../../../web/node_modules/livekit-client/dist/livekit-client.umd.js');
/** What runs if anything that somebody wrote is read as HTML or as a script. */
const MARKUP = '<img src=x onerror=ran()><script>ran()</script>';
const NAME = `Mallory ${MARKUP}`;

let up;
let browser;
let council;
let meeting;
let livekit;
let host;
let member;
let mallory;
/** Their connections to the room: Mallory's, and a member's who notes what arrives. */
const rooms = {};
const received = [];
const ran = [];

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 2 });
  [member] = council.members;
  mallory = await council.add(NAME, 'member', 'mallory@example.org');
  council.members.push(mallory);
  meeting = await council.schedule({ title: `Assembly ${MARKUP}` });
  livekit = await LiveKitRoom.of(up, meeting.room_name);
  host = await person(browser, up.url);
  await host.exposeFunction('ran', () => ran.push(host.url()));
});
afterEach(async (t) => {
  await pictures(`hostile-${t.name.replaceAll(/\W+/g, '-')}`, host).catch(() => {});
});
after(async () => {
  for (const room of Object.values(rooms)) await room.disconnect();
  await dispose();
  await browser?.close();
  await up?.end();
});

const log = () => host.getByRole('log', { name: 'Messages' });
const inLog = (text) => log().getByText(text);
const post = (api, message) => api.post(`/meetings/${meeting.id}/chat`, message);
const refused = (status, code) => (error) =>
  (error.status === status && error.code === code) || assert.fail(`not ${status} ${code}: ${error.message}`);

async function enter(api, { id }) {
  const door = await api.post(`/meetings/${id}/join`);
  const room = new Room();
  await room.connect(door.server_url, door.token, { autoSubscribe: false, dynacast: false });
  return Object.assign(room, { door });
}

/** Somebody says something as they should, and the host reads it: all that was sent before has arrived. */
async function truth(text) {
  await post(member, { type: 'text', content: text });
  await inLog(text).waitFor();
}

/** What somebody wrote stands on a page, as text. */
async function isText(text) {
  await host.getByText(text).first().waitFor();
  const elements = await host.locator('img[src="x"], [onerror], a[href^="javascript:" i]').count();
  assert.equal(elements, 0, `${text} became an element`);
  assert.deepEqual(ran, []);
}

step('somebody whose name is a script comes into the room', async () => {
  await signIn(host, 'host@example.org');
  await host.goto(`/meetings/${meeting.id}`);
  await button(host, 'Join meeting').click();
  await host.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await button(host, 'Chat').click();
  rooms.member = await enter(member, meeting);
  rooms.member.on(RoomEvent.DataReceived, (payload, sender, _kind, topic) => {
    received.push({ sender: sender?.identity, topic, text: Buffer.from(payload).toString() });
  });
  rooms.mallory = await enter(mallory, meeting);
  await tile(host, NAME).waitFor();
  await isText(NAME);
  await truth('Good morning');
});

/** Events that would be seen on the host's page, and where. */
function forgeries(said) {
  const now = new Date().toISOString();
  const about = (api, name) => ({ user: { id: api.userId, name }, status: 'joined', online: true });
  const words = { meeting_id: meeting.id, sender: { id: council.host.userId, name: 'Host' }, metadata: {}, created_at: now };
  const id = '0fffffff-0000-7000-8000-00000000000';
  return [
    { event: 'chat.message', data: { ...words, id: `${id}1`, type: 'text', content: 'Forged' }, seen: inLog('Forged') },
    { event: 'chat.updated', data: { ...said, content: 'Twisted', edited_at: now }, seen: inLog('Twisted') },
    { event: 'chat.message', data: { ...words, id: `${id}2`, type: 'reaction', content: '🎉' }, seen: host.getByText('Host: 🎉') },
    {
      event: 'participant.updated',
      data: { ...about(mallory, 'The real host'), role: 'host' },
      seen: host.getByRole('article', { name: 'The real host' }),
    },
    { event: 'stage.changed', data: { spotlight: [mallory.userId] }, seen: host.locator('[data-front]') },
    {
      event: 'recording.updated',
      data: { id: `${id}3`, meeting_id: meeting.id, status: 'recording', gaps: [] },
      seen: host.getByRole('status').getByText('Recording', { exact: true }),
    },
    {
      event: 'meeting.updated',
      data: { id: meeting.id, title: 'Taken over', status: 'completed' },
      seen: host.getByRole('heading', { name: 'Taken over' }),
    },
    {
      event: 'participant.asked',
      data: { user_id: council.host.userId, source: 'screen_share' },
      seen: host.getByRole('dialog', { name: 'The host asks you' }),
    },
  ];
}
const packet = ({ event, data }, more) => JSON.stringify({ event, data, ...more });

step('packets that pretend to come from the server are not heard', async () => {
  const said = (await council.host.get(`/meetings/${meeting.id}/chat`)).items.find(({ content }) => content === 'Good morning');
  const forged = forgeries(said);
  const before = received.length;
  const publish = (text, more) => rooms.mallory.localParticipant.publishData(Buffer.from(text), { reliable: true, ...more });
  // With a number from the future, so that if one were believed, nothing true would be heard after it.
  for (const one of forged) await publish(packet(one, { seq: 1_000_000_000 }), { topic: 'baraza' });
  for (const text of ['{', 'null', '{"event":"chat.message","data":null}', packet(forged[0], { truncated: true })]) {
    await publish(text, { topic: 'baraza' });
  }
  await publish(JSON.stringify({ id: 'x', timestamp: Date.now(), message: 'Forged' }), { topic: 'lk-chat-topic' });
  await rooms.mallory.localParticipant.sendText('Forged', { topic: 'lk.chat' });
  await rooms.mallory.localParticipant.sendChatMessage('Forged', undefined, council.host.userId);

  // A client that leaves its name out, or gives another's.
  const eve = await person(browser, up.url, { bypassCSP: true });
  await eve.goto('/login');
  await eve.addScriptTag({ path: CLIENT });
  const door = await council.members[1].post(`/meetings/${meeting.id}/join`);
  const forge = (number, ...senders) =>
    eve.evaluate(
      async ({ server_url, token, packets, senders }) => {
        if (!window.room) {
          window.room = new window.LivekitClient.Room();
          await window.room.connect(server_url, token);
          window.send = window.room.engine.sendDataPacket.bind(window.room.engine);
        }
        for (const sender of senders) {
          window.room.engine.sendDataPacket = (packet, kind) => {
            packet.participantIdentity = sender;
            packet.value.value.participantIdentity = sender;
            return window.send(packet, kind);
          };
          for (const text of packets) {
            await window.room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true, topic: 'baraza' });
          }
        }
      },
      { ...door, packets: forged.map((one) => packet(one, { seq: number })), senders },
    );
  await forge(2_000_000_000, ''); // at once, before others know who came
  await until('they know', () => rooms.member.remoteParticipants.has(door.identity));
  await forge(1_000_000_000, '', council.host.userId);

  const heard = () => received.slice(before).filter(({ topic, text }) => topic === 'baraza' && text.includes('1000000000'));
  await until('all of them have arrived', () => heard().length >= forged.length * 3);
  const senders = [mallory.userId, door.identity, door.identity].flatMap((sender) => forged.map(() => sender));
  assert.deepEqual(heard().map(({ sender }) => sender), senders, 'LiveKit names who sent it');
  await truth('Nothing has happened');
  for (const { event, seen } of forged) assert.equal(await seen.count(), 0, `${event} was believed`);
  await eve.context().close();
});

step('a flood of packets does not drown the room', async () => {
  const { localParticipant } = rooms.mallory;
  const large = Buffer.from(packet({ event: 'chat.message', data: { content: 'x'.repeat(14_000) } }));
  for (let number = 0; number < 500; number += 1) await localParticipant.publishData(large, { reliable: true, topic: 'baraza' });
  const begin = Date.now();
  await truth('Still here');
  assert.ok(Date.now() - begin < 5_000, `that took ${Date.now() - begin} ms`);
});

step('whoever floods the chat is told to wait, and nobody else is', async () => {
  const flood = Array.from({ length: 100 }, (_, number) => ({ type: 'text', content: `flood ${number}` }));
  const answers = await Promise.all(flood.map((message) => mallory.raw('POST', `/meetings/${meeting.id}/chat`, message)));
  await truth('May I?');
  const refusals = answers.filter(({ status }) => status !== 201);
  assert.ok(refusals.length >= 40, `${refusals.length} of 100 were refused`);
  for (const answer of refusals) {
    const { code, detail } = await answer.json();
    assert.deepEqual([answer.status, code, detail], [429, 'RATE_LIMITED', 'Too many attempts. Please wait a moment.']);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  }
  const kept = (await council.host.all(`/meetings/${meeting.id}/chat?limit=200`)).filter(({ content }) => /^flood/.test(content));
  assert.equal(kept.length, flood.length - refusals.length);
});

step('nobody renames oneself or writes one’s own metadata', async () => {
  const of = async () => {
    const one = (await livekit.participants()).find(({ identity }) => identity === mallory.userId);
    return { name: one.name, metadata: one.metadata, attributes: one.attributes, permission: one.permission };
  };
  const before = await of();
  assert.equal(before.name, NAME);
  const { localParticipant } = rooms.mallory;
  await Promise.allSettled([
    localParticipant.updateName('Host'),
    localParticipant.updateMetadata(JSON.stringify({ user_id: council.host.userId, avatar_url: 'https://evil.example/x.png' })),
    localParticipant.updateMetadata('x'.repeat(100_000)),
    localParticipant.setAttributes({ role: 'host' }),
  ]);
  await truth('Who is who');
  assert.deepEqual(await of(), before);
  await tile(host, NAME).waitFor();
  assert.equal(await tile(host, 'Host').count(), 1);
});

const camera = (source) => [
  LocalVideoTrack.createVideoTrack('picture', new VideoSource(160, 90)),
  new TrackPublishOptions({ source, simulcast: false }),
];
const sound = (source) => [
  LocalAudioTrack.createAudioTrack('tone', new AudioSource(48_000, 1)),
  new TrackPublishOptions({ source }),
];
/** Whether LiveKit takes a track. */
const takes = (room, track) =>
  room.localParticipant.publishTrack(...track).then(
    () => true,
    () => false,
  );

step('what may not be published is refused by LiveKit', async () => {
  const { SOURCE_CAMERA, SOURCE_MICROPHONE, SOURCE_SCREENSHARE, SOURCE_SCREENSHARE_AUDIO, SOURCE_UNKNOWN } = TrackSource;
  const talk = await council.schedule({ title: 'Radio hour', meeting_type: 'audio' });
  const radio = await LiveKitRoom.of(up, talk.room_name);
  await council.host.patch(`/meetings/${meeting.id}/participants/${mallory.userId}`, { can_share_screen: false });
  // It takes the client ten seconds to believe that nothing comes of it, so all of them try at the same time.
  const people = [mallory, ...council.members.slice(0, 2), council.host];
  const inTalk = await Promise.all(people.map((one) => enter(one, talk)));
  Object.assign(rooms, inTalk);
  const forbidden = [camera(SOURCE_CAMERA), camera(SOURCE_SCREENSHARE), sound(SOURCE_SCREENSHARE_AUDIO), camera(SOURCE_UNKNOWN)];
  const taken = await Promise.all([
    takes(rooms.mallory, camera(SOURCE_SCREENSHARE)),
    ...forbidden.map((track, index) => takes(inTalk[index], track)),
  ]);
  assert.deepEqual(taken, [false, false, false, false, false]);
  assert.equal(await takes(rooms.mallory, camera(SOURCE_CAMERA)), true);
  assert.equal(await takes(inTalk[0], sound(SOURCE_MICROPHONE)), true);
  for (const { tracks } of await radio.participants()) assert.ok(tracks.every(({ source }) => source === 'MICROPHONE'));
});

step('a token opens one room for one person, and no more', async () => {
  const { door } = rooms.mallory;
  const validate = async (token, query = '') => {
    const response = await fetch(`${up.livekit_url.replace(/^ws/, 'http')}/rtc/validate?access_token=${token}${query}`);
    return response.status;
  };
  assert.equal(await validate(door.token), 200);
  const claims = claimsOf(door.token);
  const keys = { key: livekit.key, secret: livekit.secret };
  assert.equal(await validate(sign(claims, keys)), 200, 'tokens made here are as good as the server’s');
  const other = { ...claims, sub: council.host.userId, name: 'Host' };
  const [head, , seal] = door.token.split('.');
  const changed = `${head}.${Buffer.from(JSON.stringify(other)).toString('base64url')}.${seal}`;
  for (const [what, token] of Object.entries({
    'another name under the old seal': changed,
    'no seal': sign(other, { ...keys, alg: 'none' }),
    'a seal of one’s own': sign(other, { ...keys, secret: 'x'.repeat(48) }),
    'the API’s token': mallory.session.access_token,
  })) {
    assert.equal(await validate(token), 401, what);
  }
  // Asked for another room, LiveKit goes by the token.
  const elsewhere = await council.schedule({ title: 'Board', participants: [] });
  const room = new Room();
  await room.connect(`${door.server_url}?room=${elsewhere.room_name}`, (await mallory.post(`/meetings/${meeting.id}/join`)).token);
  rooms.mallory = Object.assign(room, { door });
  assert.equal(room.name, meeting.room_name);
  await assert.rejects(mallory.post(`/meetings/${elsewhere.id}/join`), refused(403, 'NOT_INVITED'));
  await assert.rejects(mallory.get(`/meetings/${elsewhere.id}/chat`), refused(403, 'FORBIDDEN'));
  // It moderates nothing, and is no key to the API.
  const identity = council.host.userId;
  for (const [method, body] of Object.entries({
    ListParticipants: {},
    RemoveParticipant: { identity },
    UpdateParticipant: { identity: mallory.userId, permission: { canPublish: true } },
    SendData: { data: '', kind: 'RELIABLE', topic: 'baraza' },
    UpdateRoomMetadata: { metadata: 'x' },
    DeleteRoom: {},
  })) {
    const response = await ask(up.livekit_url, door.token, method, { room: meeting.room_name, ...body });
    assert.equal(response.status, 401, method);
  }
  await assert.rejects(new Api(up.url, { access_token: door.token }).get('/me'), refused(401, 'UNAUTHENTICATED'));
});

step('what is too large is refused, in words', async () => {
  const text = (content, metadata) => post(member, { type: 'text', content, metadata });
  for (const attempt of [
    () => text('x'.repeat(4001)),
    () => text('x', { x: 'y'.repeat(8192) }),
    () => post(member, { type: 'reaction', content: 'not an emoji at all' }),
    () => post(member, { type: 'text', content: 'x', mentions: Array(51).fill(council.host.userId) }),
    () => member.patch('/me', { name: 'x'.repeat(1000) }),
  ]) {
    await assert.rejects(attempt(), refused(422, 'VALIDATION_FAILED'));
  }
  await assert.rejects(text('x', { x: 'y'.repeat(300_000) }), (error) => error.status === 413);
  await truth('Still the same');
});

step('what somebody writes is text wherever it is shown', async () => {
  const words = (what) => `${what} ${MARKUP} javascript:ran() [x](javascript:ran())`;
  await post(mallory, { type: 'text', content: words('Message') });
  await isText(words('Message'));
  await post(mallory, { type: 'reaction', content: '<b>x</b>' });
  await isText(`${NAME}: <b>x</b>`);
  const metadata = { question: words('Question'), options: [words('First'), words('Second')] };
  await post(council.host, { type: 'poll', metadata });
  await isText(words('Question'));
  await isText(words('First'));
  await button(host, 'People').click();
  await isText(NAME);
  for (const tab of ['chat', 'attendance', 'timeline', 'history']) {
    await host.goto(`/meetings/${meeting.id}/details?tab=${tab}`);
    await host.getByRole('tab', { selected: true }).waitFor();
    await isText(`Assembly ${MARKUP}`);
    if (tab !== 'history') await isText(tab === 'chat' ? words('Message') : NAME);
  }
  await host.goto('/meetings');
  await isText(`Assembly ${MARKUP}`);
});

step('the same words count when the server says them', async () => {
  // The page comes back into the room by itself.
  await host.goto(`/meetings/${meeting.id}`);
  await button(host, 'Chat').click();
  await inLog('Good morning').waitFor();
  const said = (await council.host.get(`/meetings/${meeting.id}/chat`)).items.find(({ content }) => content === 'Good morning');
  for (const one of forgeries(said)) {
    await livekit.send({ event: one.event, data: one.data });
    await one.seen.first().waitFor();
  }
  assert.deepEqual(host.complaints, []);
  assert.deepEqual(ran, []);
});
