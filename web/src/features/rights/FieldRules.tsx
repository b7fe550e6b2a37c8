import { Button, Card, Group, NativeSelect, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { type FieldRuleTable, ORG_ROLES, type OrgRole } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import rows from '../../ui/Rows.module.css';
import { useHere } from '../orgs/OrganizationGate';

type Item = FieldRuleTable['items'][number];
type Rule = 'open' | 'hidden' | 'frozen';

const rulesQuery = (org: string) =>
  queryOptions({
    queryKey: ['field-rules', org],
    queryFn: () => take(api.GET('/api/v1/organizations/{org}/field-rules', { params: { path: { org } } })),
  });

/** Admins set the rules, so none holds for them. */
const ROLES = ORG_ROLES.filter((role) => role !== 'admin');

/** Which roles do not see single fields, or may not change them. */
export function FieldRules({ mayChange }: { mayChange: boolean }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { data, error, refetch, dataUpdatedAt } = useQuery(rulesQuery(organization.id));
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={2}>{t('fieldRules.title')}</Title>
        <Text size="sm" c="dimmed">
          {t('fieldRules.text')}
        </Text>
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton h={240} role="status" aria-label={t('shell.loading')} />}
        {data && (
          <RuleTable key={`${organization.id} ${dataUpdatedAt}`} items={data.items} mayChange={mayChange} />
        )}
      </Stack>
    </Card>
  );
}

function RuleTable({ items, mayChange }: { items: Item[]; mayChange: boolean }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<Record<string, Rule>>({});
  const key = (item: Item, role: OrgRole) => `${item.field} ${role}`;
  const stored = (item: Item, role: OrgRole): Rule =>
    item.hidden_for.includes(role) ? 'hidden' : item.frozen_for.includes(role) ? 'frozen' : 'open';
  const current = (item: Item, role: OrgRole) => draft[key(item, role)] ?? stored(item, role);
  const isDirty = items.some((item) => ROLES.some((role) => current(item, role) !== stored(item, role)));
  const rolesWith = (rule: Rule) =>
    Object.fromEntries(
      items.map((item) => [item.field, ROLES.filter((role) => current(item, role) === rule)]),
    );
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/organizations/{org}/field-rules', {
          params: { path: { org: organization.id } },
          body: { hidden: rolesWith('hidden'), frozen: rolesWith('frozen') },
        }),
      ),
    onSuccess: (table) => {
      queryClient.setQueryData(rulesQuery(organization.id).queryKey, table);
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
  });
  return (
    <Stack gap="sm">
      <Table verticalSpacing="xs" className={rows.rows} aria-label={t('fieldRules.title')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('fieldRules.field')}</Table.Th>
            {ROLES.map((role) => (
              <Table.Th key={role}>{t(`role.${role}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => {
            const label = t(
              `fieldRules.name.${item.field.replace('.', '_')}` as 'fieldRules.name.member_email',
            );
            return (
              <Table.Tr key={item.field}>
                <Table.Th scope="row" fw={400} className={rows.wide}>
                  {label}
                </Table.Th>
                {ROLES.map((role) => (
                  <Table.Td key={role} className={rows.fill} data-label={t(`role.${role}`)}>
                    <NativeSelect
                      aria-label={`${label}: ${t(`role.${role}`)}`}
                      value={current(item, role)}
                      disabled={!mayChange}
                      size="xs"
                      data={[
                        { value: 'open', label: t('fieldRules.open') },
                        ...(item.can_freeze ? [{ value: 'frozen', label: t('fieldRules.frozen') }] : []),
                        ...(item.can_hide ? [{ value: 'hidden', label: t('fieldRules.hidden') }] : []),
                      ]}
                      onChange={({ currentTarget: { value } }) =>
                        setDraft({ ...draft, [key(item, role)]: value as Rule })
                      }
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {save.error && <ProblemNote error={save.error} />}
      {mayChange && (
        <Group>
          <Button onClick={() => save.mutate()} loading={save.isPending} disabled={!isDirty}>
            {t('fieldRules.save')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
