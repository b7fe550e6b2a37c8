// A meeting by keyboard alone: sign in, join, speak, chat, vote, leave. Nothing is clicked.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { Council, PASSWORD } from '../lib/api.mjs';
import { launch, person, pictures } from '../lib/browser.mjs';
import { button, step } from '../lib/story.mjs';
import { until } from '../lib/until.mjs';
import { Up } from '../lib/up.mjs';
import { ask } from '../lib/village.mjs';

/** So many presses of the tab key are a way that somebody can go. */
const MOST_TABS = 60;

let up;
let browser;
let council;
let meeting;
let poll;
let page;

before(async () => {
  up = await Up.start();
  browser = await launch();
  council = await Council.found(up, { members: 1 });
  meeting = await council.meet({ title: 'Street market' });
  poll = await ask(council.host, meeting.id, { question: 'Which day?', options: ['Friday', 'Saturday'] });
  page = await person(browser, up.url);
  await page.addInitScript(() => {
    addEventListener('pointerdown', () => console.error('a pointer was used'), { capture: true });
  });
  page.on('console', (message) => {
    if (message.text() === 'a pointer was used') page.complaints.push(message.text());
  });
});
afterEach(async (t) => {
  await pictures(`keyboard-${t.name.replaceAll(/\W+/g, '-')}`, page).catch(() => {});
});
after(async () => {
  await browser?.close();
  await up?.end();
});

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);
const press = (keys) => page.keyboard.press(keys);
const type = (text) => page.keyboard.type(text);

/** Goes on with the tab key until something has the focus, and sees that one can tell. */
async function reach(locator) {
  await locator.waitFor();
  for (let tabs = 0; tabs <= MOST_TABS; tabs += 1) {
    if (await hasFocus(locator)) {
      const [focused, plain] = await locator.evaluate((element) => {
        const look = () => {
          for (const transition of element.getAnimations()) transition.finish();
          const { outline, boxShadow, borderColor } = getComputedStyle(element);
          return [outline, boxShadow, borderColor].join(' | ');
        };
        const before = look();
        element.blur();
        const without = look();
        element.focus({ focusVisible: true });
        return [before, without];
      });
      assert.notEqual(focused, plain, `the focus can be seen on ${locator}`);
      return;
    }
    await press('Tab');
  }
  assert.fail(`not within ${MOST_TABS} tabs: ${locator}`);
}

step('one signs in', async () => {
  await page.goto('/login');
  await reach(page.getByLabel('Email'));
  await type('member.1@example.org');
  await reach(page.getByRole('textbox', { name: 'Password' }));
  await type(PASSWORD);
  await reach(button(page, 'Sign in'));
  await press('Enter');
  await page.getByRole('heading', { name: 'Meetings' }).waitFor();
});

step('one goes to the meeting and joins', async () => {
  await reach(page.getByRole('link', { name: 'Join', exact: true }).first());
  await press('Enter');
  await reach(button(page, 'Join meeting'));
  await press('Enter');
  await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
});

step('one speaks', async () => {
  await button(page, 'Mute microphone').waitFor();
  await press('Control+d');
  await button(page, 'Unmute microphone').waitFor();
  await reach(button(page, 'Unmute microphone'));
  await press('Enter');
  await button(page, 'Mute microphone').waitFor();
  await press('Control+Alt+h');
  await button(page, 'Lower hand').waitFor();
  await press('Control+Alt+h');
  await button(page, 'Raise hand').waitFor();
  await until('the hand is down', async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/chat`);
    return items.filter(({ type }) => type.startsWith('hand')).length === 2;
  });
  const { items } = await council.host.get(`/meetings/${meeting.id}/participants`);
  assert.ok(!items.find(({ user }) => user.name === 'Member 1').hand_raised);
});

step('one looks up the keys', async () => {
  await press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await help.waitFor();
  await press('Escape');
  await help.waitFor({ state: 'detached' });
});

step('one writes', async () => {
  await press('Control+Alt+c');
  await reach(page.getByRole('textbox', { name: 'Write a message' }));
  await type('Saturday suits me.');
  await press('Enter');
  await until('it is said', async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/chat`);
    return items.some(({ content }) => content === 'Saturday suits me.');
  });
});

step('one votes', async () => {
  await reach(page.getByRole('tab', { name: 'Chat' }));
  await press('ArrowRight');
  await press('ArrowRight');
  const choice = page.getByRole('radio', { name: 'Saturday' });
  // Of a group the first takes the focus; arrows go on from there.
  await reach(page.getByRole('radio', { name: 'Friday' }));
  await press('ArrowDown');
  assert.ok(await choice.isChecked());
  await reach(button(page, 'Vote'));
  await press('Enter');
  await button(page, 'Change vote').waitFor();
  const { items } = await council.members[0].get(`/meetings/${meeting.id}/chat?type=poll`);
  assert.deepEqual(items.find(({ id }) => id === poll.id).my_vote.choices, [1]);
});

step('one leaves', async () => {
  await reach(button(page, 'Leave'));
  await press('Enter');
  await page.getByRole('heading', { name: 'Meetings' }).waitFor();
  await until('one is out', async () => {
    const { items } = await council.host.get(`/meetings/${meeting.id}/participants`);
    return !items.find(({ user }) => user.name === 'Member 1').online;
  });
  assert.deepEqual(page.complaints, []);
});
