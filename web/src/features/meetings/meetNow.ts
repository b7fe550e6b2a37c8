import { api, idempotent, take } from '../../api/client';
import { localZone } from '../../ui/time';

/** Starts a meeting at once. */
export const meetNow = (org: string, title: string) =>
  take(
    api.POST('/api/v1/organizations/{org}/meetings/instant', {
      params: { path: { org } },
      body: { title, timezone: localZone() },
      headers: idempotent(),
    }),
  );
