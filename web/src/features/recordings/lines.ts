import type { TranscriptSegment } from '../../api/types';

/** The line that is being said at a moment, in seconds, or was the last before it; -1 before the first. */
export function lineAt(lines: readonly TranscriptSegment[], at: number): number {
  // Browsers stop a little before the place that they are sent to.
  const moment = at * 1000 + 250;
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.starts_ms ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The lines in which something is said, with their numbers; what is written large or small is the same. */
export function linesWith(lines: readonly TranscriptSegment[], wanted: string, locale: string) {
  const numbered = lines.map((line, number) => ({ line, number }));
  const text = wanted.trim().toLocaleLowerCase(locale);
  if (!text) return numbered;
  return numbered.filter(({ line }) =>
    `${line.name ?? ''} ${line.text}`.toLocaleLowerCase(locale).includes(text),
  );
}

/** So much of a long line is shown before the words that were looked for, in letters. */
const BEFORE = 60;

/** A line from shortly before the first of these words on. */
export function around(text: string, words: readonly string[]): string {
  const small = text.toLowerCase();
  const places = words.map((word) => small.indexOf(word.toLowerCase())).filter((at) => at >= 0);
  const from = Math.min(...places) - BEFORE;
  if (!Number.isFinite(from) || from <= 0) return text;
  return `…${text.slice(text.indexOf(' ', from) + 1)}`;
}

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const CAPTIONS = 'baraza.captions';

/** Whether somebody wants captions on this device. */
export const readCaptions = (store: Store) => store.getItem(CAPTIONS) === 'on';

/** Remembers whether they do. */
export const keepCaptions = (store: Store, on: boolean) => store.setItem(CAPTIONS, on ? 'on' : 'off');
