import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import { type Period, span } from './period';

const paged = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: { next_cursor?: string | null }) => page.next_cursor ?? undefined,
};

export const meetingsReportQuery = (org: string, period: Period) =>
  infiniteQueryOptions({
    queryKey: ['reports', org, 'meetings', period],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/meetings', {
          params: { path: { org }, query: { ...span(period, new Date()), cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const memberReportQuery = (org: string, user: string, period: Period) =>
  infiniteQueryOptions({
    queryKey: ['reports', org, 'members', user, period],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/members/{user}', {
          params: { path: { org, user }, query: { ...span(period, new Date()), cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const meetingsTable = (org: string, period: Period) =>
  take(
    api.GET('/api/v1/organizations/{org}/reports/meetings.csv', {
      params: { path: { org }, query: span(period, new Date()) },
      parseAs: 'blob',
    }),
  );

export const memberTable = (org: string, user: string, period: Period) =>
  take(
    api.GET('/api/v1/organizations/{org}/reports/members/{user}/meetings.csv', {
      params: { path: { org, user }, query: span(period, new Date()) },
      parseAs: 'blob',
    }),
  );
