import { Alert, Button, Card, Checkbox, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconInfoCircle } from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ORG_ROLES, type OrgRole, type Permission, type PermissionTable } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { meQuery } from '../orgs/queries';
import { FieldRules } from './FieldRules';
import classes from './PermissionsPage.module.css';

type Item = PermissionTable['items'][number];
type Draft = Partial<Record<Permission, OrgRole[]>>;

const permissionsQuery = (org: string) =>
  queryOptions({
    queryKey: ['permissions', org],
    queryFn: async () => {
      const call = await api.GET('/api/v1/organizations/{org}/permissions', { params: { path: { org } } });
      return { table: await take(Promise.resolve(call)), etag: call.response.headers.get('etag') };
    },
  });

const sameRoles = (one: readonly OrgRole[], other: readonly OrgRole[]) =>
  one.length === other.length && one.every((role) => other.includes(role));

/** Who may do what in the organization, and why. */
export function PermissionsPage() {
  const { t } = useTranslation();
  usePageTitle(t('settings.permissions'));
  const { organization, permissions } = useHere();
  const { data, error, refetch } = useQuery(permissionsQuery(organization.id));
  const mayChange = permissions.includes('permissions.manage');
  return (
    <Stack>
      <Card withBorder component="section" padding="lg">
        <Stack gap="sm">
          <Title order={2}>{t('rights.title')}</Title>
          <Text size="sm" c="dimmed">
            {t('rights.text')}
          </Text>
          {!mayChange && (
            <Alert color="gray" icon={<IconInfoCircle aria-hidden />}>
              {t('rights.readOnly')}
            </Alert>
          )}
          {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
          {!data && !error && <Skeleton h={480} role="status" aria-label={t('shell.loading')} />}
          {data && (
            <PermissionMatrix
              key={`${organization.id} ${data.etag}`}
              items={data.table.items}
              etag={data.etag}
              mayChange={mayChange}
            />
          )}
        </Stack>
      </Card>
      <FieldRules mayChange={mayChange} />
    </Stack>
  );
}

function PermissionMatrix({
  items,
  etag,
  mayChange,
}: {
  items: Item[];
  etag: string | null;
  mayChange: boolean;
}) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<Draft>({});
  const rolesOf = (item: Item) => draft[item.permission] ?? item.roles;
  const isDirty = items.some((item) => !sameRoles(rolesOf(item), item.roles));
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/organizations/{org}/permissions', {
          params: { path: { org: organization.id } },
          headers: etag ? { 'If-Match': etag } : {},
          body: { permissions: Object.fromEntries(items.map((item) => [item.permission, rolesOf(item)])) },
        }),
      ),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries(permissionsQuery(organization.id)),
        queryClient.invalidateQueries(meQuery),
      ]);
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
  });
  const set = (item: Item, roles: OrgRole[]) => setDraft({ ...draft, [item.permission]: roles });
  const groupOf = ({ permission }: Item) => permission.split('.')[0] ?? '';
  const groups = [...new Set(items.map(groupOf))];

  return (
    <Stack gap="sm">
      <Table verticalSpacing="xs" withRowBorders className={rows.rows} aria-label={t('rights.title')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th miw={190}>{t('rights.permission')}</Table.Th>
            {ORG_ROLES.map((role) => (
              <Table.Th key={role} ta="center" w={84}>
                {t(`role.${role}`)}
              </Table.Th>
            ))}
            <Table.Th w={150}>{t('rights.why')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        {groups.map((group) => (
          <Table.Tbody key={group}>
            <Table.Tr>
              <Table.Th colSpan={ORG_ROLES.length + 2} scope="rowgroup" c="dimmed" className={rows.wide}>
                {t(`rights.group.${group}` as 'rights.group.meetings')}
              </Table.Th>
            </Table.Tr>
            {items
              .filter((item) => groupOf(item) === group)
              .map((item) => {
                const roles = rolesOf(item);
                const label = t(
                  `rights.name.${item.permission.replace('.', '_')}` as 'rights.name.audit_view',
                );
                return (
                  <Table.Tr key={item.permission}>
                    <Table.Th scope="row" fw={400} className={rows.wide}>
                      {label}
                    </Table.Th>
                    {ORG_ROLES.map((role) => {
                      const isKept = role === 'admin' && item.kept_by_admins;
                      return (
                        <Table.Td key={role} data-label={t(`role.${role}`)}>
                          <Checkbox
                            aria-label={`${label}: ${t(`role.${role}`)}`}
                            title={isKept ? t('rights.kept') : undefined}
                            checked={roles.includes(role)}
                            disabled={!mayChange || isKept}
                            classNames={{ body: classes.box }}
                            onChange={({ currentTarget: { checked } }) =>
                              set(item, checked ? [...roles, role] : roles.filter((it) => it !== role))
                            }
                          />
                        </Table.Td>
                      );
                    })}
                    <Table.Td className={rows.wide}>
                      <Why
                        item={item}
                        roles={roles}
                        onReset={mayChange ? () => set(item, item.default_roles) : null}
                      />
                    </Table.Td>
                  </Table.Tr>
                );
              })}
          </Table.Tbody>
        ))}
      </Table>
      {save.error && <ProblemNote error={save.error} />}
      {mayChange && (
        <Group className={classes.foot}>
          <Button onClick={() => save.mutate()} loading={save.isPending} disabled={!isDirty}>
            {t('shell.save')}
          </Button>
          <Button variant="default" onClick={() => setDraft({})} disabled={!isDirty}>
            {t('rights.discard')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** Why a permission stands as it does. */
function Why({ item, roles, onReset }: { item: Item; roles: OrgRole[]; onReset: (() => void) | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const isDefault = sameRoles(roles, item.default_roles);
  if (!sameRoles(roles, item.roles))
    return (
      <Text size="xs" c="dimmed">
        {t('rights.unsaved')}
      </Text>
    );
  if (isDefault || !item.changed)
    return (
      <Text size="xs" c="dimmed" visibleFrom="sm">
        {t('rights.default')}
      </Text>
    );
  const date = format.day(item.changed.at.slice(0, 10));
  return (
    <Stack gap={2} align="start">
      <Text size="xs">
        {item.changed.by
          ? t('rights.changedBy', { name: item.changed.by.name, date })
          : t('rights.changed', { date })}
      </Text>
      {onReset && (
        <Button size="compact-sm" variant="subtle" mx={-8} onClick={onReset}>
          {t('rights.reset')}
        </Button>
      )}
    </Stack>
  );
}
