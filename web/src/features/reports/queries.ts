import { infiniteQueryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { FileKind } from '../../ui/Exports';
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

export const meetingsFile = (org: string, period: Period, kind: FileKind) =>
  take(
    api.GET(`/api/v1/organizations/{org}/reports/meetings.${kind}`, {
      params: { path: { org }, query: span(period, new Date()) },
      parseAs: 'blob',
    }),
  );

export const memberFile = (org: string, user: string, period: Period, kind: FileKind) =>
  take(
    api.GET(`/api/v1/organizations/{org}/reports/members/{user}/meetings.${kind}`, {
      params: { path: { org, user }, query: span(period, new Date()) },
      parseAs: 'blob',
    }),
  );
