import { queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';

/** The door of a meeting, for those who keep it. */
export const doorQuery = (meeting: string) =>
  queryOptions({
    queryKey: ['meeting', meeting, 'door'],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}/door', { params: { path: { id: meeting } } })),
  });
