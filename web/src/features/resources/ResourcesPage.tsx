import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  Modal,
  Skeleton,
  Stack,
  Table,
  Text,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import {
  IconBan,
  IconCircleCheck,
  IconDeviceProjector,
  IconDoor,
  IconDots,
  IconEdit,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Resource } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import rows from '../../ui/Rows.module.css';
import { useHere } from '../orgs/OrganizationGate';
import { resourcesQuery } from './queries';
import { ResourceDialog } from './ResourceDialog';

/** The rooms and devices that can be booked: everybody sees them, some keep them. */
export function ResourcesPage() {
  const { t } = useTranslation();
  usePageTitle(t('resources.title'));
  const { organization, permissions } = useHere();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(resourcesQuery(organization.id));
  const [edited, edit] = useState<Resource | 'new' | null>(null);
  const [leaving, leave] = useState<Resource | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const reload = () => void queryClient.invalidateQueries(resourcesQuery(organization.id));
  const keeps = permissions.includes('resources.manage');
  return (
    <Stack maw={900}>
      <Group justify="space-between">
        <Title order={2} ref={heading} tabIndex={-1}>
          {t('resources.title')}
        </Title>
        {keeps && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => edit('new')}>
            {t('resources.add')}
          </Button>
        )}
      </Group>
      <Text c="dimmed">{t(keeps ? 'resources.text' : 'resources.readOnly')}</Text>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && (
        <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
          {['a', 'b', 'c'].map((key) => (
            <Skeleton key={key} h={48} />
          ))}
        </Stack>
      )}
      {data?.length === 0 && <EmptyState icon={IconDoor} title={t('resources.none')} />}
      {data && data.length > 0 && (
        <Table verticalSpacing="xs" highlightOnHover className={rows.rows} aria-label={t('resources.title')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('person.name')}</Table.Th>
              <Table.Th>{t('resources.location')}</Table.Th>
              <Table.Th>{t('resources.capacity')}</Table.Th>
              {keeps && (
                <Table.Th w={56}>
                  <VisuallyHidden>{t('people.actions')}</VisuallyHidden>
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.map((resource) => (
              <Row
                key={resource.id}
                resource={resource}
                keeps={keeps}
                onEdit={() => edit(resource)}
                onDelete={() => leave(resource)}
                onChanged={reload}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {edited && (
        <ResourceDialog
          resource={edited === 'new' ? null : edited}
          onSaved={reload}
          onClose={() => edit(null)}
        />
      )}
      {leaving && (
        <DeleteDialog
          resource={leaving}
          onGone={() => {
            reload();
            leave(null);
            // The button that led here goes with its row.
            heading.current?.focus();
          }}
          onClose={() => leave(null)}
        />
      )}
    </Stack>
  );
}

type RowProps = {
  resource: Resource;
  keeps: boolean;
  onEdit: () => void;
  onDelete: () => void;
  onChanged: () => void;
};

function Row({ resource, keeps, onEdit, onDelete, onChanged }: RowProps) {
  const { id, type, name, location, capacity, features, is_enabled } = resource;
  const { t } = useTranslation();
  const enable = useMutation({
    mutationFn: (is_enabled: boolean) =>
      take(api.PATCH('/api/v1/resources/{id}', { params: { path: { id } }, body: { is_enabled } })),
    onSuccess: onChanged,
    onError: notifyProblem,
  });
  const Picture = type === 'room' ? IconDoor : IconDeviceProjector;
  return (
    <Table.Tr>
      {/* Breaks long names rather than the table. */}
      <Table.Td w="100%" className={rows.fill}>
        <Group gap="sm" wrap="nowrap" align="start">
          <Picture size={20} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
          <div style={{ minWidth: 0 }}>
            <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`resources.is.${type}`)}
            </Text>
            {(!is_enabled || features.length > 0) && (
              <Group gap={4} mt={4}>
                {!is_enabled && (
                  <Badge size="sm" variant="light" color="red">
                    {t('resources.disabled')}
                  </Badge>
                )}
                {features.map((feature) => (
                  <Badge key={feature} size="sm" variant="light" color="gray" tt="none" maw="100%">
                    {feature}
                  </Badge>
                ))}
              </Group>
            )}
          </div>
        </Group>
      </Table.Td>
      <Table.Td
        data-label={t('resources.location')}
        // A card says what is known, and nothing of the rest.
        visibleFrom={location ? undefined : 'sm'}
        miw={{ sm: 160 }}
        className={rows.wide}
        style={{ overflowWrap: 'anywhere', order: 1 }}
      >
        {location || '–'}
      </Table.Td>
      <Table.Td
        data-label={t('resources.capacity')}
        visibleFrom={capacity ? undefined : 'sm'}
        className={rows.wide}
        style={{ order: 1 }}
      >
        {capacity ?? '–'}
      </Table.Td>
      {keeps && (
        <Table.Td>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                loading={enable.isPending}
                aria-label={t('people.actionsFor', { name })}
                title={t('people.actions')}
              >
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={onEdit}>
                {t('resources.edit')}
              </Menu.Item>
              <Menu.Item
                leftSection={
                  is_enabled ? <IconBan size={16} aria-hidden /> : <IconCircleCheck size={16} aria-hidden />
                }
                onClick={() => enable.mutate(!is_enabled)}
              >
                {t(is_enabled ? 'resources.disable' : 'resources.enable')}
              </Menu.Item>
              <Menu.Item
                c="var(--mantine-color-error)"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={onDelete}
              >
                {t('resources.delete')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

type DeleteProps = { resource: Resource; onGone: () => void; onClose: () => void };

/** What is deleted can't be brought back; what is booked is not deleted, and says so here. */
function DeleteDialog({ resource: { id, name }, onGone, onClose }: DeleteProps) {
  const { t } = useTranslation();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/resources/{id}', { params: { path: { id } } })),
    onSuccess: onGone,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('resources.deleteOf', { name })}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <Text size="sm">{t('resources.deleteText')}</Text>
        {remove.error && <ProblemNote error={remove.error} />}
        <Group justify="end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('shell.cancel')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t('resources.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
