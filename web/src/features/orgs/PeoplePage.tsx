import {
  ActionIcon,
  Badge,
  Button,
  Code,
  CopyButton,
  Group,
  Menu,
  Modal,
  Select,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconCopy, IconDots, IconSearch, IconUserMinus, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { type Member, ORG_ROLES, type OrgRole } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { FormProblem, showAtFields } from '../../ui/forms';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { NewPasswordInput } from '../auth/NewPasswordInput';
import { useHere } from './OrganizationGate';
import { membersQuery, meQuery } from './queries';

export function PeoplePage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.people'));
  const { organization, permissions } = useHere();
  const { data, error, refetch } = useQuery(membersQuery(organization.id));
  const [adding, { open, close }] = useDisclosure(false);
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const members = data?.filter(({ user }) =>
    `${user.name} ${user.email ?? ''}`.toLowerCase().includes(wanted),
  );

  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1}>{t('nav.people')}</Title>
        {permissions.includes('members.invite') && (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={open}>
            {t('people.add')}
          </Button>
        )}
      </Group>
      <TextInput
        aria-label={t('people.search')}
        placeholder={t('people.search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        maw={360}
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!members && !error && (
        <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
          {['a', 'b', 'c', 'd', 'e'].map((key) => (
            <Skeleton key={key} h={48} />
          ))}
        </Stack>
      )}
      {members?.length === 0 && <EmptyState icon={IconSearch} title={t('people.nobodyFound')} />}
      {members && members.length > 0 && (
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('person.name')}</Table.Th>
              <Table.Th>{t('people.role')}</Table.Th>
              {permissions.includes('members.manage') && (
                <Table.Th w={56}>
                  <VisuallyHidden>{t('people.actions')}</VisuallyHidden>
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {members.map((member) => (
              <MemberRow key={member.user.id} member={member} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {adding && <AddMemberDialog onClose={close} />}
    </Stack>
  );
}

function MemberRow({ member: { user, role: memberRole } }: { member: Member }) {
  const { t } = useTranslation();
  const { organization, role, permissions, me } = useHere();
  // Only admins make and unmake admins.
  const mayManage = permissions.includes('members.manage') && (role === 'admin' || memberRole !== 'admin');
  const roles = ORG_ROLES.filter((name) => role === 'admin' || name !== 'admin');
  const queryClient = useQueryClient();
  const path = { org: organization.id, user: user.id };
  const options = {
    onSuccess: () =>
      Promise.all([
        queryClient.invalidateQueries(membersQuery(organization.id)),
        user.id === me.id && queryClient.invalidateQueries(meQuery),
      ]),
    onError: notifyProblem,
  };
  const change = useMutation({
    mutationFn: (next: OrgRole) =>
      take(
        api.PATCH('/api/v1/organizations/{org}/members/{user}', { params: { path }, body: { role: next } }),
      ),
    ...options,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/organizations/{org}/members/{user}', { params: { path } })),
    ...options,
    onSuccess: async () => {
      await options.onSuccess();
      notifications.show({ message: t('people.removed', { name: user.name }) });
    },
  });
  return (
    <Table.Tr>
      {/* Takes what the other columns leave, and cuts long names rather than the table. */}
      <Table.Td w="100%" maw={0}>
        <Group gap="sm" wrap="nowrap">
          <PersonAvatar name={user.name} url={user.avatar_url} size={36} />
          <div style={{ minWidth: 0 }}>
            <Text size="sm" fw={500} lineClamp={2}>
              {user.name}
              {user.id === me.id && (
                <Text span size="sm" c="dimmed">
                  {` ${t('people.you')}`}
                </Text>
              )}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {user.email}
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td>
        {mayManage ? (
          <Select
            aria-label={t('people.roleOf', { name: user.name })}
            data={roles.map((name) => ({ value: name, label: t(`role.${name}`) }))}
            value={memberRole}
            onChange={(next) => next && next !== memberRole && change.mutate(next as OrgRole)}
            allowDeselect={false}
            disabled={change.isPending}
            w={{ base: 136, xs: 160 }}
          />
        ) : (
          <Badge variant="light" color="gray">
            {t(`role.${memberRole}`)}
          </Badge>
        )}
      </Table.Td>
      {mayManage && (
        <Table.Td>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t('people.actionsFor', { name: user.name })}
              >
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{t('people.removeHint')}</Menu.Label>
              <Menu.Item
                c="var(--mantine-color-error)"
                leftSection={<IconUserMinus size={16} aria-hidden />}
                onClick={() => remove.mutate()}
              >
                {t('people.remove')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

type NewMember = { email: string; name: string; role: OrgRole; password: string };

function AddMemberDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { organization, role } = useHere();
  const queryClient = useQueryClient();
  const form = useForm<NewMember>({
    initialValues: { email: '', name: '', role: 'member', password: '' },
    validate: {
      email: (email) => (/^\S+@\S+$/.test(email.trim()) ? null : t('form.email')),
      name: (name) => (name.trim() ? null : t('form.required')),
    },
  });
  const add = useMutation({
    mutationFn: ({ password, ...rest }: NewMember) =>
      take(
        api.POST('/api/v1/organizations/{org}/members', {
          params: { path: { org: organization.id } },
          body: password ? { ...rest, password } : rest,
          headers: idempotent(),
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries(membersQuery(organization.id)),
    onError: (error) => showAtFields(form, error),
  });

  return (
    <Modal
      opened
      onClose={onClose}
      title={t('people.add')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      {add.data ? (
        <Stack>
          {add.data.invitation_url ? (
            <>
              <Text>{t('people.invited', { name: add.data.user.name })}</Text>
              <InvitationLink url={add.data.invitation_url} />
            </>
          ) : (
            <Text>{t('people.added', { name: add.data.user.name })}</Text>
          )}
          <Group justify="end">
            <Button
              variant="default"
              onClick={() => {
                form.reset();
                add.reset();
              }}
            >
              {t('people.addAnother')}
            </Button>
            <Button onClick={onClose}>{t('shell.done')}</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
          <Stack gap="sm">
            <FormProblem error={add.error} form={form} />
            <TextInput label={t('person.name')} required data-autofocus {...form.getInputProps('name')} />
            <TextInput label={t('person.email')} type="email" required {...form.getInputProps('email')} />
            <Select
              label={t('people.role')}
              data={ORG_ROLES.filter((name) => role === 'admin' || name !== 'admin').map((name) => ({
                value: name,
                label: t(`role.${name}`),
              }))}
              allowDeselect={false}
              {...form.getInputProps('role')}
            />
            <NewPasswordInput
              required={false}
              label={t('people.password')}
              description={t('people.passwordHint')}
              {...form.getInputProps('password')}
            />
            <Group justify="end">
              <Button variant="default" onClick={onClose}>
                {t('shell.cancel')}
              </Button>
              <Button type="submit" loading={add.isPending}>
                {t('people.add')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function InvitationLink({ url }: { url: string }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Code display="block" p="xs" style={{ overflowWrap: 'anywhere' }}>
        {url}
      </Code>
      <CopyButton value={url}>
        {({ copied, copy }) => (
          <Button
            variant="light"
            onClick={copy}
            leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          >
            {copied ? t('people.copied') : t('people.copyInvitation')}
          </Button>
        )}
      </CopyButton>
    </Stack>
  );
}
