import { expect, it } from 'vitest';
import type { EngagementPart, MemberEngagement } from '../reports/queries';
import { preview, TOPICS, type Weights, weighed } from './weighing';

const parts = (points: (number | null)[]) =>
  TOPICS.map((topic, index) => ({ topic, points: points[index] }) as EngagementPart);
const weights = (given: Partial<Weights>): Weights => ({
  ...(Object.fromEntries(TOPICS.map((topic) => [topic, 0])) as Weights),
  ...given,
});

it('is the mean of what can be measured', () => {
  const found = parts([100, 50, 0, null, null, null]);
  expect(weighed(found, weights({ attendance: 1, punctuality: 1 }))).toBe(75);
  expect(weighed(found, weights({ attendance: 1, punctuality: 3, messages: 10 }))).toBe(62.5);
  expect(weighed(found, weights({ messages: 10 }))).toBeNull();
});

it('puts whoever comes first by the new weights first', () => {
  const member = (id: string, points: (number | null)[]) =>
    ({ user: { id, name: id }, score: 1, parts: parts(points) }) as MemberEngagement;
  const members = [member('a', [100, 0]), member('b', [0, 100]), member('c', [null, null])];
  const order = (given: Partial<Weights>) => preview(members, weights(given)).map(({ user }) => user.id);
  expect(order({ attendance: 1 })).toEqual(['a', 'b', 'c']);
  expect(order({ punctuality: 1 })).toEqual(['b', 'a', 'c']);
});
