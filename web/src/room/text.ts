import type { Message } from '../api/types';

type Named = NonNullable<Message['mentions']>[number];

/** A piece of what somebody wrote. */
export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string; id: string };

const LINKS = /https?:\/\/[^\s<>"]+/gi;
/** What ends a sentence ends no address. */
const TRAILING = /[.,;:!?'”’)\]}]+$/u;

/**
 * An address that may be shown as a link. Its text says where it leads: names in other alphabets are
 * shown as they are written on the wire, and one that hides its host behind a name for a sign-in is none.
 */
function linkOf(text: string): { text: string; href: string } | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.username || url.password || !url.hostname) return null;
  const ascii = text.toLowerCase().includes(url.hostname);
  return { text: ascii ? text : url.href, href: url.href };
}

/** An address without the signs behind it; a bracket that was opened in it belongs to it. */
function withoutTrailing(text: string): string {
  const end = TRAILING.exec(text);
  if (!end) return text;
  const kept = text.slice(0, end.index);
  const opened = kept.split('(').length - kept.split(')').length;
  return opened > 0 && end[0].startsWith(')') ? `${kept})` : kept;
}

function linksIn(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINKS)) {
    const written = withoutTrailing(match[0]);
    const link = linkOf(written);
    if (!link) continue;
    if (match.index > end) pieces.push({ kind: 'text', text: text.slice(end, match.index) });
    pieces.push({ kind: 'link', ...link });
    end = match.index + written.length;
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) });
  return pieces;
}

const isWordSign = (sign: string | undefined) => sign !== undefined && /[\p{L}\p{N}_]/u.test(sign);

/** What somebody wrote, with its links and with the people whom it names. It is data: nothing is read as HTML. */
export function piecesOf(content: string, mentions: readonly Named[] = []): Piece[] {
  // Of two names that begin alike the longer is meant.
  const named = [...mentions].sort((a, b) => b.name.length - a.name.length);
  const pieces: Piece[] = [];
  let begin = 0;
  let place = content.indexOf('@');
  while (place >= 0) {
    const at = place;
    const person = named.find(
      ({ name }) => content.startsWith(name, at + 1) && !isWordSign(content[at + 1 + name.length]),
    );
    if (person && !isWordSign(content[at - 1])) {
      pieces.push(...linksIn(content.slice(begin, at)));
      pieces.push({ kind: 'mention', text: `@${person.name}`, id: person.id });
      begin = at + 1 + person.name.length;
    }
    place = content.indexOf('@', Math.max(begin, at + 1));
  }
  return [...pieces, ...linksIn(content.slice(begin))];
}

/** What is being typed behind an `@` right before the caret; null when no name is. */
export function nameBefore(text: string, caret: number): { start: number; typed: string } | null {
  const match = /(?:^|[\s(])@([\p{L}\p{N}][\p{L}\p{N}.'’-]*(?: [\p{L}\p{N}.'’-]*)?)?$/u.exec(
    text.slice(0, caret),
  );
  if (!match) return null;
  const typed = match[1] ?? '';
  return { start: caret - typed.length - 1, typed };
}
