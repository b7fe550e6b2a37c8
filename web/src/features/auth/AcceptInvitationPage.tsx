import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { Problem } from '../../api/problem';
import { signIn } from '../../api/session';
import { FormProblem, showAtFields } from '../../ui/forms';
import { NarrowPage } from '../../ui/pages';
import { CodeInput } from './CodeInput';
import { NewPasswordInput } from './NewPasswordInput';
import { ProviderButton } from './ProviderButton';

const route = getRouteApi('/invitations/$token');

/** An invited person chooses a name and a password and is in. */
export function AcceptInvitationPage() {
  const { t } = useTranslation();
  const { token } = route.useParams();
  const router = useRouter();
  const form = useForm({ mode: 'uncontrolled', initialValues: { name: '', password: '', code: '' } });
  const accept = useMutation({
    mutationFn: ({ code, ...body }: { name: string; password: string; code: string }) =>
      take(
        publicApi.POST('/api/v1/auth/invitations/{token}', {
          params: { path: { token } },
          body: { ...body, code: code || undefined },
        }),
      ),
    onSuccess: (session) => {
      signIn(session);
      void router.navigate({ to: '/', replace: true });
    },
    onError: (error) => showAtFields(form, error),
  });
  // Whoever has an account with a second factor is asked for a code as well.
  const { code } = Problem.of(accept.error);
  const asksForCode = code === 'SECOND_FACTOR_REQUIRED' || code === 'BAD_CODE';
  return (
    <NarrowPage title={t('invitation.title')}>
      <Text c="dimmed">{t('invitation.text')}</Text>
      <ProviderButton to="/" invitation={token} />
      <form onSubmit={form.onSubmit((values) => accept.mutate(values))}>
        <Stack>
          <FormProblem error={accept.error} form={form} />
          <TextInput
            label={t('person.name')}
            autoComplete="name"
            required
            withAsterisk={false}
            autoFocus
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          <NewPasswordInput
            withAsterisk={false}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          {asksForCode && <CodeInput key={form.key('code')} {...form.getInputProps('code')} />}
          <Button type="submit" loading={accept.isPending}>
            {t('invitation.submit')}
          </Button>
        </Stack>
      </form>
    </NarrowPage>
  );
}
