import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Menu,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  VisuallyHidden,
} from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import {
  IconAddressBook,
  IconDots,
  IconDownload,
  IconEdit,
  IconFileImport,
  IconSearch,
  IconTrash,
  IconUserPlus,
  IconUsersGroup,
} from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Contact } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { saveFile } from '../../ui/saving';
import { ImportDialog } from '../orgs/ImportDialog';
import { useHere } from '../orgs/OrganizationGate';
import { ContactDialog } from './ContactDialog';
import { GroupsDialog } from './GroupsDialog';
import { contactGroupsQuery, contactsQuery } from './queries';

/** People without an account whom the organization knows, in groups. */
export function Contacts() {
  const { t } = useTranslation();
  const { organization, permissions } = useHere();
  const queryClient = useQueryClient();
  const org = organization.id;
  const keeps = permissions.includes('contacts.manage');
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim(), 250);
  const [group, setGroup] = useState<string | null>(null);
  const [editing, setEditing] = useState<Contact | 'new' | null>(null);
  const [importing, imports] = useDisclosure(false);
  const [grouping, groupsDialog] = useDisclosure(false);
  const groups = useQuery(contactGroupsQuery(org));
  const list = useInfiniteQuery(contactsQuery(org, q, group));
  const contacts = list.data?.pages.flatMap(({ items }) => items);
  const refresh = () => {
    void queryClient.invalidateQueries({ queryKey: ['contacts', org] });
    void queryClient.invalidateQueries({ queryKey: ['contact-groups', org] });
  };
  const download = useMutation({
    mutationFn: async () => {
      const table = await take(
        api.GET('/api/v1/organizations/{org}/contacts.csv', {
          params: { path: { org } },
          parseAs: 'blob',
        }),
      );
      saveFile(table as unknown as Blob, 'contacts.csv');
    },
    onError: notifyProblem,
  });

  return (
    <Stack>
      <Group justify="space-between">
        <TextInput
          aria-label={t('contacts.search')}
          placeholder={t('contacts.search')}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          style={{ flex: '1 1 200px' }}
          maw={360}
        />
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={download.isPending}
            onClick={() => download.mutate()}
          >
            {t('contacts.export')}
          </Button>
          {keeps && (
            <>
              <Button
                variant="default"
                leftSection={<IconUsersGroup size={16} aria-hidden />}
                onClick={groupsDialog.open}
              >
                {t('contacts.groups')}
              </Button>
              <Button
                variant="default"
                leftSection={<IconFileImport size={16} aria-hidden />}
                onClick={imports.open}
              >
                {t('import.title')}
              </Button>
              <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setEditing('new')}>
                {t('contacts.add')}
              </Button>
            </>
          )}
        </Group>
      </Group>
      {groups.data && groups.data.length > 0 && (
        <Group gap="xs" role="group" aria-label={t('contacts.groups')}>
          {groups.data.map(({ id, name, contact_count }) => (
            <Button
              key={id}
              size="xs"
              radius="xl"
              variant={group === id ? 'filled' : 'default'}
              aria-pressed={group === id}
              onClick={() => setGroup(group === id ? null : id)}
            >
              {`${name} · ${contact_count}`}
            </Button>
          ))}
        </Group>
      )}
      {list.error && <ProblemNote error={list.error} onRetry={() => void list.refetch()} />}
      {!contacts && !list.error && (
        <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
          {['a', 'b', 'c', 'd'].map((key) => (
            <Skeleton key={key} h={44} />
          ))}
        </Stack>
      )}
      {contacts?.length === 0 && (
        <EmptyState
          icon={IconAddressBook}
          title={q || group ? t('people.nobodyFound') : t('contacts.none')}
        />
      )}
      {contacts && contacts.length > 0 && (
        <Table verticalSpacing="xs" highlightOnHover aria-label={t('people.tab.contacts')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('person.name')}</Table.Th>
              <Table.Th visibleFrom="xs">{t('person.phone')}</Table.Th>
              {keeps && (
                <Table.Th w={56}>
                  <VisuallyHidden>{t('people.actions')}</VisuallyHidden>
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {contacts.map((contact) => (
              <Row
                key={contact.id}
                contact={contact}
                onEdit={keeps ? () => setEditing(contact) : undefined}
                onGone={refresh}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('shell.more')}
        </Button>
      )}
      {editing && (
        <ContactDialog
          contact={editing === 'new' ? null : editing}
          groups={groups.data ?? []}
          onSaved={refresh}
          onClose={() => setEditing(null)}
        />
      )}
      {grouping && (
        <GroupsDialog groups={groups.data ?? []} onChanged={refresh} onClose={groupsDialog.close} />
      )}
      {importing && (
        <ImportDialog
          title={t('import.contacts')}
          hint={t('import.contactsHint')}
          columns={
            'name,email,phone,company,notes,groups\nAmina Wanjiru,amina@example.org,+254 700 000000,Umoja,,Board|Choir'
          }
          accept=".csv,.vcf,text/csv,text/vcard"
          send={(file, dryRun) =>
            take(
              api.POST('/api/v1/organizations/{org}/contacts/import', {
                params: { path: { org }, query: { dry_run: dryRun } },
                body: file as never,
                bodySerializer: (body) => body as never,
                headers: { 'Content-Type': /\.vcf$/i.test(file.name) ? 'text/vcard' : 'text/csv' },
              }),
            )
          }
          onDone={refresh}
          onClose={imports.close}
        />
      )}
    </Stack>
  );
}

type RowProps = { contact: Contact; onEdit?: () => void; onGone: () => void };

function Row({ contact, onEdit, onGone }: RowProps) {
  const { t } = useTranslation();
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/contacts/{id}', { params: { path: { id: contact.id } } })),
    onSuccess: onGone,
    onError: notifyProblem,
  });
  return (
    <Table.Tr>
      <Table.Td w="100%" maw={0}>
        <Text size="sm" fw={500} truncate>
          {contact.name}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {[contact.email, contact.company].filter(Boolean).join(' · ') || contact.phone}
        </Text>
        {contact.groups.length > 0 && (
          <Group gap={4} mt={2}>
            {contact.groups.map(({ id, name }) => (
              <Badge key={id} size="sm" variant="light" color="gray">
                {name}
              </Badge>
            ))}
          </Group>
        )}
      </Table.Td>
      <Table.Td visibleFrom="xs" style={{ whiteSpace: 'nowrap' }}>
        {contact.phone}
      </Table.Td>
      {onEdit && (
        <Table.Td>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                loading={remove.isPending}
                aria-label={t('people.actionsFor', { name: contact.name })}
              >
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconEdit size={16} aria-hidden />} onClick={onEdit}>
                {t('contacts.edit')}
              </Menu.Item>
              <Menu.Item
                c="var(--mantine-color-error)"
                leftSection={<IconTrash size={16} aria-hidden />}
                onClick={() => remove.mutate()}
              >
                {t('contacts.delete')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Table.Td>
      )}
    </Table.Tr>
  );
}
