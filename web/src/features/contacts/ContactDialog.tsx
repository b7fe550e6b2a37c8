import { Button, Group, Modal, MultiSelect, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Contact, ContactGroup } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { useHere } from '../orgs/OrganizationGate';

type Props = {
  /** Null for a new one. */
  contact: Contact | null;
  groups: ContactGroup[];
  onSaved: () => void;
  onClose: () => void;
};

/** Adds a contact, or changes one. */
export function ContactDialog({ contact, groups, onSaved, onClose }: Props) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const form = useForm({
    initialValues: {
      name: contact?.name ?? '',
      email: contact?.email ?? '',
      phone: contact?.phone ?? '',
      company: contact?.company ?? '',
      notes: contact?.notes ?? '',
      group_ids: contact?.groups.map(({ id }) => id) ?? [],
    },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const save = useMutation({
    mutationFn: ({ email, phone, ...rest }: typeof form.values) => {
      const body = { ...rest, email: email.trim() || null, phone: phone.trim() || null };
      return contact
        ? take(api.PATCH('/api/v1/contacts/{id}', { params: { path: { id: contact.id } }, body }))
        : take(
            api.POST('/api/v1/organizations/{org}/contacts', {
              params: { path: { org: organization.id } },
              body,
              headers: idempotent(),
            }),
          );
    },
    onSuccess: () => {
      onSaved();
      onClose();
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={contact ? t('contacts.edit') : t('contacts.add')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack gap="sm">
          <FormProblem error={save.error} form={form} />
          <TextInput
            label={t('person.name')}
            required
            maxLength={200}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <TextInput label={t('person.email')} type="email" {...form.getInputProps('email')} />
          <TextInput label={t('person.phone')} type="tel" maxLength={40} {...form.getInputProps('phone')} />
          <TextInput label={t('contacts.company')} maxLength={200} {...form.getInputProps('company')} />
          <MultiSelect
            label={t('contacts.groups')}
            data={groups.map(({ id, name }) => ({ value: id, label: name }))}
            searchable
            {...form.getInputProps('group_ids')}
          />
          <Textarea
            label={t('contacts.notes')}
            autosize
            minRows={2}
            maxRows={6}
            maxLength={2000}
            {...form.getInputProps('notes')}
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('shell.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
