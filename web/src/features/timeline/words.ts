import type { components } from '../../api/schema';

export type Happening = components['schemas']['TimelineItem'];

/** What a timeline can be narrowed to. */
export const GROUPS = ['meeting', 'participant', 'attendance', 'chat', 'poll', 'recording', 'guest'] as const;

/** What belongs to a happening, as far as a line of text tells it. */
export function words({ kind, data }: { kind: string; data: unknown }) {
  const { about, content, metadata, former, changes } = data as {
    about?: { name: string };
    content?: string;
    metadata?: { question?: unknown };
    former?: string;
    changes?: { field: string; after?: unknown }[];
  };
  const question = typeof metadata?.question === 'string' ? metadata.question : undefined;
  // Why the record was corrected says more than from what to what.
  const reason =
    kind === 'attendance.corrected' ? changes?.find(({ field }) => field === 'reason')?.after : undefined;
  return {
    about: about?.name,
    content: content || question || (typeof reason === 'string' ? reason : undefined),
    former,
    // Every other kind says by its name what was done.
    changes: kind.endsWith('.changed') ? (changes ?? []).map(({ field }) => field) : [],
  };
}
