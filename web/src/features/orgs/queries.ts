import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { Member } from '../../api/types';

/** Who is signed in, and where they belong. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => take(api.GET('/api/v1/me')),
  staleTime: 60_000,
});

/** Everybody in an organization. All pages at once: the list is searched and picked from here. */
export const membersQuery = (org: string) =>
  queryOptions({
    queryKey: ['members', org],
    queryFn: async () => {
      const members: Member[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await take(
          api.GET('/api/v1/organizations/{org}/members', {
            params: { path: { org }, query: { limit: 200, cursor: cursor ?? undefined } },
          }),
        );
        members.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor);
      return members;
    },
  });
