import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';

/** The settings of an organization, with the tag that tells whether somebody else has changed them. */
export const settingsQuery = (org: string) =>
  queryOptions({
    queryKey: ['settings', org],
    queryFn: () => take(api.GET('/api/v1/organizations/{org}/settings', { params: { path: { org } } })),
    staleTime: 60_000,
  });

/** The custom fields of an organization's meetings, retired ones too. */
export const customFieldsQuery = (org: string) =>
  queryOptions({
    queryKey: ['custom-fields', org],
    queryFn: async () =>
      (await take(api.GET('/api/v1/organizations/{org}/custom-fields', { params: { path: { org } } }))).items,
    staleTime: 60_000,
  });
