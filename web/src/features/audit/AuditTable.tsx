import { Badge, Button, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { AuditItem } from '../../api/types';
import { useFormat } from '../../ui/useFormat';
import classes from './AuditTable.module.css';
import type { AuditSearch } from './search';
import { useWords } from './words';

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
  const { t } = useTranslation();
  const format = useFormat();
  const words = useWords();
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
                {format.moment(item.at, true)}
              </Text>
            </Table.Td>
            <Table.Td>
              <Actor actor={item.actor} onPick={onPick} />
            </Table.Td>
            <Table.Td>
              <Stack gap={4}>
                <Group gap="xs">
                  {onPick ? (
                    <Button size="compact-sm" variant="light" onClick={() => onPick({ action: item.action })}>
                      {words.action(item.action)}
                    </Button>
                  ) : (
                    <Badge variant="light">{words.action(item.action)}</Badge>
                  )}
                  {item.entity.id && names?.has(item.entity.id) && (
                    <Text size="sm">{names.get(item.entity.id)}</Text>
                  )}
                  {item.entity.id && onPick && (
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      fw={400}
                      onClick={() => onPick({ id: item.entity.id ?? undefined })}
                    >
                      {t('audit.history', { what: words.entity(item.entity.type) })}
                    </Button>
                  )}
                </Group>
                <Changes changes={changesOf(item.before, item.after)} />
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
    <Button
      size="compact-sm"
      variant="subtle"
      fw={400}
      className={classes.actor}
      onClick={() => onPick({ actor: actor.id ?? 'system' })}
    >
      {name}
    </Button>
  );
}

/** Ids and hashes tell people nothing; they stand in the details and in the export. */
const isMute = (field: string) => /(^|_)(id|hash)$/.test(field);

export type Change = { field: string; before?: unknown; after?: unknown };

/** Neither what is empty nor what the log keeps to itself. */
const isUntold = (value: unknown) => isEmpty(value) || value === '***';

const isEmpty = (value: unknown) =>
  value === null || value === undefined || value === '' || JSON.stringify(value) === '{}';

/** The fields of two rows that differ. */
function changesOf(before: AuditItem['before'], after: AuditItem['after']): Change[] {
  const rows = {
    before: (before ?? {}) as Record<string, unknown>,
    after: (after ?? {}) as Record<string, unknown>,
  };
  return [...new Set([...Object.keys(rows.before), ...Object.keys(rows.after)])].map((field) => ({
    field,
    before: rows.before[field],
    after: rows.after[field],
  }));
}

/** Each field that has changed: what it was, and what it is since. What is new says only what it holds. */
export function Changes({ changes }: { changes: Change[] }) {
  const { t } = useTranslation();
  const words = useWords();
  const told = changes.filter(
    ({ field, before, after }) => !isMute(field) && !(isUntold(before) && isUntold(after)),
  );
  if (told.length === 0) return null;
  return (
    <dl className={classes.changes}>
      {told.map(({ field, before, after }) => (
        <div key={field} className={classes.field}>
          <dt>{words.field(field)}</dt>
          <dd>
            {!isEmpty(before) && (
              <del>
                <span className={classes.mark}>{t('audit.was')}</span> {words.value(field, before)}
              </del>
            )}
            {!(isEmpty(after) && isEmpty(before)) && (
              <ins>
                <span className={classes.mark}>{t('audit.is')}</span> {words.value(field, after)}
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
