// Waiting for a condition, instead of for a time.

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks again and again until `check` gives something, and returns that. An error counts as "not yet". */
export async function until(what, check, { seconds = 30, every = 50 } = {}) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${what}${last ? ` (${last.message})` : ''}`, { cause: last });
    }
    await pause(every);
  }
}

/** Lets time pass where the passing of time itself is what is tested. */
export const pass = (seconds) => pause(seconds * 1000);
