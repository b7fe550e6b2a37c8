/** From when to when somebody spoke, in milliseconds. */
export type Stretch = { from: number; to: number };

/** Whoever is silent for less than this is still speaking. */
const PAUSE_MS = 2_000;
/** What is shorter was a cough. */
const SHORTEST_MS = 500;
/** Who speaks for longer than this at once is told of before they end: the server takes no old stretches. */
const LONGEST_MS = 300_000;
/** What is older the server refuses; it would take up to 15 minutes. */
const OLDEST_MS = 840_000;
/** As many as the server takes at once. */
const MOST = 200;

/** Stretches in their order, merged over short pauses. */
function merged(stretches: Stretch[]): Stretch[] {
  const together: Stretch[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = together.at(-1);
    if (last && from - last.to < PAUSE_MS) last.to = Math.max(last.to, to);
    else together.push({ from, to });
  }
  return together;
}

/**
 * What of the stretches that were heard can be told at `now`, and what has to wait because it may go on. `since` is when
 * the person began to speak who still does; with `all` nothing waits, because the page goes.
 */
export function toTell(heard: Stretch[], since: number | null, now: number, all = false) {
  const stretches = merged(since === null ? heard : [...heard, { from: since, to: now }]).filter(
    ({ from }) => now - from <= OLDEST_MS,
  );
  const last = stretches.at(-1);
  const waits =
    !all &&
    last !== undefined &&
    (since !== null || now - last.to < PAUSE_MS) &&
    last.to - last.from < LONGEST_MS;
  const ended = (waits ? stretches.slice(0, -1) : stretches).filter(
    ({ from, to }) => to - from >= SHORTEST_MS,
  );
  const tell = ended.slice(0, MOST);
  return { tell, keep: [...ended.slice(MOST), ...(waits && last ? [last] : [])] };
}
