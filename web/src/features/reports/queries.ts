import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { components } from '../../api/schema';
import type { FileKind } from '../../ui/Exports';
import { type Period, span } from './period';

type Schemas = components['schemas'];
export type EngagementPart = Schemas['EngagementPart'];
export type MemberEngagement = Schemas['MemberEngagement'];
export type EngagementOrder = Schemas['EngagementOrder'];
export type Absence = Schemas['Absence'];
export type AbsenceKind = Schemas['AbsenceKind'];
export type MemberActivity = Schemas['MemberActivity'];

/** What every report is asked for: whose, and of when. */
export type Scope = {
  org: string;
  period: Period;
  /** The zone whose calendars say when a month begins. */
  zone: string;
};

/** Which absences are looked at. */
export type AbsenceFilter = {
  user?: string;
  group?: string;
  kind?: string;
  excused?: boolean;
};

const paged = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: { next_cursor?: string | null }) => page.next_cursor ?? undefined,
};
const wanted = ({ period, zone }: Scope) => span(period, new Date(), zone);

export const organizationQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org],
    queryFn: () => take(api.GET('/api/v1/organizations/{org}', { params: { path: { org } } })),
    staleTime: 60_000,
  });

export const meetingsReportQuery = (scope: Scope) =>
  infiniteQueryOptions({
    queryKey: ['reports', scope, 'meetings'],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/meetings', {
          params: { path: { org: scope.org }, query: { ...wanted(scope), cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const memberReportQuery = (scope: Scope, user: string) =>
  infiniteQueryOptions({
    queryKey: ['reports', scope, 'members', user],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/members/{user}', {
          params: { path: { org: scope.org, user }, query: { ...wanted(scope), cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const groupReportQuery = (scope: Scope, group: string) =>
  infiniteQueryOptions({
    queryKey: ['reports', scope, 'groups', group],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/groups/{group}', {
          params: { path: { org: scope.org, group }, query: { ...wanted(scope), cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const absencesQuery = (scope: Scope, filter: AbsenceFilter) =>
  infiniteQueryOptions({
    queryKey: ['reports', scope, 'absences', filter],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/absences', {
          params: { path: { org: scope.org }, query: { ...wanted(scope), ...filter, cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const engagementQuery = (scope: Scope, order: EngagementOrder) =>
  infiniteQueryOptions({
    queryKey: ['reports', scope, 'engagement', order],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/engagement', {
          params: { path: { org: scope.org }, query: { ...wanted(scope), order, cursor: pageParam } },
        }),
      ),
    ...paged,
  });

export const memberEngagementQuery = (scope: Scope, user: string) =>
  queryOptions({
    queryKey: ['reports', scope, 'engagement of', user],
    queryFn: () =>
      take(
        api.GET('/api/v1/organizations/{org}/reports/engagement/{user}', {
          params: { path: { org: scope.org, user }, query: wanted(scope) },
        }),
      ),
  });

export const meetingsFile = (scope: Scope, kind: FileKind) =>
  take(
    api.GET(`/api/v1/organizations/{org}/reports/meetings.${kind}`, {
      params: { path: { org: scope.org }, query: wanted(scope) },
      parseAs: 'blob',
    }),
  );

export const memberFile = (scope: Scope, user: string, kind: FileKind) =>
  take(
    api.GET(`/api/v1/organizations/{org}/reports/members/{user}/meetings.${kind}`, {
      params: { path: { org: scope.org, user }, query: wanted(scope) },
      parseAs: 'blob',
    }),
  );

export const groupFile = (scope: Scope, group: string) =>
  take(
    api.GET('/api/v1/organizations/{org}/reports/groups/{group}/members.csv', {
      params: { path: { org: scope.org, group }, query: wanted(scope) },
      parseAs: 'blob',
    }),
  );

export const absencesFile = (scope: Scope, filter: AbsenceFilter) =>
  take(
    api.GET('/api/v1/organizations/{org}/reports/absences.csv', {
      params: { path: { org: scope.org }, query: { ...wanted(scope), ...filter } },
      parseAs: 'blob',
    }),
  );

export const engagementFile = (scope: Scope) =>
  take(
    api.GET('/api/v1/organizations/{org}/reports/engagement.csv', {
      params: { path: { org: scope.org }, query: wanted(scope) },
      parseAs: 'blob',
    }),
  );
