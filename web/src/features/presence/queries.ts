import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { LatestCheck } from '../../api/types';
import { closed, type OpenedCheck, opened } from '../../room/checks';

/** The last check of who is there, and what the viewer made of it; null when there was none. */
export const latestCheckQuery = (meeting: string) =>
  queryOptions({
    queryKey: ['meeting', meeting, 'presence-check'],
    queryFn: async (): Promise<LatestCheck | null> => {
      const params = { path: { id: meeting } };
      const { check } = await take(api.GET('/api/v1/meetings/{id}/presence-checks/latest', { params }));
      return check ?? null;
    },
  });

/** Takes in that people are asked. An answer that is on its way may be older than that, and would have the last word. */
export async function hearCheckOpened(client: QueryClient, meeting: string, told: OpenedCheck) {
  const query = latestCheckQuery(meeting);
  await client.cancelQueries(query);
  client.setQueryData(query.queryKey, (known) => opened(known, told));
}

/** Takes in that nobody is asked any more; those who see how it stands fetch how it ended. */
export async function hearCheckClosed(client: QueryClient, meeting: string, { id }: { id: string }) {
  const query = latestCheckQuery(meeting);
  await client.cancelQueries(query);
  client.setQueryData(query.queryKey, (known) => known && closed(known, id, new Date()));
  if (client.getQueryData(query.queryKey)?.standing) void client.invalidateQueries(query);
}
