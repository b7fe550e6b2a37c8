import { useTranslation } from 'react-i18next';
import { useFormat } from '../../ui/useFormat';

/** What has no place in a language file stands as it is, readable at least. */
const plain = (name: string) => name.replaceAll('_', ' ');

/** Statuses and the like as a meeting's pages call them, by the field that holds them. */
const KNOWN: Record<string, string[]> = {
  status: ['status', 'participant.status', 'recording.status'],
  role: ['role', 'meetingRole'],
  roles: ['role'],
  allowed_roles: ['role'],
  meeting_type: ['meetingType'],
  venue_mode: ['venueMode'],
  access_level: ['recording.access'],
  type: ['fieldType'],
};

/** Changes in a person's words: what happened, which field, and what it held. */
export function useWords() {
  const { t } = useTranslation();
  const format = useFormat();
  const entity = (type: string) => t(`audit.entity.${type}` as never, plain(type));
  const value = (field: string, it: unknown): string => {
    if (it === null || it === undefined || it === '' || JSON.stringify(it) === '{}') return '–';
    if (typeof it === 'boolean') return t(it ? 'fields.yes' : 'fields.no');
    if (typeof it === 'number') return it.toLocaleString(format.locale);
    if (Array.isArray(it)) return it.map((one) => value(field, one)).join(', ') || '–';
    if (typeof it === 'object')
      return Object.entries(it)
        .map(([key, one]) => `${plain(key)}: ${value(key, one)}`)
        .join(' · ');
    const text = String(it);
    if (/^\d{4}-\d\d-\d\dT\d\d:/.test(text)) return format.moment(text);
    const [, rule, hidden] = /^(hide|freeze)\.(.+)$/.exec(text) ?? [];
    if (field === 'permission' && hidden) {
      const name = t(`fieldRules.name.${hidden.replace('.', '_')}` as never, hidden);
      return `${t(rule === 'hide' ? 'fieldRules.hidden' : 'fieldRules.frozen')}: ${name}`;
    }
    if (field === 'permission') return t(`rights.name.${text.replace('.', '_')}` as never, text);
    const places = KNOWN[field];
    if (places) return t(places.map((place) => `${place}.${text}`) as never, text);
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
  };
  return {
    entity,
    /** `meeting.cancelled`: "Meeting: cancelled". */
    action: (action: string) => {
      const [type = '', verb = ''] = action.split('.');
      return t('audit.action', { what: entity(type), verb: t(`audit.verb.${verb}` as never, plain(verb)) });
    },
    field: (field: string) => {
      const own = /^custom_fields\.(.+)$/.exec(field);
      return own?.[1] ? plain(own[1]) : t(`history.field.${field}` as never, plain(field));
    },
    value,
  };
}
