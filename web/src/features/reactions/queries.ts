import { type QueryClient, skipToken, useQuery } from '@tanstack/react-query';
import type { Message } from '../../api/types';

/** A reaction that floats by; `at` is when it was heard here, in milliseconds. */
export type Floating = { id: string; sign: string; name: string; at: number };

/** How long one is seen. */
export const FLOATS_MS = 4_000;
/** So many float at once. */
const MOST = 30;
/** Older ones are history, which is told again to whoever comes back. */
const FRESH_MS = 15_000;

const reactionsKey = (meeting: string) => ['meeting', meeting, 'reactions'];

/** Lets a reaction float by that was sent just now. */
export function hearReaction(
  client: QueryClient,
  meeting: string,
  { id, content, sender, created_at }: Message,
) {
  const at = Date.now();
  if (at - Date.parse(created_at) > FRESH_MS) return;
  client.setQueryData<Floating[]>(reactionsKey(meeting), (list = []) => {
    if (list.some((one) => one.id === id)) return list;
    const still = list.filter((one) => at - one.at < FLOATS_MS);
    return [...still, { id, sign: content, name: sender?.name ?? '', at }].slice(-MOST);
  });
}

export const useFloating = (meeting: string) =>
  useQuery<Floating[]>({ queryKey: reactionsKey(meeting), queryFn: skipToken }).data;
