import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';
import type { Message } from '../../api/types';
import { mergeMessages } from '../../room/messages';
import { type MeetingTab, TAB_QUERY } from './tabs';

export const meetingsQuery = (org: string, tab: MeetingTab, q?: string) =>
  infiniteQueryOptions({
    queryKey: ['meetings', org, tab, q],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/meetings', {
          params: { path: { org }, query: { ...TAB_QUERY[tab], q, limit: 30, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // What is live changes by the minute, and a tab should show what is so now.
    staleTime: 0,
    refetchInterval: 30_000,
  });

export const meetingQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}', { params: { path: { id } } })),
  });

/** How often the people of a meeting are asked for while its events don't come through. */
const POLL_MS = 5_000;

export const participantsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['meeting', id, 'participants'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/participants', {
            params: { path: { id }, query: { limit: 200, cursor } },
          }),
        ),
      ),
    refetchInterval: live ? false : POLL_MS,
  });

export const attendanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'attendance'],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}/attendance', { params: { path: { id } } })),
  });

export const recordingsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['meeting', id, 'recordings'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/recordings', {
            params: { path: { id }, query: { limit: 200, cursor } },
          }),
        ),
      ),
    refetchInterval: live ? false : POLL_MS,
  });

/** The whole chat: history merged with what came live while it loaded. */
export const chatQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'chat'],
    queryFn: async ({ client, queryKey }) => {
      const history = await allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/chat', { params: { path: { id }, query: { limit: 200, cursor } } }),
        ),
      );
      return mergeMessages(client.getQueryData<readonly Message[]>(queryKey) ?? [], history);
    },
  });
