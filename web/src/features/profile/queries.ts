import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';

/** What the signed-in person agrees to. */
export const consentsQuery = queryOptions({
  queryKey: ['consents'],
  queryFn: () => take(api.GET('/api/v1/me/consents')),
});
