import { queryOptions } from '@tanstack/react-query';
import { allPages, api, take } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];

export type GuestInvitation = Schemas['GuestInvitation'];
export type GuestLink = Schemas['GuestLink'];

/** What a guest link leads to. */
export const guestMeetingQuery = (token: string) =>
  queryOptions({
    queryKey: ['guest', token],
    queryFn: () => take(api.GET('/api/v1/guest/{token}', { params: { path: { token } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The guest links of a meeting. */
export const guestLinksQuery = (meeting: string) =>
  queryOptions({
    queryKey: ['meeting', meeting, 'guest-links'],
    queryFn: () =>
      allPages((cursor) =>
        take(
          api.GET('/api/v1/meetings/{id}/guest-links', {
            params: { path: { id: meeting }, query: { limit: 200, cursor } },
          }),
        ),
      ),
  });

const SESSION = 'baraza.guest';
const NAME = 'baraza.guest-name';

/** Who a guest was in this tab, so that a reload does not make another guest of them; the name lasts longer. */
export const kept = {
  name: () => localStorage.getItem(NAME) ?? '',
  session(token: string): string | null {
    const [link, session] = (sessionStorage.getItem(SESSION) ?? '').split(' ');
    return link === token && session ? session : null;
  },
  remember(token: string, session: string, name: string) {
    sessionStorage.setItem(SESSION, `${token} ${session}`);
    if (name) localStorage.setItem(NAME, name);
  },
};
