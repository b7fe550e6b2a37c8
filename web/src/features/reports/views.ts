/** The parts of the page of reports. */
export const VIEWS = ['meetings', 'members', 'groups', 'absences', 'engagement'] as const;
export type View = (typeof VIEWS)[number];
