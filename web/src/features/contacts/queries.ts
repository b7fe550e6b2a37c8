import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';

export const contactsQuery = (org: string, q: string, group: string | null) =>
  infiniteQueryOptions({
    queryKey: ['contacts', org, q, group],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/contacts', {
          params: {
            path: { org },
            query: { q: q || undefined, group_id: group ?? undefined, limit: 50, cursor: pageParam },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const contactGroupsQuery = (org: string) =>
  queryOptions({
    queryKey: ['contact-groups', org],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/organizations/{org}/contact-groups', {
            params: { path: { org }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });
