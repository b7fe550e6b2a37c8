// A hundred people in one room: everybody hears everything once and in order, and every vote counts once, also when `serve`
// is killed among them. With BARAZA_CROWD_SECONDS the talk lasts so long, and what was said has to be heard soon: that
// says something only on a machine that does nothing else, for the clients take more of it than the server does.

import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { after, before } from 'node:test';

import { Api, Council } from '../lib/api.mjs';
import { Audience, endClients } from '../lib/clients.mjs';
import { step } from '../lib/story.mjs';
import { pass, until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const PEOPLE = 100;
/** The others are guests: to hash the passwords of a hundred members would take longer than all the rest. */
const MEMBERS = 20;
const MEASURED = Number(process.env.BARAZA_CROWD_SECONDS ?? 0);
const SECONDS = MEASURED || 10;
/** How they hear of it. By both at once, a hundred of them have more to do than two processors can. */
const WAYS = MEASURED ? ['room'] : ['room', 'stream'];
const MESSAGES_PER_SECOND = 20;
const VOTES = 500;
const OPTIONS = ['Yes', 'No', 'Perhaps', 'Later'];

let up;
let council;
let people;
let meeting;
let audience;

before(async () => {
  up = await Up.start();
  council = await Council.found(up, { members: MEMBERS });
  await council.host.patch(`/organizations/${council.id}/settings`, { allow_guests: true });
  meeting = await council.meet({ max_participants: PEOPLE, settings: { allow_guests: true } });
  const { url } = await council.host.post(`/meetings/${meeting.id}/guest-links`);
  const guests = Array.from({ length: PEOPLE - MEMBERS }, (_, index) => new Api(up.url).enter(url, `Guest ${index + 1}`));
  people = [...council.members, ...(await Promise.all(guests))];
});
after(async () => {
  await endClients();
  await up?.end();
});

/** The value below which a share of all values lies. */
const percentile = (sorted, share) => sorted[Math.ceil(sorted.length * share) - 1];
const describe = (sorted) =>
  `half within ${percentile(sorted, 0.5)} ms, 99 % within ${percentile(sorted, 0.99)} ms, all within ${sorted.at(-1)} ms`;

step('a hundred people come into one room', async () => {
  audience = await Audience.join(people, meeting.id, WAYS);
});

step('everybody hears everything once and in order', async (t) => {
  await pass(MEASURED && 5); // the clients have a lot to do when so many have come
  const saidAt = new Map();
  const answers = [];
  const begin = Date.now();
  for (let number = 0; number < SECONDS * MESSAGES_PER_SECOND; number += 1) {
    await pass(begin / 1000 + number / MESSAGES_PER_SECOND - Date.now() / 1000);
    const content = `message ${number}`;
    saidAt.set(content, Date.now());
    const answer = people[number % PEOPLE].post(`/meetings/${meeting.id}/chat`, { type: 'text', content });
    answers.push(answer.catch((error) => error));
  }
  const [load] = loadavg();
  assert.deepEqual((await Promise.all(answers)).filter((answer) => answer instanceof Error), []);
  const said = (await council.host.all(`/meetings/${meeting.id}/chat?limit=200`)).map(({ content }) => content);
  assert.deepEqual(said.toSorted(), [...saidAt.keys()].toSorted(), 'the history has every message once');

  const heard = await until('all have heard the last word', async () => {
    const people = await audience.heard();
    return people.every((person) => WAYS.every((way) => person[way].length >= said.length)) && people;
  }, { every: 1_000 });
  await endClients();
  assert.equal(heard.length, PEOPLE);
  const waits = Object.fromEntries(WAYS.map((way) => [way, []]));
  for (const [number, person] of heard.entries()) {
    for (const way of WAYS) {
      assert.deepEqual(person[way].map(([content]) => content), said, `person ${number + 1} by the ${way}`);
      waits[way].push(...person[way].map(([content, at]) => at - saidAt.get(content)));
    }
  }
  t.diagnostic(`${said.length} messages to ${PEOPLE} people, ${availableParallelism()} cores, load ${load.toFixed(1)}`);
  for (const [way, list] of Object.entries(waits)) {
    list.sort((a, b) => a - b);
    t.diagnostic(`${way}: ${describe(list)}`);
  }
  if (MEASURED) assert.ok(percentile(waits.room, 0.99) < 250, describe(waits.room));
}, { timeout: (SECONDS + 120) * 1000 });

for (const secret of [false, true]) {
  const kind = secret ? 'secret' : 'open';
  step(`${VOTES} votes at once in a ${kind} poll count once for each person, though serve is killed among them`, async (t) => {
    const metadata = { question: 'Shall we?', options: OPTIONS, secret, guests_may_vote: true };
    const poll = await council.host.post(`/meetings/${meeting.id}/chat`, { type: 'poll', metadata });
    const path = `/meetings/${meeting.id}/polls/${poll.id}`;
    const choices = (number) => [number % OPTIONS.length];
    let answers = 0;
    const answered = new Set();
    const vote = async (number) => {
      try {
        await people[number].post(`${path}/votes`, { choices: choices(number) });
      } catch (error) {
        if (error.code !== 'ALREADY_VOTED') throw error;
      }
      answers += 1;
      answered.add(number);
    };
    const votes = Promise.allSettled(Array.from({ length: VOTES }, (_, index) => vote(index % PEOPLE)));
    await until('some are counted', () => answers >= VOTES / 10, { every: 1 });
    await up.killChild('serve');
    const lost = (await votes).filter(({ status }) => status === 'rejected');
    const refused = lost.filter(({ reason }) => reason.status && reason.status < 500);
    assert.deepEqual(refused, []);
    assert.ok(lost.length > 0, 'serve was killed when all was over');
    t.diagnostic(`${answers} of ${VOTES} votes of ${answered.size} people were answered before serve was killed`);

    await until('it answers again', async () => (await fetch(`${up.url}/readyz`)).status === 200);
    const seenBy = (number) => people[number].get(`/meetings/${meeting.id}/chat/${poll.id}`);
    for (const number of answered) {
      const { my_vote } = await seenBy(number);
      assert.deepEqual(my_vote, { choices: secret ? null : choices(number) }, `the vote of person ${number + 1}`);
    }
    // Whoever got no answer tries again.
    await Promise.all(people.map((_, number) => answered.has(number) || vote(number)));
    const { metadata: result } = await council.host.post(`${path}/close`);
    assert.equal(result.voted, PEOPLE);
    assert.deepEqual(result.results.counts, OPTIONS.map(() => PEOPLE / OPTIONS.length));
  });
}
