import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { FormProblem, showAtFields } from '../../ui/forms';
import { NarrowPage } from '../../ui/pages';

/** Asks for a link to choose a new password. The answer never says whether there is such an account. */
export function ForgotPasswordPage() {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { email: '' } });
  const ask = useMutation({
    mutationFn: (body: { email: string }) => take(publicApi.POST('/api/v1/auth/password-reset', { body })),
    onError: (error) => showAtFields(form, error),
  });
  return (
    <NarrowPage title={t('reset.title')}>
      {ask.isSuccess ? (
        <Text role="status">{t('reset.sent', { email: ask.variables.email })}</Text>
      ) : (
        <form onSubmit={form.onSubmit((values) => ask.mutate(values))}>
          <Stack>
            <Text c="dimmed">{t('reset.text')}</Text>
            <FormProblem error={ask.error} form={form} />
            <TextInput
              label={t('person.email')}
              type="email"
              autoComplete="username"
              required
              withAsterisk={false}
              autoFocus
              key={form.key('email')}
              {...form.getInputProps('email')}
            />
            <Button type="submit" loading={ask.isPending}>
              {t('reset.send')}
            </Button>
          </Stack>
        </form>
      )}
      <Button variant="subtle" renderRoot={(props) => <Link to="/login" {...props} />}>
        {t('reset.back')}
      </Button>
    </NarrowPage>
  );
}
