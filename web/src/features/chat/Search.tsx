import { Loader, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import classes from './Chat.module.css';
import { searchQuery } from './queries';

type Props = {
  meetingId: string;
  /** A message is being looked up. */
  busy: boolean;
  onShow: (id: string) => void;
};

/** Looks for words in the whole chat, the newest message first. */
export function Search({ meetingId, busy, onShow }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed.trim(), 250);
  const { data, error, isFetching, refetch } = useQuery(searchQuery(meetingId, words));
  return (
    <Stack gap="xs" className={classes.search} role="search">
      <TextInput
        aria-label={t('chat.searchWords')}
        placeholder={t('chat.searchWords')}
        autoFocus
        maxLength={200}
        value={typed}
        rightSection={(isFetching || busy) && <Loader size="xs" aria-label={t('shell.loading')} />}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data && (
        <Text size="xs" c="dimmed" role="status">
          {t('chat.found', { count: data.items.length })}
        </Text>
      )}
      <div className={classes.found}>
        {data?.items.map((message) => (
          <UnstyledButton
            key={message.id}
            className={classes.hit}
            disabled={busy}
            onClick={() => onShow(message.id)}
          >
            <Text size="xs" c="dimmed" component="span" display="block">
              {`${message.sender?.name ?? t('chat.formerMember')} · ${format.moment(message.created_at)}`}
            </Text>
            <Text size="sm" component="span" lineClamp={3} className={classes.words}>
              {message.content || String((message.metadata as { question?: unknown }).question ?? '')}
            </Text>
          </UnstyledButton>
        ))}
      </div>
    </Stack>
  );
}
