import { QueryClient } from '@tanstack/react-query';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { Problem } from './api/problem';
import { refresh, session } from './api/session';
import { MEETING_TYPES, RECORDING_STATUSES } from './api/types';
import { type AuditSearch, ENTITIES } from './features/audit/search';
import { AcceptInvitationPage } from './features/auth/AcceptInvitationPage';
import { ForgotPasswordPage } from './features/auth/ForgotPasswordPage';
import { LoginPage } from './features/auth/LoginPage';
import { ResetPasswordPage } from './features/auth/ResetPasswordPage';
import { SetupPage } from './features/auth/SetupPage';
import { MeetingsPage } from './features/meetings/MeetingsPage';
import type { MeetingFilters } from './features/meetings/queries';
import {
  DETAIL_TABS,
  type DetailTab,
  MEETING_TABS,
  MEETING_VIEWS,
  type MeetingTab,
  type MeetingView,
} from './features/meetings/tabs';
import { OrganizationGate } from './features/orgs/OrganizationGate';
import { SettingsLayout } from './features/orgs/SettingsLayout';
import type { VaultFilters } from './features/recordings/queries';
import { type Period, periodOf } from './features/reports/period';
import { VIEWS, type View } from './features/reports/views';
import { ErrorPage, NotFoundPage } from './ui/pages';
import { Root } from './ui/Root';
import { Shell } from './ui/Shell';

export const queryClient = new QueryClient({
  defaultOptions: {
    // A server on this machine or network is reachable where the browser believes itself offline.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 15_000,
      // An answer that says no will say no again; only silence and overload are worth another try.
      retry: (count, error) => {
        const { status } = Problem.of(error);
        return count < 2 && (status === 0 || status >= 500);
      },
    },
  },
});

/** The value of a search parameter when it is one of those known. */
function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((candidate) => candidate === value);
}

const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value));

const day = (value: unknown) => (/^\d{4}-\d\d-\d\d$/.test(String(value)) ? String(value) : undefined);

/**
 * What the meetings page shows. With `new` the dialog for a new meeting is open, filled in with the title, description,
 * start and related object given, so that other programs can link to it.
 */
type MeetingsSearch = MeetingFilters & {
  tab?: MeetingTab;
  view?: MeetingView;
  new?: true;
  title?: string;
  description?: string;
  start?: string;
};

const root = createRootRoute({
  component: () => <Root queryClient={queryClient} />,
  notFoundComponent: NotFoundPage,
  errorComponent: ErrorPage,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({ token: text(search.token) }),
  component: SetupPage,
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { to?: string; problem?: string } => ({
    to: text(search.to),
    problem: text(search.problem),
  }),
  component: LoginPage,
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: ForgotPasswordPage,
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: ResetPasswordPage,
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitations/$token',
  component: AcceptInvitationPage,
});

const guest = createRoute({
  getParentRoute: () => root,
  path: '/guest/$token',
  errorComponent: ErrorPage,
  component: lazyRouteComponent(() => import('./features/guests/GuestPage'), 'GuestPage'),
});

const shared = createRoute({
  getParentRoute: () => root,
  path: '/shared/$token',
  errorComponent: ErrorPage,
  component: lazyRouteComponent(() => import('./features/recordings/SharedPage'), 'SharedPage'),
});

const tablet = createRoute({
  getParentRoute: () => root,
  path: '/tablet',
  errorComponent: ErrorPage,
  component: lazyRouteComponent(() => import('./features/shows/TabletPage'), 'TabletPage'),
});

const verifyReport = createRoute({
  getParentRoute: () => root,
  path: '/reports/verify/{-$hash}',
  errorComponent: ErrorPage,
  component: lazyRouteComponent(() => import('./features/reports/VerifyPage'), 'VerifyPage'),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    if (session.get().status === 'unknown') await refresh();
    if (session.get().status === 'out') throw redirect({ to: '/login', search: { to: location.href } });
  },
  errorComponent: ErrorPage,
  component: OrganizationGate,
});

const shell = createRoute({ getParentRoute: () => signedIn, id: 'shell', component: Shell });

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/meetings', search: {} });
  },
});

const meetings = createRoute({
  getParentRoute: () => shell,
  path: '/meetings',
  validateSearch: (search: Record<string, unknown>): MeetingsSearch => ({
    tab: oneOf(MEETING_TABS, search.tab),
    view: oneOf(MEETING_VIEWS, search.view),
    q: text(search.q) || undefined,
    type: oneOf(MEETING_TYPES, search.type),
    host: text(search.host),
    from: day(search.from),
    to: day(search.to),
    related_type: text(search.related_type),
    related_id: text(search.related_id),
    new: search.new ? true : undefined,
    title: text(search.title),
    description: text(search.description),
    start: text(search.start),
  }),
  component: MeetingsPage,
});

const details = createRoute({
  getParentRoute: () => shell,
  path: '/meetings/$id/details',
  validateSearch: (search: Record<string, unknown>): { tab?: DetailTab } => ({
    tab: oneOf(DETAIL_TABS, search.tab),
  }),
  component: lazyRouteComponent(() => import('./features/meetings/MeetingDetailsPage'), 'MeetingDetailsPage'),
});

const bookings = createRoute({
  getParentRoute: () => shell,
  path: '/bookings',
  component: lazyRouteComponent(() => import('./features/bookings/BookingsPage'), 'BookingsPage'),
});

const newBooking = createRoute({
  getParentRoute: () => shell,
  path: '/bookings/new',
  // Calendars link here with the times that were chosen in them.
  validateSearch: (search: Record<string, unknown>): { start?: string; end?: string } => ({
    start: text(search.start),
    end: text(search.end),
  }),
  component: lazyRouteComponent(() => import('./features/bookings/NewBookingPage'), 'NewBookingPage'),
});

const booking = createRoute({
  getParentRoute: () => shell,
  path: '/bookings/$id',
  validateSearch: (search: Record<string, unknown>): { edit?: true } => ({
    edit: search.edit ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('./features/bookings/BookingPage'), 'BookingPage'),
});

const people = createRoute({
  getParentRoute: () => shell,
  path: '/people',
  component: lazyRouteComponent(() => import('./features/orgs/PeoplePage'), 'PeoplePage'),
});

const reports = createRoute({
  getParentRoute: () => shell,
  path: '/reports',
  validateSearch: (
    search: Record<string, unknown>,
  ): { view?: View; period?: Period; member?: string; group?: string } => ({
    view: oneOf(VIEWS, search.view),
    period: periodOf(search.period),
    member: text(search.member),
    group: text(search.group),
  }),
  component: lazyRouteComponent(() => import('./features/reports/ReportsPage'), 'ReportsPage'),
});

const vault = createRoute({
  getParentRoute: () => shell,
  path: '/vault',
  validateSearch: (search: Record<string, unknown>): VaultFilters => ({
    q: text(search.q) || undefined,
    status: oneOf(RECORDING_STATUSES, search.status),
    from: day(search.from),
    to: day(search.to),
    trash: search.trash ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('./features/recordings/VaultPage'), 'VaultPage'),
});

const recording = createRoute({
  getParentRoute: () => shell,
  path: '/recordings/$id',
  // With `play` it begins by itself, with `at` at so many seconds.
  validateSearch: (search: Record<string, unknown>): { play?: true; at?: number } => ({
    play: search.play ? true : undefined,
    at: typeof search.at === 'number' && search.at >= 0 ? search.at : undefined,
  }),
  component: lazyRouteComponent(() => import('./features/recordings/PlayerPage'), 'PlayerPage'),
});

const profile = createRoute({
  getParentRoute: () => shell,
  path: '/profile',
  component: lazyRouteComponent(() => import('./features/profile/ProfilePage'), 'ProfilePage'),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: SettingsLayout,
});

const settingsGeneral = createRoute({
  getParentRoute: () => settings,
  path: '/',
  component: lazyRouteComponent(() => import('./features/orgs/SettingsPage'), 'SettingsPage'),
});

const security = createRoute({
  getParentRoute: () => shell,
  path: '/profile/security',
  component: lazyRouteComponent(() => import('./features/profile/SecurityPage'), 'SecurityPage'),
});

const mailbox = createRoute({
  getParentRoute: () => shell,
  path: '/mailbox',
  component: lazyRouteComponent(() => import('./features/mailbox/MailboxPage'), 'MailboxPage'),
});

const settingsMeetings = createRoute({
  getParentRoute: () => settings,
  path: '/meetings',
  component: lazyRouteComponent(
    () => import('./features/settings/OrganizationSettingsPage'),
    'OrganizationSettingsPage',
  ),
});

const settingsResources = createRoute({
  getParentRoute: () => settings,
  path: '/resources',
  component: lazyRouteComponent(() => import('./features/resources/ResourcesPage'), 'ResourcesPage'),
});

const settingsFields = createRoute({
  getParentRoute: () => settings,
  path: '/fields',
  component: lazyRouteComponent(() => import('./features/settings/CustomFieldsPage'), 'CustomFieldsPage'),
});

const settingsEngagement = createRoute({
  getParentRoute: () => settings,
  path: '/engagement',
  component: lazyRouteComponent(() => import('./features/settings/EngagementPage'), 'EngagementPage'),
});

const settingsPermissions = createRoute({
  getParentRoute: () => settings,
  path: '/permissions',
  component: lazyRouteComponent(() => import('./features/rights/PermissionsPage'), 'PermissionsPage'),
});

const settingsAudit = createRoute({
  getParentRoute: () => settings,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    actor: text(search.actor),
    action: text(search.action),
    entity: oneOf(ENTITIES, search.entity),
    id: text(search.id),
    from: text(search.from),
    to: text(search.to),
  }),
  component: lazyRouteComponent(() => import('./features/audit/AuditPage'), 'AuditPage'),
});

const settingsKeys = createRoute({
  getParentRoute: () => settings,
  path: '/keys',
  component: lazyRouteComponent(() => import('./features/service/MachinesPage'), 'ApiKeysPage'),
});

const settingsDevices = createRoute({
  getParentRoute: () => settings,
  path: '/devices',
  component: lazyRouteComponent(() => import('./features/service/MachinesPage'), 'DeviceTokensPage'),
});

const system = createRoute({
  getParentRoute: () => shell,
  path: '/system',
  component: lazyRouteComponent(() => import('./features/system/SystemPage'), 'SystemPage'),
});

// The room brings the LiveKit client along, so it loads only when somebody enters one.
const room = createRoute({
  getParentRoute: () => signedIn,
  path: '/meetings/$id',
  component: lazyRouteComponent(() => import('./features/room/RoomPage'), 'RoomPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    setup,
    login,
    forgotPassword,
    resetPassword,
    invitation,
    guest,
    shared,
    tablet,
    verifyReport,
    signedIn.addChildren([
      shell.addChildren([
        home,
        meetings,
        details,
        bookings,
        newBooking,
        booking,
        people,
        reports,
        vault,
        recording,
        profile,
        settings.addChildren([
          settingsGeneral,
          settingsMeetings,
          settingsResources,
          settingsFields,
          settingsEngagement,
          settingsPermissions,
          settingsKeys,
          settingsDevices,
          settingsAudit,
        ]),
        system,
        security,
        mailbox,
      ]),
      room,
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

let signedInAs: string | null = null;
session.subscribe(() => {
  const state = session.get();
  const now = state.status === 'in' ? state.userId : null;
  if (now === signedInAs) return;
  // What one person saw must not flash up for the next.
  if (signedInAs) queryClient.clear();
  signedInAs = now;
  if (!now) void router.invalidate();
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
