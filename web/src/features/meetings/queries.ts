import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import { type MeetingTab, TAB_QUERY } from './tabs';

export const meetingsQuery = (org: string, tab: MeetingTab) =>
  infiniteQueryOptions({
    queryKey: ['meetings', org, tab],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/meetings', {
          params: { path: { org }, query: { ...TAB_QUERY[tab], limit: 30, cursor: pageParam } },
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
