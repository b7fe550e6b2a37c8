import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { signIn } from '../../api/session';
import { FormProblem, showAtFields } from '../../ui/forms';
import { NarrowPage } from '../../ui/pages';

const route = getRouteApi('/login');

/** Only addresses of our own pages are gone on to; `//elsewhere` is not one. */
const ownAddress = (to: string | undefined) => (to && /^\/(?![/\\])/.test(to) ? to : '/');

export function LoginPage() {
  const { t } = useTranslation();
  const { to } = route.useSearch();
  const router = useRouter();
  const form = useForm({ mode: 'uncontrolled', initialValues: { email: '', password: '' } });
  const login = useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      take(publicApi.POST('/api/v1/auth/login', { body })),
    onSuccess: (session) => {
      signIn(session);
      void router.navigate({ href: ownAddress(to), replace: true });
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <NarrowPage title={t('login.title')}>
      <form onSubmit={form.onSubmit((values) => login.mutate(values))}>
        <Stack>
          <FormProblem error={login.error} form={form} />
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
          <PasswordInput
            label={t('person.password')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={login.isPending}>
            {t('login.submit')}
          </Button>
        </Stack>
      </form>
    </NarrowPage>
  );
}
