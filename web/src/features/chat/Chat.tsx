import { ActionIcon, Center, Group, Skeleton, Stack, Text, Textarea } from '@mantine/core';
import { IconMessageCircle, IconSend2 } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Message } from '../../api/types';
import { mergeMessages, readable } from '../../room/messages';
import { readPoll } from '../../room/polls';
import { EmptyState } from '../../ui/EmptyState';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { chatQuery } from '../meetings/queries';
import { PollCard } from '../polls/PollCard';
import classes from './Chat.module.css';

type Props = {
  meetingId: string;
  /** The meeting takes messages and votes. */
  writable: boolean;
  /** The viewer may close polls. */
  moderates: boolean;
};

/** A meeting's chat; `writable` adds the field to write in. */
export function Chat({ meetingId, writable, moderates }: Props) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(chatQuery(meetingId));
  const messages = data && readable(data);
  const end = useRef<HTMLDivElement>(null);
  const pollCard = (message: Message) => {
    const poll = readPoll(message);
    return poll && <PollCard meetingId={meetingId} poll={poll} moderates={moderates} writable={writable} />;
  };
  const last = messages?.at(-1)?.id;
  useEffect(() => {
    if (last) end.current?.scrollIntoView({ block: 'nearest' });
  }, [last]);

  return (
    <Stack gap="sm" className={classes.chat}>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!messages && !error && <Skeleton h={160} role="status" aria-label={t('shell.loading')} />}
      {messages && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <div className={classes.messages} role="log" aria-label={t('chat.messages')} tabIndex={0}>
          {messages.length === 0 && (
            <Center h="100%">
              <EmptyState icon={IconMessageCircle} title={t('chat.none')} />
            </Center>
          )}
          {messages.map((message, index) => (
            <ChatMessage key={message.id} message={message} before={messages[index - 1]}>
              {pollCard(message)}
            </ChatMessage>
          ))}
          <div ref={end} />
        </div>
      )}
      {writable && <Composer meetingId={meetingId} />}
    </Stack>
  );
}

const SAME_BREATH_MS = 120_000;

/** One message; the name stands only over the first of several in a row. */
function ChatMessage(props: { message: Message; before: Message | undefined; children: ReactNode }) {
  const { message, before, children } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const name = message.sender?.name ?? t('chat.formerMember');
  const goesOn =
    before?.sender?.id === message.sender?.id &&
    before !== undefined &&
    Date.parse(message.created_at) - Date.parse(before.created_at) < SAME_BREATH_MS;
  return (
    <div className={classes.message} data-goes-on={goesOn || undefined}>
      {!goesOn && (
        <Group gap={6} wrap="nowrap">
          <PersonAvatar name={name} size={22} />
          <Text size="sm" fw={600} truncate>
            {name}
          </Text>
          <Text size="xs" c="dimmed" component="time" dateTime={message.created_at}>
            {format.time(message.created_at)}
          </Text>
        </Group>
      )}
      {message.content && (
        <Text size="sm" className={classes.text}>
          {message.content}
        </Text>
      )}
      {children}
    </div>
  );
}

function Composer({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState('');
  const send = useMutation({
    mutationFn: (content: string) =>
      take(
        api.POST('/api/v1/meetings/{id}/chat', {
          params: { path: { id: meetingId } },
          body: { type: 'text', content },
          headers: idempotent(),
        }),
      ),
    onMutate: () => setDraft(''),
    onSuccess: (message) =>
      queryClient.setQueryData(
        chatQuery(meetingId).queryKey,
        (list) => list && mergeMessages(list, [message]),
      ),
    // Nothing written is lost: it comes back into the field.
    onError: (error, content) => {
      setDraft((current) => (current ? `${content}\n${current}` : content));
      notifyProblem(error);
    },
  });
  const submit = () => {
    if (draft.trim()) send.mutate(draft.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <Group gap="xs" align="end" wrap="nowrap">
      <Textarea
        aria-label={t('chat.write')}
        placeholder={t('chat.write')}
        autosize
        minRows={1}
        maxRows={5}
        maxLength={4000}
        style={{ flex: 1 }}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ActionIcon size={36} aria-label={t('chat.send')} disabled={!draft.trim()} onClick={submit}>
        <IconSend2 size={18} aria-hidden />
      </ActionIcon>
    </Group>
  );
}
