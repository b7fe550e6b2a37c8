import { Button, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { FormProblem, showAtFields } from '../../ui/forms';
import { NarrowPage } from '../../ui/pages';
import { NewPasswordInput } from './NewPasswordInput';

/** Chooses a new password, with the token behind the # of the link that came by mail. */
export function ResetPasswordPage() {
  const { t } = useTranslation();
  const token = useLocation({ select: ({ hash }) => hash.replace(/^#/, '') });
  const form = useForm({ mode: 'uncontrolled', initialValues: { password: '' } });
  const choose = useMutation({
    mutationFn: ({ password }: { password: string }) =>
      take(publicApi.POST('/api/v1/auth/password-reset/complete', { body: { token, password } })),
    onError: (error) => showAtFields(form, error),
  });
  if (choose.isSuccess)
    return (
      <NarrowPage title={t('reset.done')}>
        <Text role="status">{t('reset.doneText')}</Text>
        <Button renderRoot={(props) => <Link to="/login" {...props} />}>{t('login.title')}</Button>
      </NarrowPage>
    );
  return (
    <NarrowPage title={t('reset.choose')}>
      <form onSubmit={form.onSubmit((values) => choose.mutate(values))}>
        <Stack>
          <FormProblem error={choose.error} form={form} />
          <NewPasswordInput
            label={t('security.newPassword')}
            withAsterisk={false}
            autoFocus
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={choose.isPending}>
            {t('reset.choose')}
          </Button>
        </Stack>
      </form>
      {choose.isError && (
        <Button variant="subtle" renderRoot={(props) => <Link to="/forgot-password" {...props} />}>
          {t('reset.again')}
        </Button>
      )}
    </NarrowPage>
  );
}
