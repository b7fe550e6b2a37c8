import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { signIn } from '../../api/session';
import { FormProblem, showAtFields } from '../../ui/forms';
import { notifyProblem } from '../../ui/ProblemNote';
import { NarrowPage } from '../../ui/pages';
import { meetNow } from '../meetings/meetNow';
import { meQuery } from '../orgs/queries';
import { NewPasswordInput } from './NewPasswordInput';

const route = getRouteApi('/setup');

/** The first person sets the platform up, with the token from the link that the first start printed. */
export function SetupPage() {
  const { t } = useTranslation();
  const { token } = route.useSearch();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [done, setDone] = useState(false);
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { organization_name: '', name: '', email: '', password: '' },
  });
  const setup = useMutation({
    mutationFn: (values: ReturnType<typeof form.getValues>) =>
      take(publicApi.POST('/api/v1/auth/setup', { body: { setup_token: token ?? '', ...values } })),
    onSuccess: (session) => {
      signIn(session);
      setDone(true);
    },
    onError: (error) => showAtFields(form, error),
  });

  const meet = useMutation({
    mutationFn: async () => {
      const { user, memberships } = await queryClient.fetchQuery(meQuery);
      return meetNow(memberships[0]?.organization.id ?? '', t('meeting.instantTitle', { name: user.name }));
    },
    onSuccess: ({ id }) => navigate({ to: '/meetings/$id', params: { id } }),
    onError: notifyProblem,
  });

  if (done)
    return (
      <NarrowPage title={t('setup.done')}>
        <Text>{t('setup.next')}</Text>
        <Stack gap="sm">
          <Button renderRoot={(props) => <Link to="/people" {...props} />}>{t('setup.invite')}</Button>
          <Button variant="default" loading={meet.isPending} onClick={() => meet.mutate()}>
            {t('setup.meet')}
          </Button>
        </Stack>
      </NarrowPage>
    );
  if (!token)
    return (
      <NarrowPage title={t('setup.title')}>
        <Text>{t('setup.noToken')}</Text>
        <Button renderRoot={(props) => <Link to="/login" {...props} />}>{t('login.title')}</Button>
      </NarrowPage>
    );
  return (
    <NarrowPage title={t('setup.title')}>
      <Text c="dimmed">{t('setup.text')}</Text>
      <form onSubmit={form.onSubmit((values) => setup.mutate(values))}>
        <Stack>
          <FormProblem error={setup.error} form={form} />
          <TextInput
            label={t('organization.name')}
            autoComplete="organization"
            required
            withAsterisk={false}
            autoFocus
            key={form.key('organization_name')}
            {...form.getInputProps('organization_name')}
          />
          <TextInput
            label={t('person.name')}
            autoComplete="name"
            required
            withAsterisk={false}
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          <TextInput
            label={t('person.email')}
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            key={form.key('email')}
            {...form.getInputProps('email')}
          />
          <NewPasswordInput
            withAsterisk={false}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={setup.isPending}>
            {t('setup.submit')}
          </Button>
        </Stack>
      </form>
    </NarrowPage>
  );
}
