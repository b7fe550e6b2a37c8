import type { EngagementPart, MemberEngagement } from '../reports/queries';

export const TOPICS = ['attendance', 'punctuality', 'presence', 'messages', 'hands', 'speaking'] as const;
export type Weights = Record<(typeof TOPICS)[number], number>;

/** Points by other weights, as the server weighs them: the mean of the parts that can be measured. */
export function weighed(parts: readonly EngagementPart[], weights: Weights): number | null {
  const measured = parts.flatMap(({ topic, points }) =>
    points == null ? [] : [[points, weights[topic]] as const],
  );
  const all = measured.reduce((sum, [, weight]) => sum + weight, 0);
  const sum = measured.reduce((sum, [points, weight]) => sum + points * weight, 0);
  return all > 0 ? sum / all : null;
}

/** Members with their points now and by other weights, the first by those. */
export function preview(members: readonly MemberEngagement[], weights: Weights) {
  return members
    .map(({ user, score, parts }) => ({ user, now: score, later: weighed(parts, weights) }))
    .sort((a, b) => (b.later ?? -1) - (a.later ?? -1));
}
