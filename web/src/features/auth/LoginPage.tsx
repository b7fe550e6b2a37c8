import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import i18next from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { Problem } from '../../api/problem';
import { signIn } from '../../api/session';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { NarrowPage } from '../../ui/pages';
import { CodeInput } from './CodeInput';
import { ProviderButton } from './ProviderButton';

const route = getRouteApi('/login');

/** Only addresses of our own pages are gone on to; `//elsewhere` is not one. */
const ownAddress = (to: string | undefined) => (to && /^\/(?![/\\])/.test(to) ? to : '/');

/** A problem that a sign-in elsewhere ended with: only its code comes along in the address. */
const ofCode = (code: string) =>
  new Problem({ code, detail: i18next.t([`problems.${code}`, 'problems.UNEXPECTED'] as never) });

/** Signs in: with address and password, then with a code where a second factor is switched on. */
export function LoginPage() {
  const { t } = useTranslation();
  const { to, problem } = route.useSearch();
  const router = useRouter();
  const [challenge, setChallenge] = useState<string | null>(null);
  const enter = (session: Parameters<typeof signIn>[0]) => {
    signIn(session);
    void router.navigate({ href: ownAddress(to), replace: true });
  };
  return (
    <NarrowPage title={t('login.title')}>
      {challenge ? (
        <CodeForm challenge={challenge} onEntered={enter} onBack={() => setChallenge(null)} />
      ) : (
        <>
          {problem && <ProblemNote error={ofCode(problem)} />}
          <ProviderButton to={ownAddress(to)} />
          <PasswordForm onEntered={enter} onChallenged={setChallenge} />
        </>
      )}
    </NarrowPage>
  );
}

type Entered = { onEntered: (session: Parameters<typeof signIn>[0]) => void };

function PasswordForm({ onEntered, onChallenged }: Entered & { onChallenged: (challenge: string) => void }) {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { email: '', password: '' } });
  const login = useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      take(publicApi.POST('/api/v1/auth/login', { body })),
    onSuccess: onEntered,
    onError: (error) => {
      const { challenge } = Problem.of(error);
      if (challenge) onChallenged(challenge);
      else showAtFields(form, error);
    },
  });
  return (
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
        <Anchor size="sm" py={4} renderRoot={(props) => <Link to="/forgot-password" {...props} />}>
          {t('login.forgot')}
        </Anchor>
      </Stack>
    </form>
  );
}

function CodeForm({ challenge, onEntered, onBack }: Entered & { challenge: string; onBack: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { code: '' } });
  const login = useMutation({
    mutationFn: ({ code }: { code: string }) =>
      take(publicApi.POST('/api/v1/auth/login/second-factor', { body: { challenge, code } })),
    onSuccess: onEntered,
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => login.mutate(values))}>
      <Stack>
        <Text c="dimmed">{t('secondFactor.asks')}</Text>
        <FormProblem error={login.error} form={form} />
        <CodeInput autoFocus key={form.key('code')} {...form.getInputProps('code')} />
        <Button type="submit" loading={login.isPending}>
          {t('login.submit')}
        </Button>
        <Button variant="subtle" onClick={onBack}>
          {t('reset.back')}
        </Button>
      </Stack>
    </form>
  );
}
