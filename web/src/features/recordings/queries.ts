import { infiniteQueryOptions, queryOptions, useQueryClient } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Recording } from '../../api/types';
import { localZone, toInstant } from '../../ui/time';

/** How often a recording that is not finished is asked for. */
const POLL_MS = 4_000;

export const isUnderWay = ({ status }: Pick<Recording, 'status'>) =>
  ['requested', 'starting', 'recording', 'finalizing', 'importing'].includes(status);

export const recordingQuery = (id: string) =>
  queryOptions({
    queryKey: ['recording', id],
    queryFn: () => take(api.GET('/api/v1/recordings/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state: { data } }) => (data && isUnderWay(data) ? POLL_MS : false),
  });

/** The picture of a recording is made after its file: of a fresh one it is asked for again, so often at most. */
const POSTER = { every: 5_000, times: 6, freshMs: 120_000 };

/** A picture of a recording; null where there is none. */
export const posterQuery = ({ id, ended_at }: Pick<Recording, 'id' | 'ended_at'>) =>
  queryOptions({
    queryKey: ['recording', id, 'poster'],
    queryFn: () =>
      take(api.GET('/api/v1/recordings/{id}/poster', { params: { path: { id } }, parseAs: 'blob' })).catch(
        (error) => {
          if (Problem.of(error).status === 404) return null;
          throw error;
        },
      ) as Promise<Blob | null>,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchInterval: ({ state: { data, dataUpdateCount } }) => {
      const isFresh = ended_at && Date.now() - Date.parse(ended_at) < POSTER.freshMs;
      return data === null && isFresh && dataUpdateCount < POSTER.times ? POSTER.every : false;
    },
  });

/** What a recording says, and how far that is written down. */
export const transcriptQuery = (id: string) =>
  queryOptions({
    queryKey: ['recording', id, 'transcript'],
    queryFn: () => take(api.GET('/api/v1/recordings/{id}/transcript', { params: { path: { id } } })),
    staleTime: 60_000,
    refetchInterval: ({ state: { data } }) =>
      data?.status === 'waiting' || data?.status === 'running' ? POLL_MS : false,
  });

/** What happened in a recording, and where. */
export const chaptersQuery = (id: string) =>
  queryOptions({
    queryKey: ['recording', id, 'chapters'],
    queryFn: async () =>
      (await take(api.GET('/api/v1/recordings/{id}/chapters', { params: { path: { id } } }))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const shareLinksQuery = (id: string) =>
  queryOptions({
    queryKey: ['recording', id, 'share-links'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/recordings/{id}/share-links', {
            params: { path: { id }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });

/** Who watched and downloaded, the latest first. */
export const viewsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['recording', id, 'views'],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/recordings/{id}/views', {
          params: { path: { id }, query: { limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: 0,
  });

/** What people answered to the notice that they are recorded, the latest first. */
export const consentsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['recording', id, 'consents'],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/recordings/{id}/consents', {
          params: { path: { id }, query: { limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** What narrows the vault, as it stands in the address. */
export type VaultFilters = {
  q?: string;
  status?: Recording['status'];
  from?: string;
  to?: string;
  trash?: true;
};

const dayAfter = (day: string) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export const vaultQuery = (org: string, { q, status, from, to, trash }: VaultFilters) =>
  infiniteQueryOptions({
    queryKey: ['vault', org, { q, status, from, to, trash }],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/recordings', {
          params: {
            path: { org },
            query: {
              q,
              status: trash ? undefined : status,
              from: from && toInstant(`${from} 00:00:00`, localZone()),
              to: to && toInstant(`${dayAfter(to)} 00:00:00`, localZone()),
              trash,
              limit: 30,
              cursor: pageParam,
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some(({ items }) => items.some(isUnderWay)) ? POLL_MS : false,
  });

export const usageQuery = (org: string) =>
  queryOptions({
    queryKey: ['vault', org, 'usage'],
    queryFn: () =>
      take(api.GET('/api/v1/organizations/{org}/recordings/usage', { params: { path: { org } } })),
  });

/** Loads anew whatever shows a recording that was changed. */
export function useRefresh({ id, meeting_id }: Pick<Recording, 'id' | 'meeting_id'>) {
  const queryClient = useQueryClient();
  return () =>
    Promise.all([
      queryClient.invalidateQueries({ queryKey: ['recording', id], exact: true }),
      queryClient.invalidateQueries({ queryKey: ['meeting', meeting_id, 'recordings'] }),
      queryClient.invalidateQueries({ queryKey: ['vault'] }),
    ]);
}
