import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';

/** What is to come: what one made or is asked to come to; all of the organization's for who keeps the rooms. */
export const toComeQuery = (org: string) =>
  queryOptions({
    queryKey: ['bookings', org],
    queryFn: () =>
      take(api.GET('/api/v1/organizations/{org}/bookings/dashboard', { params: { path: { org } } })),
    // Others book as well.
    refetchInterval: 60_000,
  });

export const bookingQuery = (id: string) =>
  queryOptions({
    queryKey: ['booking', id],
    queryFn: () => take(api.GET('/api/v1/bookings/{id}', { params: { path: { id } } })),
  });

/** Whom groups of contacts come to, together with addresses that were typed. */
export const asksQuery = (org: string, emails: string[], group_ids: string[]) =>
  queryOptions({
    queryKey: ['attendees', org, emails, group_ids],
    queryFn: () =>
      take(
        api.POST('/api/v1/organizations/{org}/attendees', {
          params: { path: { org } },
          body: { emails: emails.join(','), contact_ids: [], contact_group_ids: group_ids },
        }),
      ),
  });
