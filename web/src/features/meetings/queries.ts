import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';
import type { MeetingType } from '../../api/types';
import { localZone, toInstant, toWall } from '../../ui/time';
import { type MeetingTab, TAB_QUERY } from './tabs';

/** What narrows a list of meetings, as it stands in the address. */
export type MeetingFilters = {
  q?: string;
  type?: MeetingType;
  host?: string;
  from?: string;
  to?: string;
  related_type?: string;
  related_id?: string;
};

export const meetingsQuery = (org: string, tab: MeetingTab, filters: MeetingFilters, people = false) =>
  infiniteQueryOptions({
    queryKey: ['meetings', org, tab, filters, people],
    queryFn: ({ pageParam }) => {
      const { type, from, to, ...rest } = filters;
      const { order, status, fromToday } = TAB_QUERY[tab];
      const first = from ?? (fromToday && toWall(new Date(), localZone()).slice(0, 10));
      return take(
        api.GET('/api/v1/organizations/{org}/meetings', {
          params: {
            path: { org },
            query: {
              ...rest,
              status,
              // What is searched for comes by how well it fits.
              order: filters.q ? undefined : order,
              meeting_type: type,
              from: first && toInstant(`${first} 00:00:00`, localZone()),
              to: to && toInstant(`${dayAfter(to)} 00:00:00`, localZone()),
              include: people ? 'participants' : undefined,
              limit: 30,
              cursor: pageParam,
            },
          },
        }),
      );
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // What is live changes by the minute, and a tab should show what is so now.
    staleTime: 0,
    refetchInterval: 30_000,
  });

/**
 * Meetings to choose from: those up to tomorrow with the latest first (who comes early begins before the time), or
 * whichever fit some words; one host's alone where one is named.
 */
export const choicesQuery = (org: string, host: string | undefined, words: string) =>
  queryOptions({
    queryKey: ['meetings', org, 'choices', host, words],
    queryFn: async () => {
      const query = {
        q: words || undefined,
        host,
        status: 'scheduled,in_progress,completed',
        order: words ? undefined : '-scheduled_start',
        to: words ? undefined : new Date(Date.now() + 86_400_000).toISOString(),
        limit: 50,
      };
      return (
        await take(api.GET('/api/v1/organizations/{org}/meetings', { params: { path: { org }, query } }))
      ).items;
    },
  });

const dayAfter = (day: string) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

export const meetingQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}', { params: { path: { id } } })),
  });

/** Who has changed what of a meeting. */
export const historyQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['meeting', id, 'history'],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/meetings/{id}/history', {
          params: { path: { id }, query: { limit: 50, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** How often the people of a meeting are asked for while its events don't come through. */
const POLL_MS = 5_000;

export const participantsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['meeting', id, 'participants'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/participants', {
            params: { path: { id }, query: { limit: 200, cursor } },
          }),
        ),
      ),
    refetchInterval: live ? false : POLL_MS,
  });

export const attendanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'attendance'],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}/attendance', { params: { path: { id } } })),
  });

export const recordingsQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['meeting', id, 'recordings'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/recordings', {
            params: { path: { id }, query: { limit: 200, cursor } },
          }),
        ),
      ),
    refetchInterval: live ? false : POLL_MS,
  });
