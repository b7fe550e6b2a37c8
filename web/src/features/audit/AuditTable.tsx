import { Anchor, Badge, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { AuditItem } from '../../api/types';
import classes from './AuditTable.module.css';
import { type AuditSearch, ENTITIES } from './search';

/** Changes as sentences: who, what, when, and each field before and after. */
export function AuditTable({
  items,
  names,
  onPick,
}: {
  items: AuditItem[];
  /** Names of people by id: what was done to a person says to whom. */
  names?: Map<string, string>;
  onPick?: (change: Partial<AuditSearch>) => void;
}) {
  const { t, i18n } = useTranslation();
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'medium' });
  return (
    <Table verticalSpacing="sm" className={classes.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={180}>{t('audit.when')}</Table.Th>
          <Table.Th w={180}>{t('audit.who')}</Table.Th>
          <Table.Th>{t('audit.change')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={item.id}>
            <Table.Td>
              <Text size="sm" component="time" dateTime={item.at}>
                {time.format(new Date(item.at))}
              </Text>
            </Table.Td>
            <Table.Td>
              <Actor actor={item.actor} onPick={onPick} />
            </Table.Td>
            <Table.Td>
              <Stack gap={4}>
                <Group gap="xs">
                  <Badge variant="light" tt="none">
                    {onPick ? (
                      <Anchor component="button" inherit onClick={() => onPick({ action: item.action })}>
                        {item.action}
                      </Anchor>
                    ) : (
                      item.action
                    )}
                  </Badge>
                  {item.entity.id && names?.has(item.entity.id) && (
                    <Text size="sm">{names.get(item.entity.id)}</Text>
                  )}
                  {item.entity.id && onPick && (
                    <Anchor
                      component="button"
                      size="xs"
                      onClick={() => onPick({ id: item.entity.id ?? undefined })}
                    >
                      {t('audit.history', { what: entityName(item.entity.type, t) })}
                    </Anchor>
                  )}
                </Group>
                <Changes before={item.before} after={item.after} />
                {item.correlation_id && (
                  <details>
                    <Text component="summary" size="xs" c="dimmed" style={{ cursor: 'pointer' }}>
                      {t('problem.details')}
                    </Text>
                    <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                      {t('audit.request')} <Code>{item.correlation_id}</Code>
                      <br />
                      {t('audit.id')} <Code>{item.entity.id}</Code>
                    </Text>
                  </details>
                )}
              </Stack>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function entityName(type: string, t: (key: `audit.entity.${(typeof ENTITIES)[number]}`) => string) {
  const known = ENTITIES.find((entity) => entity === type);
  return known ? t(`audit.entity.${known}`) : type;
}

function Actor({
  actor,
  onPick,
}: {
  actor: AuditItem['actor'];
  onPick?: (change: Partial<AuditSearch>) => void;
}) {
  const { t } = useTranslation();
  const name =
    actor.type === 'system'
      ? t('audit.system')
      : (actor.name ?? t(`audit.actor.${actor.type}` as 'audit.actor.user'));
  if (!onPick) return <Text size="sm">{name}</Text>;
  return (
    <Anchor component="button" size="sm" ta="start" onClick={() => onPick({ actor: actor.id ?? 'system' })}>
      {name}
    </Anchor>
  );
}

type Fields = Record<string, unknown> | null | undefined;

/** Ids tell people nothing; they stand in the details and in the export. */
const isId = (field: string) => /(^|_)id$/.test(field);

const isEmpty = (value: unknown) =>
  value === null || value === undefined || value === '' || JSON.stringify(value) === '{}';

/** Each field that has changed: what it was, and what it is since. What is new says only what it holds. */
function Changes({ before, after }: { before: Fields; after: Fields }) {
  const { t, i18n } = useTranslation();
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (field) => !isId(field) && !(isEmpty(before?.[field]) && isEmpty(after?.[field])),
  );
  if (fields.length === 0) return null;
  return (
    <dl className={classes.changes}>
      {fields.map((field) => (
        <div key={field} className={classes.field}>
          <dt>{field.replaceAll('_', ' ')}</dt>
          <dd>
            {before && field in before && (
              <del>
                <span className={classes.mark}>{t('audit.was')}</span> {shown(before[field], i18n.language)}
              </del>
            )}
            {after && field in after && (
              <ins>
                <span className={classes.mark}>{t('audit.is')}</span> {shown(after[field], i18n.language)}
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function shown(value: unknown, language: string): string {
  if (isEmpty(value)) return '—';
  if (Array.isArray(value)) return value.map((item) => shown(item, language)).join(', ');
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:/.test(value))
    return new Date(value).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
