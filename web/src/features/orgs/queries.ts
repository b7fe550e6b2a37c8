import { queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';

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
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/organizations/{org}/members', {
            params: { path: { org }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });

/** Invitations of an organization that wait to be accepted. */
export const invitationsQuery = (org: string) =>
  queryOptions({
    queryKey: ['invitations', org],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/organizations/{org}/invitations', {
            params: { path: { org }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });
