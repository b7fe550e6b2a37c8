// A story that people live through in their browsers, step by step.

import { test } from 'node:test';

import { PASSWORD } from './api.mjs';

let broken = false;

/** A step that needs the ones before; `timeout` is in milliseconds. */
export function step(name, run, { timeout = 120_000 } = {}) {
  test(name, { timeout }, async (t) => {
    if (broken) return t.skip('a step before it failed');
    broken = true;
    await run(t);
    broken = false;
  });
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });

/** A person's tile on the stage. */
export const tile = (page, name) =>
  page.getByRole('region', { name: 'Participants' }).getByRole('article', { name, exact: true });

/** Goes to a meeting's room and in; `how` is what the button says. */
export async function enter(page, { id }, how = 'Join meeting') {
  await page.goto(`/meetings/${id}`);
  await button(page, how).click();
  await page.getByRole('toolbar', { name: 'Controls' }).waitFor();
}

/** Fills in the sign-in form and sends it. */
export async function givePassword(page, email, password = PASSWORD) {
  await page.goto('/login');
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await button(page, 'Sign in').click();
}

/** Signs in and waits for the first page. */
export async function signIn(page, email) {
  await givePassword(page, email);
  await page.getByRole('heading', { name: 'Meetings' }).waitFor();
}
