import type { Participant } from '../api/types';

/** Someone in the room: what LiveKit knows of them and, once it has come, what the server knows. */
export type Present = {
  identity: string;
  /** What they are called here; a second device has a word behind it. */
  name: string;
  isLocal: boolean;
  /** Takes part by listening: the microphone is not theirs to switch on. */
  listens?: boolean;
  known?: Participant;
};

/** The id behind an identity: a guest's has a word before it, and LiveKit lets a client hang a suffix on any. */
export const userIdOf = (identity: string) => (identity.split('#')[0] ?? identity).replace(/^guest:/, '');

/** Whether a connection is a person's second device. */
export const isBeside = (identity: string) => identity.endsWith('#beside');

const rank = ({ known, isLocal }: Present) =>
  known?.hand_raised ? 0 : known?.role === 'host' ? 1 : known?.role === 'co_host' ? 2 : isLocal ? 3 : 4;

const raised = ({ known }: Present) => (known?.hand_raised ? (known.hand_raised_at ?? '') : '');

/** Raised hands first, in the order in which they went up, then who leads, then oneself, then the others by name. */
export function inOrder(people: readonly Present[]): Present[] {
  return [...people].sort(
    (a, b) => rank(a) - rank(b) || raised(a).localeCompare(raised(b)) || a.name.localeCompare(b.name),
  );
}

/** The picture's address from LiveKit's participant metadata, which is ours to write but not ours to trust. */
export function avatarOf(metadata: string | undefined): string | undefined {
  try {
    const { avatar_url } = JSON.parse(metadata || '{}') as { avatar_url?: unknown };
    return typeof avatar_url === 'string' ? avatar_url : undefined;
  } catch {
    return undefined;
  }
}
