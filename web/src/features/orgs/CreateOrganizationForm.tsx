import { Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { FormProblem, showAtFields } from '../../ui/forms';
import { meQuery } from './queries';

/** Creates an organization in which the caller is the first admin. */
export function CreateOrganizationForm({ onCreated }: { onCreated: (id: string) => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const create = useMutation({
    mutationFn: (body: { name: string }) =>
      take(api.POST('/api/v1/organizations', { body, headers: idempotent() })),
    onSuccess: async ({ id }) => {
      await queryClient.invalidateQueries(meQuery);
      form.reset();
      onCreated(id);
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
      <Stack gap="sm">
        <FormProblem error={create.error} form={form} />
        <TextInput label={t('organization.name')} required maxLength={120} {...form.getInputProps('name')} />
        <Button type="submit" loading={create.isPending} style={{ alignSelf: 'start' }}>
          {t('organization.create')}
        </Button>
      </Stack>
    </form>
  );
}
