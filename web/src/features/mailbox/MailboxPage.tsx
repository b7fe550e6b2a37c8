import { Accordion, Anchor, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconMail } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { linked } from './linked';

/** Mail that was kept because no mail server is configured: for the administrator of the system, on this machine. */
export function MailboxPage() {
  const { t } = useTranslation();
  usePageTitle(t('mailbox.title'));
  const format = useFormat();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['mailbox'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/v1/mailbox', { params: { query: { limit: 30, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 10_000,
  });
  const mails = data?.pages.flatMap(({ items }) => items);
  return (
    <Stack maw={900} mx="auto">
      <Title order={1}>{t('mailbox.title')}</Title>
      <Text c="dimmed">{t('mailbox.text')}</Text>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!mails && !error && <Skeleton h={120} role="status" aria-label={t('shell.loading')} />}
      {mails?.length === 0 && <EmptyState icon={IconMail} title={t('mailbox.empty')} />}
      {mails && mails.length > 0 && (
        <Accordion variant="separated" order={2}>
          {mails.map((mail) => (
            <Accordion.Item key={mail.id} value={mail.id}>
              <Accordion.Control>
                <Text fw={600}>{mail.subject}</Text>
                <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {t('mailbox.toAt', { to: mail.to, at: format.span(mail.sent_at, null) })}
                </Text>
              </Accordion.Control>
              <Accordion.Panel>
                <Text style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  {linked(mail.text).map(({ key, text, href }) =>
                    href ? (
                      <Anchor key={key} href={href}>
                        {text}
                      </Anchor>
                    ) : (
                      text
                    ),
                  )}
                </Text>
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      )}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}
