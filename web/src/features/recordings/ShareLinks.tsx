import {
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { fieldErrors, Problem } from '../../api/problem';
import type { ShareLink } from '../../api/types';
import { LinkRow, type LinkState, MadeLink, openFirst } from '../../ui/Links';
import { fieldSentence, notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { stateOfLink } from './links';
import { shareLinksQuery } from './queries';

const DAYS = { day: 1, week: 7, month: 30, never: null } as const;
type Term = keyof typeof DAYS;

/** Links by which people without an account watch a recording: made here, and revoked. */
export function ShareLinks({ recordingId }: { recordingId: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const { data, error, refetch } = useQuery(shareLinksQuery(recordingId));
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t('share.text')}
      </Text>
      <NewLink recordingId={recordingId} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data
        ?.map((link) => ({ link, state: stateOfLink(link, now) }))
        .toSorted(openFirst)
        .map(({ link, state }) => (
          <Row key={link.id} link={link} state={state} now={now} />
        ))}
    </Stack>
  );
}

const FIELDS = ['name', 'password', 'max_views'] as const;

function NewLink({ recordingId }: { recordingId: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [term, setTerm] = useState<Term>('week');
  const [password, setPassword] = useState('');
  const [most, setMost] = useState<number | string>('');
  const create = useMutation({
    mutationFn: () => {
      const days = DAYS[term];
      return take(
        api.POST('/api/v1/recordings/{id}/share-links', {
          params: { path: { id: recordingId } },
          body: {
            name: name.trim(),
            expires_at: days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString(),
            password: password || null,
            max_views: typeof most === 'number' ? most : null,
          },
          headers: idempotent(),
        }),
      );
    },
    onSuccess: () => queryClient.invalidateQueries(shareLinksQuery(recordingId)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const another = () => {
    create.reset();
    setName('');
    setPassword('');
    setMost('');
  };
  const problem = create.error ? Problem.of(create.error) : undefined;
  const wrong = problem ? fieldErrors(problem, FIELDS, fieldSentence) : {};

  if (create.data)
    return (
      <MadeLink
        url={create.data.url}
        once={t(create.data.has_password ? 'share.onceWithPassword' : 'share.once')}
        onAnother={another}
      />
    );
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {problem && Object.keys(wrong).length === 0 && <ProblemNote error={problem} />}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            label={t('links.name')}
            placeholder={t('share.namePlaceholder')}
            maxLength={100}
            value={name}
            error={wrong.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t('links.term')}
            data={(Object.keys(DAYS) as Term[]).map((value) => ({ value, label: t(`share.terms.${value}`) }))}
            value={term}
            onChange={(next) => next && setTerm(next as Term)}
            allowDeselect={false}
          />
          <PasswordInput
            label={t('share.password')}
            placeholder={t('share.noPassword')}
            autoComplete="new-password"
            minLength={4}
            maxLength={200}
            visibilityToggleButtonProps={{ 'aria-label': t('share.showPassword') }}
            value={password}
            error={wrong.password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <NumberInput
            label={t('share.most')}
            placeholder={t('share.any')}
            min={1}
            max={100_000}
            allowDecimal={false}
            allowNegative={false}
            value={most}
            error={wrong.max_views}
            onChange={setMost}
          />
        </SimpleGrid>
        <Group>
          <Button type="submit" leftSection={<IconLink size={16} aria-hidden />} loading={create.isPending}>
            {t('links.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type RowProps = { link: ShareLink; state: LinkState; now: Date };

function Row({ link, state, now }: RowProps) {
  const { t } = useTranslation();
  const { relative } = useFormat();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/share-links/{id}', { params: { path: { id: link.id } } })),
    onSuccess: () => queryClient.invalidateQueries(shareLinksQuery(link.recording_id)),
    onError: notifyProblem,
  });
  const facts = [
    link.max_views
      ? t('share.viewsOf', { count: link.views, most: link.max_views })
      : t('share.views', { count: link.views }),
    link.has_password && t('share.withPassword'),
    state === 'open' && link.expires_at && t('invitations.expires', { when: relative(link.expires_at, now) }),
  ].filter((fact): fact is string => Boolean(fact));
  return (
    <LinkRow
      name={link.name || t('share.unnamed')}
      facts={facts}
      state={state}
      revoking={revoke.isPending}
      onRevoke={() => revoke.mutate()}
    />
  );
}
