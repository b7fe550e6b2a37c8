import { expect, it } from 'vitest';
import { auditFilters } from './search';

it('makes whole days of dates, the last one included', () => {
  const { from, to } = auditFilters({ from: '2026-12-31', to: '2026-12-31' });
  expect(new Date(from ?? '')).toEqual(new Date(2026, 11, 31));
  expect(new Date(to ?? '')).toEqual(new Date(2027, 0, 1));
  expect(auditFilters({ from: 'yesterday' }).from).toBeUndefined();
  expect(auditFilters({ entity: 'meeting', id: 'x' })).toMatchObject({
    entity_type: 'meeting',
    entity_id: 'x',
  });
});
