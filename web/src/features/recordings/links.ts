import type { ShareLink } from '../../api/types';
import type { LinkState } from '../../ui/Links';

type Limits = Pick<ShareLink, 'revoked_at' | 'expires_at' | 'max_views' | 'views'>;

/** Whether a link still opens its recording, else why it does not. */
export function stateOfLink(link: Limits, now: Date): LinkState {
  if (link.revoked_at) return 'revoked';
  if (link.expires_at && new Date(link.expires_at) <= now) return 'expired';
  return link.max_views && link.views >= link.max_views ? 'usedUp' : 'open';
}
