import type { Message } from '../api/types';

/** What is loaded of a chat: the newest part of it, and where the part before begins. */
export type ChatHistory = {
  messages: readonly Message[];
  /** The cursor of what is older; undefined when everything is loaded. */
  older: string | undefined;
};

const inOrder = (a: Message, b: Message) =>
  Date.parse(a.created_at) - Date.parse(b.created_at) || (a.id < b.id ? -1 : 1);

/** How often a message's words have changed is told by when they last did. */
const changedAt = ({ edited_at, deleted_at }: Message) => Date.parse(deleted_at ?? edited_at ?? '') || 0;

/**
 * History and live messages as one list: each message once, in the order in which they were stored.
 * Answers the same list when nothing is new, so that nothing is drawn again.
 */
export function mergeMessages(known: readonly Message[], incoming: readonly Message[]): readonly Message[] {
  const places = new Map(known.map((message, place) => [message.id, place]));
  let list: Message[] | undefined;
  let sorted = true;
  for (const message of incoming) {
    const place = places.get(message.id);
    const before = place === undefined ? undefined : (list ?? known)[place];
    // A message that comes again may have changed: the later word counts, and what was taken back stays so.
    if (before && changedAt(before) > changedAt(message)) continue;
    if (before && JSON.stringify(before) === JSON.stringify(message)) continue;
    list ??= [...known];
    if (place !== undefined) list[place] = message;
    else {
      const last = list.at(-1);
      sorted &&= !last || inOrder(last, message) < 0;
      places.set(message.id, list.length);
      list.push(message);
    }
  }
  if (!list) return known;
  return sorted ? list : list.sort(inOrder);
}

/** Messages that carry something to read: hands show on the person, and reactions float by. */
export const readable = (messages: readonly Message[]) =>
  messages.filter(({ type }) => type === 'text' || type === 'poll');

/** What somebody has not read: how much, and in how much of it they are named. */
export type Unread = { count: number; mentions: number };

/**
 * What of the loaded messages others have said after the last that `me` has read. Where that lies before
 * all that is loaded, the server's own count of then is the least.
 */
export function unreadOf(
  { messages, older }: ChatHistory,
  mark: { message_id?: string | null; unread: number; mentions: number },
  me: string | undefined,
): Unread {
  const place = mark.message_id ? messages.findLastIndex(({ id }) => id === mark.message_id) : -1;
  const news = messages
    .slice(place + 1)
    .filter(
      ({ type, sender, deleted_at }) =>
        (type === 'text' || type === 'poll') && sender?.id !== me && !deleted_at,
    );
  const mentions = news.filter((message) => message.mentions?.some(({ id }) => id === me)).length;
  if (place >= 0 || !older) return { count: news.length, mentions };
  return { count: Math.max(news.length, mark.unread), mentions: Math.max(mentions, mark.mentions) };
}
