import type { Message } from '../api/types';

/**
 * History and live messages as one list: each message once, in the order in which they were stored.
 * Answers the same list when nothing is new, so that nothing is drawn again.
 */
export function mergeMessages(known: readonly Message[], incoming: readonly Message[]): readonly Message[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  // A message that comes again may have changed (a poll counts votes): the later word counts.
  const news = incoming.filter((message) => {
    const before = byId.get(message.id);
    return !before || JSON.stringify(before) !== JSON.stringify(message);
  });
  if (news.length === 0) return known;
  for (const message of news) byId.set(message.id, message);
  return [...byId.values()].sort(
    (a, b) => Date.parse(a.created_at) - Date.parse(b.created_at) || (a.id < b.id ? -1 : 1),
  );
}

/** Messages that carry something to read: a hand that goes up or down shows on the person instead. */
export const readable = (messages: readonly Message[]) =>
  messages.filter(({ type }) => type === 'text' || type === 'poll' || type === 'reaction');
