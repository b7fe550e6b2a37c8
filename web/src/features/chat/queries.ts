import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';
import type { Message } from '../../api/types';
import { type ChatHistory, mergeMessages } from '../../room/messages';
import { updatePoll } from '../../room/polls';

const PAGE = 200;

const pageOf = (id: string, query: { cursor?: string; q?: string; order?: string; type?: Message['type'] }) =>
  take(
    api.GET('/api/v1/meetings/{id}/chat', {
      params: { path: { id }, query: { order: '-created_at', limit: PAGE, ...query } },
    }),
  );

/** The newest part of the chat, merged with what came live while it loaded. */
export const chatQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'chat'],
    queryFn: async ({ client, queryKey }): Promise<ChatHistory> => {
      const before = client.getQueryData<ChatHistory>(queryKey);
      const known = new Set(before?.messages.map((message) => message.id));
      const fresh: Message[] = [];
      let older: string | undefined;
      do {
        const page = await pageOf(id, { cursor: older });
        fresh.push(...page.items.reverse());
        older = page.next_cursor ?? undefined;
        // What lies between the part that is known and the newest is missing still.
      } while (older && known.size > 0 && !fresh.some((message) => known.has(message.id)));
      const now = client.getQueryData<ChatHistory>(queryKey);
      return {
        messages: mergeMessages(now?.messages ?? [], fresh),
        older: before && known.size > 0 ? before.older : older,
      };
    },
  });

/** All polls of the meeting, wherever in the chat they stand. */
export const pollsQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'polls'],
    queryFn: async ({ client, queryKey }) => {
      const polls = await allPages((cursor) => pageOf(id, { cursor, type: 'poll', order: 'created_at' }));
      return mergeMessages(client.getQueryData<readonly Message[]>(queryKey) ?? [], polls);
    },
  });

/** How far the caller has read, and what was unread when that was asked. */
export const readMarkQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'read-mark'],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}/chat/read', { params: { path: { id } } })),
  });

/** The newest messages that hold some words. */
export const searchQuery = (id: string, words: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'chat-search', words],
    queryFn: () => pageOf(id, { q: words }),
    enabled: words !== '',
    staleTime: 0,
  });

const loading = (client: QueryClient, queryKey: readonly string[]) =>
  client.getQueryState(queryKey)?.fetchStatus === 'fetching';

/** Writes messages into what is loaded of a chat. What is not loaded will be fetched fresh anyway. */
export function hearMessages(client: QueryClient, id: string, messages: readonly Message[]) {
  const { queryKey } = chatQuery(id);
  client.setQueryData<ChatHistory>(queryKey, (history) => {
    if (!history && !loading(client, queryKey)) return undefined;
    const known = history?.messages ?? [];
    // What is changed before all that is loaded comes with its own page.
    const first = history?.older ? known[0]?.id : undefined;
    const merged = mergeMessages(
      known,
      first ? messages.filter((message) => message.id >= first || isLoaded(known, message)) : messages,
    );
    return merged === history?.messages ? history : { messages: merged, older: history?.older };
  });
  const polls = messages.filter(({ type }) => type === 'poll');
  if (polls.length > 0)
    client.setQueryData<readonly Message[]>(
      pollsQuery(id).queryKey,
      (list) => list && mergeMessages(list, polls),
    );
}

const isLoaded = (list: readonly Message[], { id }: Message) => list.some((message) => message.id === id);

/** A poll that was read already is newer than the word of its opening. */
export const isKnownPoll = (client: QueryClient, id: string, { id: poll, type }: Message) =>
  type === 'poll' &&
  (
    client.getQueryData(pollsQuery(id).queryKey) ?? client.getQueryData(chatQuery(id).queryKey)?.messages
  )?.some((one) => one.id === poll) === true;

/** Writes what is heard of a poll into what is loaded. */
export function hearPoll(client: QueryClient, id: string, poll: Pick<Message, 'id' | 'metadata'>) {
  client.setQueryData<ChatHistory>(
    chatQuery(id).queryKey,
    (history) => history && { ...history, messages: updatePoll(history.messages, poll) },
  );
  client.setQueryData<readonly Message[]>(pollsQuery(id).queryKey, (list) => list && updatePoll(list, poll));
}

/** Loads the part of the chat before all that is loaded. False when there is none. */
export async function loadOlder(client: QueryClient, id: string): Promise<boolean> {
  const { queryKey } = chatQuery(id);
  const cursor = client.getQueryData<ChatHistory>(queryKey)?.older;
  if (!cursor) return false;
  const page = await pageOf(id, { cursor });
  client.setQueryData<ChatHistory>(
    queryKey,
    (history) =>
      history && {
        messages: mergeMessages(page.items.reverse(), history.messages),
        older: page.next_cursor ?? undefined,
      },
  );
  return true;
}

/** Loads until a message is there. False when it is nowhere in the chat. */
export async function loadUntil(client: QueryClient, id: string, message: string): Promise<boolean> {
  const { queryKey } = chatQuery(id);
  const isThere = () =>
    client.getQueryData<ChatHistory>(queryKey)?.messages.some((one) => one.id === message) ?? false;
  while (!isThere()) if (!(await loadOlder(client, id))) return false;
  return true;
}

/** Loads one message anew, of which only the id is known. */
export async function loadMessage(client: QueryClient, id: string, message: string) {
  const params = { path: { id, message } };
  hearMessages(client, id, [await take(api.GET('/api/v1/meetings/{id}/chat/{message}', { params }))]);
}
