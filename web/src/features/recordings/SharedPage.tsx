import { Button, Center, Container, Loader, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { publicApi, take } from '../../api/client';
import { Problem } from '../../api/problem';
import type { SharedRecording } from '../../api/types';
import { Logo } from '../../ui/Logo';
import { ProblemNote, sentence } from '../../ui/ProblemNote';
import { NarrowPage, usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { beside, hereAt, transcriptAt } from './media';
import { Player } from './Player';

const route = getRouteApi('/shared/$token');

/** What a link to a recording opens, for whoever has it: no account is needed. */
export function SharedPage() {
  const { t } = useTranslation();
  const { token } = route.useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['shared', token],
    queryFn: () => take(publicApi.GET('/api/v1/shared/{token}', { params: { path: { token } } })),
    // Whoever watches by a link for the last time goes on watching.
    staleTime: Number.POSITIVE_INFINITY,
  });
  usePageTitle(data?.title);

  if (data) return <Shared key={token} token={token} recording={data} />;
  if (error) return <Closed error={error} onRetry={() => void refetch()} />;
  return (
    <Center mih="100dvh">
      <Loader aria-label={t('shell.loading')} />
    </Center>
  );
}

/** Says why a link opens nothing. */
function Closed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  const { status } = Problem.of(error);
  const final = status >= 400 && status < 500 && status !== 429;
  return (
    <NarrowPage title={t('shared.noEntry')}>
      <ProblemNote error={error} onRetry={onRetry} />
      {final && <Text>{t('guest.askForAnother')}</Text>}
    </NarrowPage>
  );
}

const ask = async (token: string, password: string | undefined) =>
  hereAt(
    (
      await take(
        publicApi.POST('/api/v1/shared/{token}/playback', {
          params: { path: { token } },
          body: { password },
        }),
      )
    ).url,
  );

function Shared({ token, recording }: { token: string; recording: SharedRecording }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const input = useRef<HTMLInputElement>(null);
  // Each address counts as one time that it is watched, so none is asked for before somebody wants to watch.
  const open = useMutation({
    mutationFn: () => ask(token, recording.needs_password ? password : undefined),
    onSuccess: (url) => {
      first.current = url;
    },
    onError: () => input.current?.focus(),
  });
  const first = useRef<string>(undefined);
  const [address, setAddress] = useState<string>();
  const load = async () => {
    const url = first.current ?? (await ask(token, recording.needs_password ? password : undefined));
    first.current = undefined;
    setAddress(url);
    return url;
  };
  // It plays as well without what is said in it.
  const transcript = useQuery({
    queryKey: ['shared', token, 'transcript'],
    queryFn: () => transcriptAt(beside(address ?? '', 'transcript')),
    enabled: address !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    open.mutate();
  };

  if (open.data)
    return (
      <Container component="main" size="lg" py="lg">
        <Stack>
          <Logo />
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {recording.title}
          </Title>
          <About recording={recording} />
          <Player
            id={token}
            title={recording.title}
            audioOnly={recording.audio_only}
            load={load}
            transcript={transcript.data}
            begins
          />
        </Stack>
      </Container>
    );

  const problem = open.error ? Problem.of(open.error) : undefined;
  if (problem?.status === 410 || problem?.status === 404)
    return <Closed error={problem} onRetry={() => open.mutate()} />;
  const wrong = problem?.code === 'WRONG_PASSWORD' || problem?.code === 'PASSWORD_REQUIRED';
  return (
    <NarrowPage title={recording.title}>
      <About recording={recording} />
      <form onSubmit={submit}>
        <Stack>
          {problem && !wrong && <ProblemNote error={problem} onRetry={() => open.mutate()} />}
          {recording.needs_password && (
            <PasswordInput
              ref={input}
              label={t('share.password')}
              description={t('shared.passwordHint')}
              size="md"
              required
              autoFocus
              autoComplete="off"
              maxLength={200}
              visibilityToggleButtonProps={{ 'aria-label': t('share.showPassword') }}
              value={password}
              error={wrong ? sentence(problem) : undefined}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
          <Button
            type="submit"
            size="md"
            leftSection={<IconPlayerPlay size={18} aria-hidden />}
            loading={open.isPending}
          >
            {t(recording.audio_only ? 'shared.listen' : 'shared.watch')}
          </Button>
        </Stack>
      </form>
    </NarrowPage>
  );
}

function About({ recording }: { recording: SharedRecording }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { organization_name, started_at, duration_seconds, audio_only } = recording;
  const facts = [
    started_at && format.span(started_at, null),
    typeof duration_seconds === 'number' && format.duration(duration_seconds),
    audio_only && t('recording.soundOnly'),
  ].filter(Boolean);
  return (
    <Stack gap={4}>
      <Text>{t('shared.by', { organization: organization_name })}</Text>
      <Text size="sm" c="dimmed">
        {facts.join(' · ')}
      </Text>
    </Stack>
  );
}
