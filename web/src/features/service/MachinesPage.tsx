import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Code,
  Group,
  Menu,
  Skeleton,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import {
  IconDeviceTablet,
  IconDots,
  IconKey,
  IconPencil,
  IconPlus,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { useHere } from '../orgs/OrganizationGate';
import { ChangeDialog, CreateDialog, RevokeDialog, RotateDialog } from './dialogs';
import { devices, keys, type Machine, machinesQuery, type Source } from './sources';

export const ApiKeysPage = () => <MachinesPage source={keys} />;
export const DeviceTokensPage = () => <MachinesPage source={devices} />;

type Open = { what: 'create' } | { what: 'change' | 'rotate' | 'revoke'; machine: Machine };

function MachinesPage({ source }: { source: Source }) {
  const { t } = useTranslation();
  usePageTitle(t(`service.${source.kind}.title`));
  const { organization } = useHere();
  const { data, error, refetch } = useQuery(machinesQuery(source, organization.id));
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const picture = source.kind === 'keys' ? IconKey : IconDeviceTablet;
  return (
    <Stack>
      <Group justify="space-between" align="start">
        <Stack gap={4} style={{ flex: '1 1 280px' }}>
          <Title order={2}>{t(`service.${source.kind}.title`)}</Title>
          <Text size="sm" c="dimmed">
            {t(`service.${source.kind}.text`)}
          </Text>
        </Stack>
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen({ what: 'create' })}>
          {t(`service.${source.kind}.create`)}
        </Button>
      </Group>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && (
        <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
          {['a', 'b', 'c'].map((key) => (
            <Skeleton key={key} h={84} />
          ))}
        </Stack>
      )}
      {data?.length === 0 && (
        <EmptyState icon={picture} title={t(`service.${source.kind}.none`)}>
          <Text size="sm" c="dimmed" maw={420}>
            {t(`service.${source.kind}.noneText`)}
          </Text>
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {data.map((machine) => (
            <MachineCard key={machine.id} machine={machine} onOpen={(what) => setOpen({ what, machine })} />
          ))}
        </Stack>
      )}
      {open?.what === 'create' && <CreateDialog source={source} onClose={close} />}
      {open?.what === 'change' && <ChangeDialog source={source} machine={open.machine} onClose={close} />}
      {open?.what === 'rotate' && <RotateDialog source={source} machine={open.machine} onClose={close} />}
      {open?.what === 'revoke' && <RevokeDialog source={source} machine={open.machine} onClose={close} />}
    </Stack>
  );
}

function MachineCard({
  machine,
  onOpen,
}: {
  machine: Machine;
  onOpen: (what: 'change' | 'rotate' | 'revoke') => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  const { name, prefix, scopes, created_by, created_at, last_used_at, expires_at, previous_until } = machine;
  const isOver = expires_at != null && new Date(expires_at) <= now;
  const grace = previous_until != null && new Date(previous_until) > now ? previous_until : null;
  const notes = [
    last_used_at
      ? t('service.lastUsed', { when: format.relative(last_used_at, now) })
      : t('service.neverUsed'),
    created_by
      ? t('service.madeBy', { name: created_by.name, when: format.span(created_at, null) })
      : t('service.made', { when: format.span(created_at, null) }),
    expires_at && !isOver ? t('service.until', { when: format.span(expires_at, null) }) : null,
    grace ? t('service.grace', { when: format.span(grace, null) }) : null,
  ].filter((note) => note !== null);
  return (
    <Card withBorder component="li" padding="md">
      <Group justify="space-between" align="start" wrap="nowrap">
        <Stack gap={6} style={{ minWidth: 0 }}>
          <Group gap="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Text>
            <Code>{prefix}…</Code>
            {isOver && <Badge color="red">{t('service.expired')}</Badge>}
          </Group>
          {scopes.length > 0 && (
            <Group gap={6}>
              {scopes.map((scope) => (
                <Badge key={scope} variant="light" tt="none">
                  {scope}
                </Badge>
              ))}
            </Group>
          )}
          <Text size="sm" c="dimmed">
            {notes.join(' · ')}
          </Text>
        </Stack>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('people.actionsFor', { name })}
              title={t('people.actions')}
            >
              <IconDots size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => onOpen('change')}>
              {t('service.change')}
            </Menu.Item>
            <Menu.Item leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => onOpen('rotate')}>
              {t('service.rotate')}
            </Menu.Item>
            <Menu.Item
              c="var(--mantine-color-error)"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => onOpen('revoke')}
            >
              {t('service.revoke')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Card>
  );
}
