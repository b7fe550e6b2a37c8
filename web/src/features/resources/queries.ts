import { queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';

/** The rooms and devices of an organization, by name. All pages at once: they are picked from here. */
export const resourcesQuery = (org: string) =>
  queryOptions({
    queryKey: ['resources', org],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/organizations/{org}/resources', {
            params: { path: { org }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });
