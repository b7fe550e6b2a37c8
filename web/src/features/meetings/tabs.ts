/** The tabs of the meetings list, as they stand in the address. */
export const MEETING_TABS = ['all', 'upcoming', 'live', 'past'] as const;
export type MeetingTab = (typeof MEETING_TABS)[number];

/**
 * What a tab asks the server for: what is to come with the next one first, the rest with the latest first. What is to
 * come begins with today, so that what was never held does not stand before it for ever.
 */
export const TAB_QUERY: Record<MeetingTab, { status?: string; order: string; fromToday?: true }> = {
  all: { order: '-scheduled_start' },
  upcoming: { status: 'scheduled,in_progress', order: 'scheduled_start', fromToday: true },
  live: { status: 'in_progress', order: 'scheduled_start' },
  past: { status: 'completed,cancelled', order: '-scheduled_start' },
};

/** The tabs of a meeting's page. */
export const DETAIL_TABS = ['overview', 'attendance', 'recordings', 'chat', 'timeline', 'history'] as const;
export type DetailTab = (typeof DETAIL_TABS)[number];

/** How a list of meetings can look. */
export const MEETING_VIEWS = ['cards', 'table'] as const;
export type MeetingView = (typeof MEETING_VIEWS)[number];
