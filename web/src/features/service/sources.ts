import { queryOptions } from '@tanstack/react-query';
import { allPages, api, idempotent, take } from '../../api/client';
import type { ApiKey, ApiScope, DeviceToken } from '../../api/types';

export const SCOPES = [
  'meetings.read',
  'meetings.write',
  'attendance.read',
  'recordings.read',
  'members.read',
  'members.write',
  'calendar.read',
  'calendar.write',
] as const satisfies readonly ApiScope[];

/** A key or a token, as the page shows both. */
export type Machine = Pick<
  ApiKey,
  'id' | 'prefix' | 'created_by' | 'created_at' | 'expires_at' | 'last_used_at' | 'previous_until'
> & { name: string; scopes: ApiScope[] };

export type NewMachine = { name: string; scopes: ApiScope[]; expires_at: string | null };
export type MachineChange = { name: string; expires_at: string | null };

/** Where keys or tokens come from. What makes or renews a secret gives it back: it is shown once. */
export type Source = {
  kind: 'keys' | 'devices';
  list: (org: string) => Promise<Machine[]>;
  create: (org: string, body: NewMachine) => Promise<string>;
  change: (org: string, id: string, body: MachineChange) => Promise<unknown>;
  rotate: (org: string, id: string, grace_seconds: number) => Promise<string>;
  revoke: (org: string, id: string) => Promise<unknown>;
};

export const machinesQuery = (source: Source, org: string) =>
  queryOptions({ queryKey: ['machines', source.kind, org], queryFn: () => source.list(org) });

const ofDevice = ({ label, ...rest }: DeviceToken): Machine => ({ ...rest, name: label, scopes: [] });

export const keys: Source = {
  kind: 'keys',
  list: (org) =>
    allPages((cursor) =>
      take(
        api.GET('/api/v1/organizations/{org}/api-keys', {
          params: { path: { org }, query: { limit: 200, cursor } },
        }),
      ),
    ),
  create: async (org, body) =>
    (
      await take(
        api.POST('/api/v1/organizations/{org}/api-keys', {
          params: { path: { org } },
          body,
          headers: idempotent(),
        }),
      )
    ).key,
  change: (org, id, body) =>
    take(api.PATCH('/api/v1/organizations/{org}/api-keys/{id}', { params: { path: { org, id } }, body })),
  rotate: async (org, id, grace_seconds) =>
    (
      await take(
        api.POST('/api/v1/organizations/{org}/api-keys/{id}/rotate', {
          params: { path: { org, id } },
          body: { grace_seconds },
        }),
      )
    ).key,
  revoke: (org, id) =>
    take(api.DELETE('/api/v1/organizations/{org}/api-keys/{id}', { params: { path: { org, id } } })),
};

export const devices: Source = {
  kind: 'devices',
  list: async (org) => {
    const found = await allPages((cursor) =>
      take(
        api.GET('/api/v1/organizations/{org}/device-tokens', {
          params: { path: { org }, query: { limit: 200, cursor } },
        }),
      ),
    );
    return found.map(ofDevice);
  },
  create: async (org, { name, expires_at }) =>
    (
      await take(
        api.POST('/api/v1/organizations/{org}/device-tokens', {
          params: { path: { org } },
          body: { label: name, expires_at },
          headers: idempotent(),
        }),
      )
    ).token,
  change: (org, id, { name, expires_at }) =>
    take(
      api.PATCH('/api/v1/organizations/{org}/device-tokens/{id}', {
        params: { path: { org, id } },
        body: { label: name, expires_at },
      }),
    ),
  rotate: async (org, id, grace_seconds) =>
    (
      await take(
        api.POST('/api/v1/organizations/{org}/device-tokens/{id}/rotate', {
          params: { path: { org, id } },
          body: { grace_seconds },
        }),
      )
    ).token,
  revoke: (org, id) =>
    take(api.DELETE('/api/v1/organizations/{org}/device-tokens/{id}', { params: { path: { org, id } } })),
};
