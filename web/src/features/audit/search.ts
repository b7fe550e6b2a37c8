/** The kinds of things that the log tells of, as the filter offers them. */
export const ENTITIES = [
  'meeting',
  'participant',
  'recording',
  'share_link',
  'recording_consent',
  'transcript',
  'recording_import',
  'chat_message',
  'member',
  'invitation',
  'booking',
  'resource',
  'contact',
  'contact_group',
  'guest_link',
  'guest',
  'organization',
  'permission',
  'custom_field',
  'api_key',
  'device_token',
  'user',
  'credential',
  'session',
  'second_factor',
  'recovery_code',
  'password_reset',
  'identity',
  'consent',
] as const;

/** The filters as they stand in the address. Days are whole, in the reader's time zone. */
export type AuditSearch = {
  actor?: string;
  action?: string;
  entity?: (typeof ENTITIES)[number];
  id?: string;
  from?: string;
  to?: string;
};

/** The filters as the API takes them. */
export function auditFilters({ actor, action, entity, id, from, to }: AuditSearch) {
  return {
    actor,
    action,
    entity_type: entity,
    entity_id: id,
    from: from && startOfDay(from, 0),
    to: to && startOfDay(to, 1),
  };
}

function startOfDay(day: string, later: number): string | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (!year || !month || !date) return undefined;
  return new Date(year, month - 1, date + later).toISOString();
}
