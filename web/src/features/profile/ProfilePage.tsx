import {
  Button,
  Card,
  FileButton,
  Group,
  Select,
  Skeleton,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { IconPhoto, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Consent } from '../../api/types';
import { chooseLanguage, LANGUAGES, type Language } from '../../locales';
import { FormProblem, showAtFields } from '../../ui/forms';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { zones } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { meQuery } from '../orgs/queries';
import { AvatarDialog } from './AvatarDialog';
import { consentsQuery } from './queries';

export function ProfilePage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.profile'));
  const { me } = useHere();
  return (
    <Stack maw={720} mx="auto">
      <Title order={1}>{t('nav.profile')}</Title>
      <Card withBorder component="section" padding="lg">
        <Stack gap="md">
          <Title order={2}>{t('profile.picture')}</Title>
          <Picture />
        </Stack>
      </Card>
      <Card withBorder component="section" padding="lg">
        <Stack gap="md">
          <Title order={2}>{t('profile.about')}</Title>
          <AboutForm key={me.id} />
        </Stack>
      </Card>
      <Card withBorder component="section" padding="lg">
        <Stack gap="md">
          <Title order={2}>{t('profile.consents')}</Title>
          <Text size="sm" c="dimmed">
            {t('profile.consentsText')}
          </Text>
          <Consents />
        </Stack>
      </Card>
    </Stack>
  );
}

function Picture() {
  const { t } = useTranslation();
  const { me } = useHere();
  const queryClient = useQueryClient();
  const [picture, setPicture] = useState<ImageBitmap | null>(null);
  const open = useMutation({
    mutationFn: async (file: File) => setPicture(await createImageBitmap(file)),
    onError: () => notifications.show({ color: 'red', message: t('profile.unreadable') }),
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/avatar')),
    onSuccess: () => queryClient.invalidateQueries(),
    onError: notifyProblem,
  });
  return (
    <Group gap="lg">
      <PersonAvatar name={me.name} url={me.avatar_url} size={96} />
      <Stack gap="xs" align="start">
        <FileButton
          accept="image/jpeg,image/png,image/webp,image/gif"
          onChange={(file) => file && open.mutate(file)}
        >
          {(props) => (
            <Button
              {...props}
              variant="default"
              leftSection={<IconPhoto size={16} aria-hidden />}
              loading={open.isPending}
            >
              {t('profile.choosePicture')}
            </Button>
          )}
        </FileButton>
        {me.avatar_url && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => remove.mutate()}
            loading={remove.isPending}
          >
            {t('profile.removePicture')}
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {t('profile.pictureHint')}
        </Text>
      </Stack>
      {picture && <AvatarDialog picture={picture} onClose={() => setPicture(null)} />}
    </Group>
  );
}

function AboutForm() {
  const { t } = useTranslation();
  const { me } = useHere();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      name: me.name,
      phone: me.phone ?? '',
      timezone: me.timezone,
      language: me.language as Language,
    },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const save = useMutation({
    mutationFn: ({ phone, ...rest }: typeof form.values) =>
      take(api.PATCH('/api/v1/me', { body: { ...rest, phone: phone.trim() || null } })),
    onSuccess: async (saved, { language }) => {
      queryClient.setQueryData(meQuery.queryKey, saved);
      form.resetDirty();
      await chooseLanguage(language);
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack gap="sm">
        <FormProblem error={save.error} form={form} />
        <TextInput
          label={t('person.name')}
          required
          maxLength={200}
          autoComplete="name"
          {...form.getInputProps('name')}
        />
        <TextInput label={t('person.email')} value={me.email} readOnly description={t('profile.emailHint')} />
        <TextInput
          label={t('person.phone')}
          type="tel"
          autoComplete="tel"
          maxLength={40}
          {...form.getInputProps('phone')}
        />
        <Select
          label={t('profile.timezone')}
          data={zones(me.timezone)}
          searchable
          allowDeselect={false}
          {...form.getInputProps('timezone')}
        />
        <Select
          label={t('shell.language')}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          allowDeselect={false}
          {...form.getInputProps('language')}
        />
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
            {t('shell.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Consents() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(consentsQuery);
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data)
    return (
      <Stack gap="xs" role="status" aria-label={t('shell.loading')}>
        {['a', 'b', 'c', 'd'].map((key) => (
          <Skeleton key={key} h={40} />
        ))}
      </Stack>
    );
  return data.items.map((consent) => <ConsentSwitch key={consent.purpose} consent={consent} />);
}

function ConsentSwitch({ consent: { purpose, given, given_at, withdrawn_at } }: { consent: Consent }) {
  const { t } = useTranslation();
  const { span } = useFormat();
  const queryClient = useQueryClient();
  const decide = useMutation({
    mutationFn: (wish: boolean) =>
      take(
        api.PUT('/api/v1/me/consents/{purpose}', { params: { path: { purpose } }, body: { given: wish } }),
      ),
    onSuccess: () => queryClient.invalidateQueries(consentsQuery),
    onError: notifyProblem,
  });
  const since = given
    ? t('profile.givenAt', { when: span(given_at ?? '', null) })
    : withdrawn_at
      ? t('profile.withdrawnAt', { when: span(withdrawn_at, null) })
      : t('profile.neverGiven');
  return (
    <Switch
      label={t(`profile.purpose.${purpose}`)}
      description={since}
      checked={given}
      disabled={decide.isPending}
      onChange={(event) => decide.mutate(event.currentTarget.checked)}
    />
  );
}
