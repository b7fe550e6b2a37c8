import type { MeetingStatus } from '../../api/types';

/** The tabs of the meetings list, as they stand in the address. */
export const MEETING_TABS = ['all', 'upcoming', 'live', 'past'] as const;
export type MeetingTab = (typeof MEETING_TABS)[number];

/** What a tab asks the server for: upcoming the next one first, the rest the latest first. */
export const TAB_QUERY: Record<MeetingTab, { status?: MeetingStatus; order: 'asc' | 'desc' }> = {
  all: { order: 'desc' },
  upcoming: { status: 'scheduled', order: 'asc' },
  live: { status: 'in_progress', order: 'asc' },
  past: { status: 'completed', order: 'desc' },
};

/** The tabs of a meeting's page. */
export const DETAIL_TABS = ['overview', 'attendance', 'recordings', 'chat'] as const;
export type DetailTab = (typeof DETAIL_TABS)[number];
