import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  Modal,
  NumberInput,
  Select,
  Skeleton,
  Stack,
  Table,
  Tabs,
  Text,
  TextInput,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconDots,
  IconFileImport,
  IconPlayerPause,
  IconPlayerPlay,
  IconScale,
  IconSearch,
  IconUserMinus,
  IconUserPlus,
} from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { type Member, ORG_ROLES, type OrgRole } from '../../api/types';
import { CopyLink } from '../../ui/CopyLink';
import { DialogButton } from '../../ui/DialogButton';
import { EmptyState } from '../../ui/EmptyState';
import { FormProblem, showAtFields } from '../../ui/forms';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import rows from '../../ui/Rows.module.css';
import { NewPasswordInput } from '../auth/NewPasswordInput';
import { Contacts } from '../contacts/Contacts';
import { ImportDialog } from './ImportDialog';
import { Invitations } from './Invitations';
import { useHere } from './OrganizationGate';
import { invitationsQuery, membersQuery, meQuery } from './queries';

const TABS = ['members', 'invitations', 'contacts'] as const;
type Tab = (typeof TABS)[number];

/** Members, invitations that wait, and contacts. */
export function PeoplePage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.people'));
  const { permissions } = useHere();
  const [tab, setTab] = useState<Tab>('members');
  const shown = TABS.filter((name) => name !== 'invitations' || permissions.includes('members.invite'));
  return (
    <Stack maw={1100} mx="auto">
      <Title order={1}>{t('nav.people')}</Title>
      <Tabs value={tab} onChange={(next) => setTab(next as Tab)} keepMounted={false}>
        <Tabs.List mb="md">
          {shown.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`people.tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="members">
          <Members />
        </Tabs.Panel>
        <Tabs.Panel value="invitations">
          <Invitations />
        </Tabs.Panel>
        <Tabs.Panel value="contacts">
          <Contacts />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Members() {
  const { t } = useTranslation();
  const { organization, permissions } = useHere();
  const { data, error, refetch } = useQuery(membersQuery(organization.id));
  const [importing, imports] = useDisclosure(false);
  const queryClient = useQueryClient();
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const members = data?.filter(({ user }) =>
    `${user.name} ${user.email ?? ''}`.toLowerCase().includes(wanted),
  );

  return (
    <Stack>
      <Group justify="space-between">
        <TextInput
          aria-label={t('people.search')}
          placeholder={t('people.search')}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          style={{ flex: '1 1 200px' }}
          maw={360}
        />
        {permissions.includes('members.invite') && (
          <Group gap="xs">
            <Button
              variant="default"
              leftSection={<IconFileImport size={16} aria-hidden />}
              onClick={imports.open}
            >
              {t('import.title')}
            </Button>
            <DialogButton icon={IconUserPlus} label={t('people.add')} variant="filled">
              {(close) => <AddMemberForm onDone={close} />}
            </DialogButton>
          </Group>
        )}
      </Group>
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
        <Table
          verticalSpacing="xs"
          highlightOnHover
          className={rows.rows}
          aria-label={t('people.tab.members')}
        >
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
      {importing && (
        <ImportDialog
          title={t('import.members')}
          hint={t('import.membersHint')}
          columns={'email,name,role\namina@example.org,Amina Wanjiru,member'}
          accept=".csv,text/csv"
          send={(file, dryRun) =>
            take(
              api.POST('/api/v1/organizations/{org}/members/import', {
                params: { path: { org: organization.id }, query: { dry_run: dryRun } },
                body: file as never,
                bodySerializer: (body) => body as never,
                headers: { 'Content-Type': 'text/csv' },
              }),
            )
          }
          onDone={() => {
            void queryClient.invalidateQueries(membersQuery(organization.id));
            void queryClient.invalidateQueries(invitationsQuery(organization.id));
          }}
          onClose={imports.close}
        />
      )}
    </Stack>
  );
}

function MemberRow({ member }: { member: Member }) {
  const { user, role: memberRole, status } = member;
  const [weighing, weigh] = useDisclosure(false);
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
  const activate = useMutation({
    mutationFn: (is_active: boolean) =>
      take(
        api.PATCH('/api/v1/organizations/{org}/members/{user}', { params: { path }, body: { is_active } }),
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
      <Table.Td w="100%" maw={{ base: 'none', sm: 0 }} className={rows.wide}>
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
            {status !== 'active' && (
              <Badge variant="light" color={status === 'invited' ? 'blue' : 'gray'} size="sm">
                {t(`people.status.${status}`)}
              </Badge>
            )}
          </div>
        </Group>
      </Table.Td>
      <Table.Td className={rows.fill}>
        {mayManage ? (
          <Select
            aria-label={t('people.roleOf', { name: user.name })}
            data={roles.map((name) => ({ value: name, label: t(`role.${name}`) }))}
            value={memberRole}
            onChange={(next) => next && next !== memberRole && change.mutate(next as OrgRole)}
            allowDeselect={false}
            disabled={change.isPending}
            w={{ base: '100%', sm: 160 }}
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
              {status === 'active' && (
                <Menu.Item
                  leftSection={<IconPlayerPause size={16} aria-hidden />}
                  onClick={() => activate.mutate(false)}
                >
                  {t('people.deactivate')}
                </Menu.Item>
              )}
              {status === 'deactivated' && (
                <Menu.Item
                  leftSection={<IconPlayerPlay size={16} aria-hidden />}
                  onClick={() => activate.mutate(true)}
                >
                  {t('people.reactivate')}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconScale size={16} aria-hidden />} onClick={weigh.open}>
                {t('people.voteWeight')}
              </Menu.Item>
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
          {weighing && <VoteWeightDialog member={member} onClose={weigh.close} />}
        </Table.Td>
      )}
    </Table.Tr>
  );
}

/** What a member's vote counts in weighted polls. */
function VoteWeightDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const [weight, setWeight] = useState<number | string>(member.vote_weight);
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PATCH('/api/v1/organizations/{org}/members/{user}', {
          params: { path: { org: organization.id, user: member.user.id } },
          body: { vote_weight: Number(weight) },
        }),
      ),
    onSuccess: async () => {
      await queryClient.invalidateQueries(membersQuery(organization.id));
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('people.voteWeight')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (weight !== '') save.mutate();
        }}
      >
        <Stack>
          {save.error && <ProblemNote error={save.error} />}
          <NumberInput
            label={t('people.voteWeightOf', { name: member.user.name })}
            description={t('people.voteWeightHint')}
            min={1}
            max={1_000_000}
            allowDecimal={false}
            value={weight}
            onChange={setWeight}
            data-autofocus
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={weight === ''}>
              {t('shell.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

type NewMember = { email: string; name: string; role: OrgRole; password: string };

function AddMemberForm({ onDone }: { onDone: () => void }) {
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

  return add.data ? (
    <Stack>
      {add.data.invitation_url ? (
        <>
          <Text>{t('people.invited', { name: add.data.user.name })}</Text>
          <CopyLink url={add.data.invitation_url} label={t('people.copyInvitation')} />
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
        <Button onClick={onDone}>{t('shell.done')}</Button>
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
          <Button variant="default" onClick={onDone}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" loading={add.isPending}>
            {t('people.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
