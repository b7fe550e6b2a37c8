import { Button, Card, Group, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { FormProblem, showAtFields } from '../../ui/forms';
import { usePageTitle } from '../../ui/pages';
import { NewPasswordInput } from '../auth/NewPasswordInput';
import { SecondFactorCard } from './SecondFactorCard';
import { SessionsCard } from './SessionsCard';

/** How one signs in: password, second factor, and where one is signed in. */
export function SecurityPage() {
  const { t } = useTranslation();
  usePageTitle(t('security.title'));
  return (
    <Stack maw={720} mx="auto">
      <Title order={1}>{t('security.title')}</Title>
      <PasswordCard />
      <SecondFactorCard />
      <SessionsCard />
    </Stack>
  );
}

function PasswordCard() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const form = useForm({ mode: 'uncontrolled', initialValues: { current_password: '', password: '' } });
  const change = useMutation({
    mutationFn: (body: { current_password: string; password: string }) =>
      take(api.POST('/api/v1/me/password', { body })),
    onSuccess: () => {
      form.reset();
      notifications.show({ color: 'green', message: t('security.passwordChanged') });
      void queryClient.invalidateQueries({ queryKey: ['sessions'] });
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Card withBorder component="section" padding="lg" aria-labelledby="password">
      <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
        <Stack gap="sm">
          <Title order={2} id="password">
            {t('security.changePassword')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('security.passwordText')}
          </Text>
          <FormProblem error={change.error} form={form} />
          <PasswordInput
            label={t('security.currentPassword')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            key={form.key('current_password')}
            {...form.getInputProps('current_password')}
          />
          <NewPasswordInput
            label={t('security.newPassword')}
            withAsterisk={false}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <Group>
            <Button type="submit" loading={change.isPending}>
              {t('security.changePassword')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
