// The chat of a meeting: answers, names, changes, what is unread, search, and a long history. BARAZA_CHAT_MESSAGES makes it
// longer.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, afterEach, before } from 'node:test';

import { Council } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { button, enter, signIn, step } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';

const MANY = Number(process.env.BARAZA_CHAT_MESSAGES ?? 1_000);

let up;
let browser;
let council;
let meeting;
let host;
let member;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 1 });
  meeting = await council.schedule({ title: 'Assembly' });
  host = await person(browser, up.url);
  // A phone.
  member = await person(browser, up.url, { viewport: { width: 390, height: 844 } });
});
afterEach(async (t) => {
  await pictures(`chat-${t.name.replaceAll(/\W+/g, '-')}`, host, member).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const log = (page) => page.getByRole('log', { name: 'Messages' });
const field = (page) => page.getByRole('textbox', { name: 'Write a message' });
const row = (page, text) => log(page).locator('[data-message]').filter({ hasText: text });

async function say(page, text) {
  await field(page).fill(text);
  await field(page).press('Enter');
}

step('both are in the room, one with the chat open', async () => {
  await signIn(host, 'host@example.org');
  await signIn(member, 'member.1@example.org');
  await enter(host, meeting);
  await enter(member, meeting);
  await button(host, 'Chat').click();
  await field(host).waitFor();
});

step('what is unread is counted, and is the same after a reload', async () => {
  await say(host, 'Good morning');
  await say(host, 'Here is the agenda: https://example.org/agenda.');
  const chat = member.getByRole('button', { name: 'Chat', exact: true });
  await member.getByText('2', { exact: true }).first().waitFor();
  await member.reload();
  await member.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await until('two are unread still', async () => (await chat.locator('..').textContent()).includes('2'));
  await chat.click();
  await log(member).getByText('Good morning').waitFor();
  const link = log(member).getByRole('link', { name: 'https://example.org/agenda', exact: true });
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
  await until('the server knows what was read', async () => {
    const [api] = council.members;
    return (await api.get(`/meetings/${meeting.id}/chat/read`)).unread === 0;
  });
});

step('a message is answered, and somebody named', async () => {
  await row(member, 'Good morning').hover();
  await member.getByRole('button', { name: 'Reply: message of Host' }).first().click();
  await member.getByText('Reply to Host:').waitFor();
  await say(member, 'And to you');
  const answer = row(host, 'And to you');
  await answer.getByRole('button', { name: /Good morning/ }).waitFor();
  await button(host, 'Close panel').click();
  await field(member).pressSequentially('Ask @Ho');
  await member.getByRole('option', { name: 'Host' }).waitFor();
  await field(member).press('Enter');
  await field(member).pressSequentially('about it');
  assert.equal(await field(member).inputValue(), 'Ask @Host about it');
  await field(member).press('Enter');
  await button(host, 'You were mentioned in the chat').click();
  await row(host, 'Ask @Host about it').waitFor();
  const [newest] = (await council.host.get(`/meetings/${meeting.id}/chat?order=-created_at&limit=1`)).items;
  assert.deepEqual(newest.mentions, [{ id: council.host.userId, name: 'Host' }]);
});

step('one changes what one wrote, by keyboard alone', async () => {
  await say(member, 'A mistkae');
  await row(host, 'A mistkae').waitFor();
  await field(member).press('ArrowUp');
  await member.getByText('Changing your message').waitFor();
  await field(member).fill('A mistake');
  await field(member).press('Enter');
  await row(host, 'A mistake').getByText('(changed)').waitFor();
  assert.equal(await row(host, 'mistkae').count(), 0);
});

step('the host takes back what another wrote', async () => {
  await say(member, 'Rude words');
  await row(host, 'Rude words').hover();
  await row(host, 'Rude words').getByRole('button', { name: /^Delete/ }).click();
  await button(host.getByRole('dialog'), 'Delete').click();
  await log(member).getByText('Message deleted').waitFor();
  assert.equal(await row(member, 'Rude words').count(), 0);
  const record = await council.host.get(`/meetings/${meeting.id}/chat.json`);
  const words = record.items.flatMap(({ versions }) => versions.map(({ content }) => content));
  assert.deepEqual(words, ['A mistkae', 'Rude words']);
});

step(`${MANY} messages come before a late one`, async () => {
  // Through the API this would take minutes; the rows are the same.
  const sql = `
    insert into chat_messages (id, organization_id, meeting_id, seq, sender_id, content, created_at)
      select uuid_v7(at), m.organization_id, m.id, s.last_seq + n, '${council.members[0].userId}',
             'Message number ' || n || ' of a long day', at
      from meetings m join meeting_streams s on s.meeting_id = m.id, generate_series(1, ${MANY}) n,
           lateral (select now() - (${MANY} - n) * interval '1 millisecond') moment (at)
      where m.id = '${meeting.id}';
    update meeting_streams set last_seq = last_seq + ${MANY}, fanned_seq = last_seq + ${MANY} where meeting_id = '${meeting.id}'`;
  execFileSync('psql', [up.database_url, '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-c', sql]);
  await host.reload();
  await host.getByRole('toolbar', { name: 'Controls' }).waitFor();
  await button(host, 'Chat').click();
  await row(host, `Message number ${MANY} of`).waitFor();
  await say(host, 'The needle');
  await row(member, 'The needle').waitFor();
}, { timeout: 300_000 });

step('words are found far back, and one goes there', async () => {
  await button(host, 'Search in the chat').click();
  await host.getByRole('textbox', { name: 'Search messages' }).fill('good MORNING');
  await host.getByText('1 message found').waitFor();
  await host.getByRole('button', { name: /Good morning/ }).click();
  await row(host, 'Good morning').first().waitFor({ timeout: 60_000 });
  await until('it is in view', () =>
    row(host, 'Good morning')
      .first()
      .evaluate((one) => {
        const box = one.closest('[role=log]').getBoundingClientRect();
        const { top, bottom } = one.getBoundingClientRect();
        return top >= box.top && bottom <= box.bottom;
      }),
  );
});

step('few rows are drawn, and typing stays smooth', async (t) => {
  assert.ok((await log(host).locator('[data-message]').count()) <= 120);
  // All of them are loaded now.
  await host.evaluate(() => {
    window.keys = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.name === 'keydown') window.keys.push(entry.duration);
    }).observe({ type: 'event', durationThreshold: 16 });
    window.long = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.long = Math.max(window.long, entry.duration);
    }).observe({ type: 'longtask' });
  });
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(3);
  /** How many keys typed there took longer than 100 ms to be drawn. A key that was drawn within 16 ms leaves no entry. */
  const slowly = async (name, where) => {
    await where.click();
    await host.evaluate(() => {
      window.keys = [];
      window.long = 0;
    });
    await where.pressSequentially(text, { delay: 30 });
    assert.equal(await where.inputValue(), text);
    await where.fill('');
    const { keys, long } = await host.evaluate(() => ({ keys: window.keys, long: window.long }));
    t.diagnostic(`${name}: ${text.length} keys, ${keys.length} over 16 ms, slowest ${Math.max(0, ...keys)} ms, longest task ${Math.round(long)} ms`);
    return keys.filter((duration) => duration > 100).length;
  };
  // A field that knows of no chat tells what this machine, with all that runs beside, makes of typing now.
  await host.evaluate(() => {
    const bare = document.createElement('textarea');
    bare.id = 'bare';
    bare.style = 'position: fixed; inset: 0 auto auto 0; z-index: 9999';
    document.body.append(bare);
  });
  let [slow, bare] = [Infinity, 0];
  for (let turn = 0; turn < 3 && slow > bare + text.length * 0.05; turn += 1) {
    bare = await slowly('a bare field', host.locator('#bare'));
    slow = await slowly('the chat', field(host));
  }
  await host.evaluate(() => document.querySelector('#bare').remove());
  assert.ok(slow <= bare + text.length * 0.05, `${slow} keys took longer than 100 ms, ${bare} in a bare field`);
});

step('one reads back, and what one reads stays in its place', async () => {
  await button(host, 'To the newest').click();
  await row(host, 'The needle').waitFor();
  await log(host).hover();
  const first = () => log(host).locator('[data-message]').first().textContent();
  const before = await first();
  for (let turn = 0; turn < 25; turn += 1) {
    await host.mouse.wheel(0, -1500);
    await host.waitForTimeout(40);
  }
  await until('older rows are drawn', async () => (await first()) !== before);
  assert.ok((await log(host).locator('[data-message]').count()) <= 120);
  const seen = () =>
    log(host).evaluate((list) => {
      const top = list.getBoundingClientRect().top;
      const row = [...list.querySelectorAll('[data-message]')].find((one) => one.getBoundingClientRect().bottom > top);
      return [row.dataset.message, Math.round(row.getBoundingClientRect().top - top)];
    });
  await host.waitForTimeout(500);
  const place = await seen();
  for (let number = 0; number < 5; number += 1) await say(member, `News ${number}`);
  await row(member, 'News 4').waitFor();
  await host.waitForTimeout(500);
  assert.deepEqual(await seen(), place);
  await button(host, 'To the newest').click();
  await row(host, 'News 4').waitFor();
});

step('the timeline tells the host what stood there', async () => {
  await host.goto(`/meetings/${meeting.id}/details?tab=timeline`);
  await host.getByText('Before: A mistkae').waitFor();
  assert.deepEqual(host.complaints, []);
  assert.deepEqual(member.complaints, []);
});
