import { can, type Meeting, type MeetingAction } from '../../api/types';

/** A meeting among which one is chosen. */
export type MeetingChoice = { value: string; label: string; begins: string };

/** Those of some meetings with which the caller may do something, in their order. */
export const choicesOf = (meetings: readonly Meeting[], action: MeetingAction): MeetingChoice[] =>
  meetings
    .filter((meeting) => can(meeting, action))
    .map(({ id, title, scheduled_start }) => ({ value: id, label: title, begins: scheduled_start }));

/** The words to look for while `typed` stands in the field: none while that is what was chosen. */
export const wordsOf = (typed: string, chosen: Pick<MeetingChoice, 'label'> | undefined): string =>
  typed === chosen?.label ? '' : typed.trim();
