/** How many rows of a long list are drawn at once, and by how many the drawn part moves. */
const MOST = 120;
const STEP = 40;

/** The part of a list that is drawn: its end, wherever that is, or from one row on. */
export type Part = 'end' | { first: string };

/** The places of the rows that are drawn, the last one excluded. */
export function placesOf(part: Part, ids: readonly string[]): { from: number; to: number } {
  const last = Math.max(0, ids.length - MOST);
  const found = part === 'end' ? last : ids.indexOf(part.first);
  const from = found < 0 ? last : found;
  return { from, to: Math.min(ids.length, from + MOST) };
}

const startingAt = (place: number, ids: readonly string[]): Part => {
  const first = ids[Math.max(0, place)];
  return first === undefined || place + MOST >= ids.length ? 'end' : { first };
};

/** The part when one has scrolled to its beginning. */
export const upwards = (part: Part, ids: readonly string[]) =>
  startingAt(placesOf(part, ids).from - STEP, ids);

/** The part when one has scrolled to its end. */
export const downwards = (part: Part, ids: readonly string[]) =>
  startingAt(placesOf(part, ids).from + STEP, ids);

/** The same part, which new rows at the end no longer move. */
export const held = (part: Part, ids: readonly string[]): Part => {
  const first = part === 'end' ? ids[placesOf(part, ids).from] : undefined;
  return first === undefined ? part : { first };
};

/** The part with a row in its middle. */
export const around = (id: string, ids: readonly string[]) => startingAt(ids.indexOf(id) - MOST / 2, ids);
