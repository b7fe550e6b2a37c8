import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { ContactGroup } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { notifyProblem } from '../../ui/ProblemNote';
import { useHere } from '../orgs/OrganizationGate';

type Props = { groups: ContactGroup[]; onChanged: () => void; onClose: () => void };

/** Makes groups, renames and deletes them. */
export function GroupsDialog({ groups, onChanged, onClose }: Props) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const create = useMutation({
    mutationFn: (body: { name: string }) =>
      take(
        api.POST('/api/v1/organizations/{org}/contact-groups', {
          params: { path: { org: organization.id } },
          body,
          headers: idempotent(),
        }),
      ),
    onSuccess: () => {
      form.reset();
      onChanged();
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('contacts.groups')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
          <Stack gap="xs">
            <FormProblem error={create.error} form={form} />
            <Group align="end" wrap="nowrap">
              <TextInput
                label={t('contacts.newGroup')}
                maxLength={100}
                style={{ flex: 1 }}
                data-autofocus
                {...form.getInputProps('name')}
              />
              <Button type="submit" loading={create.isPending}>
                {t('contacts.addGroup')}
              </Button>
            </Group>
          </Stack>
        </form>
        {groups.map((group) => (
          <Row key={group.id} group={group} onChanged={onChanged} />
        ))}
      </Stack>
    </Modal>
  );
}

function Row({
  group: { id, name, contact_count },
  onChanged,
}: {
  group: ContactGroup;
  onChanged: () => void;
}) {
  const { t } = useTranslation();
  const path = { id };
  const rename = useMutation({
    mutationFn: (next: string) =>
      take(api.PATCH('/api/v1/contact-groups/{id}', { params: { path }, body: { name: next } })),
    onSuccess: onChanged,
    onError: notifyProblem,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/contact-groups/{id}', { params: { path } })),
    onSuccess: onChanged,
    onError: notifyProblem,
  });
  return (
    <Group wrap="nowrap">
      <TextInput
        aria-label={t('contacts.groupName', { name })}
        defaultValue={name}
        maxLength={100}
        style={{ flex: 1 }}
        onBlur={(event) => {
          const next = event.currentTarget.value.trim();
          if (next && next !== name) rename.mutate(next);
        }}
      />
      <Text size="sm" c="dimmed">
        {t('contacts.count', { count: contact_count })}
      </Text>
      <ActionIcon
        variant="subtle"
        color="red"
        size="lg"
        aria-label={t('contacts.deleteGroup', { name })}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        <IconTrash size={18} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
