import type { components } from '../../api/schema';

export type Happening = components['schemas']['TimelineItem'];

/** What a timeline can be narrowed to. */
export const GROUPS = ['meeting', 'participant', 'attendance', 'chat', 'poll', 'recording', 'guest'] as const;

/** What belongs to a happening, as far as a line of text tells it. */
export function words({ kind, data }: { kind: string; data: unknown }) {
  const { about, content, metadata, changes } = data as {
    about?: { name: string };
    content?: string;
    metadata?: { question?: unknown };
    changes?: { field: string }[];
  };
  const question = typeof metadata?.question === 'string' ? metadata.question : undefined;
  const isNew = /\.(created|invited)$/.test(kind);
  return {
    about: about?.name,
    content: content || question,
    // Of what is new every field is, which tells nothing.
    changes: isNew ? [] : (changes ?? []).map(({ field }) => field),
  };
}
