import { Button, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Meeting } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { LinkRow, type LinkState, MadeLink, openFirst } from '../../ui/Links';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { type GuestLink, guestLinksQuery } from './queries';

/** Opens the guest links of a meeting, where the meeting allows guests. */
export function GuestLinksButton({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  if (!meeting.settings?.allow_guests) return null;
  return (
    <DialogButton icon={IconLink} label={t('guestLinks.open')} title={t('guestLinks.title')}>
      <GuestLinks meetingId={meeting.id} />
    </DialogButton>
  );
}

const HOURS = { never: null, hour: 1, day: 24, week: 168 } as const;
type Term = keyof typeof HOURS;

function GuestLinks({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const now = useNow();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(guestLinksQuery(meetingId));
  const [name, setName] = useState('');
  const [term, setTerm] = useState<Term>('day');
  const [most, setMost] = useState<number | string>('');
  const create = useMutation({
    mutationFn: () => {
      const hours = HOURS[term];
      return take(
        api.POST('/api/v1/meetings/{id}/guest-links', {
          params: { path: { id: meetingId } },
          body: {
            name: name.trim(),
            expires_at: hours === null ? null : new Date(Date.now() + hours * 3_600_000).toISOString(),
            max_uses: typeof most === 'number' ? most : null,
          },
          headers: idempotent(),
        }),
      );
    },
    onSuccess: () => queryClient.invalidateQueries(guestLinksQuery(meetingId)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Stack>
      <Text size="sm">{t('guestLinks.text')}</Text>
      {create.data ? (
        <MadeLink url={create.data.url} once={t('guestLinks.once')} onAnother={create.reset} />
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            {create.error && <ProblemNote error={create.error} />}
            <TextInput
              label={t('links.name')}
              placeholder={t('guestLinks.namePlaceholder')}
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              data-autofocus
            />
            <Select
              label={t('links.term')}
              data={(Object.keys(HOURS) as Term[]).map((value) => ({
                value,
                label: t(`guestLinks.terms.${value}`),
              }))}
              value={term}
              onChange={(next) => next && setTerm(next as Term)}
              allowDeselect={false}
            />
            <NumberInput
              label={t('guestLinks.most')}
              placeholder={t('guestLinks.any')}
              min={1}
              max={10_000}
              allowDecimal={false}
              value={most}
              onChange={setMost}
            />
            <Button type="submit" loading={create.isPending}>
              {t('links.create')}
            </Button>
          </Stack>
        </form>
      )}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data
        ?.map((link) => ({ link, state: stateOf(link, now) }))
        .toSorted(openFirst)
        .map(({ link, state }) => (
          <Row key={link.id} link={link} state={state} meetingId={meetingId} now={now} />
        ))}
    </Stack>
  );
}

function stateOf(link: GuestLink, now: Date): LinkState {
  if (link.revoked_at) return 'revoked';
  return link.expires_at && new Date(link.expires_at) <= now ? 'expired' : 'open';
}

type RowProps = { link: GuestLink; state: LinkState; meetingId: string; now: Date };

function Row({ link, state, meetingId, now }: RowProps) {
  const { t } = useTranslation();
  const { relative } = useFormat();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/guest-links/{id}', { params: { path: { id: link.id } } })),
    onSuccess: () => queryClient.invalidateQueries(guestLinksQuery(meetingId)),
    onError: notifyProblem,
  });
  const facts = [
    link.max_uses
      ? t('guestLinks.usedOf', { count: link.uses, most: link.max_uses })
      : t('guestLinks.used', { count: link.uses }),
    state === 'open' && link.expires_at && t('invitations.expires', { when: relative(link.expires_at, now) }),
  ].filter((fact): fact is string => Boolean(fact));
  return (
    <LinkRow
      name={link.name || t('guestLinks.unnamed')}
      facts={facts}
      state={state}
      revoking={revoke.isPending}
      onRevoke={() => revoke.mutate()}
    />
  );
}
