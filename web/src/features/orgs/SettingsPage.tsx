import { Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { FormProblem, showAtFields } from '../../ui/forms';
import { usePageTitle } from '../../ui/pages';
import { CreateOrganizationForm } from './CreateOrganizationForm';
import { useHere } from './OrganizationGate';
import { meQuery } from './queries';

export function SettingsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.settings'));
  const { organization, permissions, switchTo } = useHere();
  return (
    <Stack maw={720}>
      <Card withBorder component="section" padding="lg">
        <Stack gap="sm">
          <Title order={2}>{t('settings.organization')}</Title>
          {permissions.includes('settings.manage') ? (
            <NameForm key={organization.id} />
          ) : (
            <>
              <Text>{organization.name}</Text>
              <Text size="sm" c="dimmed">
                {t('settings.adminsOnly')}
              </Text>
            </>
          )}
        </Stack>
      </Card>
      <Card withBorder component="section" padding="lg">
        <Stack gap="sm">
          <Title order={2}>{t('settings.another')}</Title>
          <Text size="sm" c="dimmed">
            {t('settings.anotherText')}
          </Text>
          <CreateOrganizationForm
            onCreated={(id) => {
              switchTo(id);
              notifications.show({ color: 'green', message: t('settings.created') });
            }}
          />
        </Stack>
      </Card>
    </Stack>
  );
}

function NameForm() {
  const { t } = useTranslation();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: { name: organization.name },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const rename = useMutation({
    mutationFn: (body: { name: string }) =>
      take(api.PATCH('/api/v1/organizations/{org}', { params: { path: { org: organization.id } }, body })),
    onSuccess: async () => {
      await queryClient.invalidateQueries(meQuery);
      form.resetDirty();
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => rename.mutate(values))} noValidate>
      <Stack gap="sm">
        <FormProblem error={rename.error} form={form} />
        <TextInput label={t('organization.name')} required maxLength={120} {...form.getInputProps('name')} />
        <Group>
          <Button type="submit" loading={rename.isPending} disabled={!form.isDirty()}>
            {t('shell.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
