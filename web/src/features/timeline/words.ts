import type { components } from '../../api/schema';

export type Happening = components['schemas']['TimelineItem'];

/** What a timeline can be narrowed to, and what the kinds of each begin with. */
export const GROUPS = {
  meeting: ['meeting'],
  participant: ['participant'],
  attendance: ['attendance'],
  screen: ['screen'],
  chat: ['chat'],
  poll: ['poll'],
  presence_check: ['presence_check'],
  recording: ['recording', 'recording_consent'],
  guest: ['guest', 'guest_link'],
  report: ['report', 'timeline'],
} as const;

export type Group = keyof typeof GROUPS;

/** What belongs to a happening, as far as a line of text tells it. */
export function words({ kind, data }: { kind: string; data: unknown }) {
  const { about, content, metadata, former, changes, seconds } = data as {
    about?: { name: string };
    content?: string;
    metadata?: { question?: unknown };
    former?: string;
    changes?: { field: string; after?: unknown }[];
    seconds?: number;
  };
  const question = typeof metadata?.question === 'string' ? metadata.question : undefined;
  const said = (field: string) => {
    const after = changes?.find((change) => change.field === field)?.after;
    return typeof after === 'string' ? after : undefined;
  };
  // Why the record was corrected says more than from what to what.
  const reason = kind === 'attendance.corrected' ? said('reason') : undefined;
  const missed = kind === 'presence_check.missed' ? said('name') : undefined;
  return {
    about: about?.name ?? missed,
    content: content || question || reason,
    former,
    seconds,
    // Every other kind says by its name what was done.
    changes: kind.endsWith('.changed') ? (changes ?? []).map(({ field }) => field) : [],
  };
}
