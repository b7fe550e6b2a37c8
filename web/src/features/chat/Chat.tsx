import { ActionIcon, Group, Menu, Skeleton, Stack, Text } from '@mantine/core';
import { IconDots, IconDownload, IconSearch } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Message } from '../../api/types';
import { readable } from '../../room/messages';
import { readPoll } from '../../room/polls';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { saveFile } from '../../ui/saving';
import { PollCard } from '../polls/PollCard';
import classes from './Chat.module.css';
import { Composer, type Writing } from './Composer';
import { DeleteDialog } from './DeleteDialog';
import { MessageList } from './MessageList';
import { chatQuery, loadUntil } from './queries';
import { Search } from './Search';
import { useReadMark } from './useReadMark';

type Props = {
  meetingId: string;
  title: string;
  /** The viewer's id among those who take part. */
  me: string | undefined;
  /** Whom a message can name. */
  people: readonly { id: string; name: string }[];
  /** The meeting takes messages and votes. */
  writable: boolean;
  /** A host does not allow the viewer to write at the moment. */
  silenced?: boolean;
  /** The viewer may delete what others wrote, and close polls. */
  moderates: boolean;
  /** The viewer may take the chat along as a file. */
  exportable?: boolean;
};

/** A meeting's chat; `writable` adds the field to write in. */
export function Chat(props: Props) {
  const { meetingId, title, me, people, silenced = false, moderates, exportable = false } = props;
  const writable = props.writable && !silenced;
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { data, error, refetch } = useQuery(chatQuery(meetingId));
  const messages = useMemo(() => data && readable(data.messages), [data]);
  const [writing, setWriting] = useState<Writing>();
  const [deleting, setDeleting] = useState<Message>();
  const [searching, setSearching] = useState(false);
  const [shown, setShown] = useState<{ id: string }>();
  const firstUnread = useReadMark(meetingId, data, me);
  const show = useMutation({
    mutationFn: (id: string) => loadUntil(queryClient, meetingId, id),
    onSuccess: (_, id) => {
      setSearching(false);
      setShown({ id });
    },
    onError: notifyProblem,
  });
  const exported = useMutation({
    mutationFn: async (kind: 'csv' | 'json') => {
      const options = { params: { path: { id: meetingId } }, parseAs: 'blob' } as const;
      const file =
        kind === 'csv'
          ? await take(api.GET('/api/v1/meetings/{id}/chat.csv', options))
          : await take(api.GET('/api/v1/meetings/{id}/chat.json', options));
      saveFile(file as Blob, `${title}.${kind}`);
    },
    onError: notifyProblem,
  });
  const { mutate: showMessage } = show;
  const actions = useMemo(
    () => ({
      show: (id: string) => showMessage(id),
      reply: writable ? (to: Message) => setWriting({ kind: 'reply', message: to }) : undefined,
      edit: writable ? (message: Message) => setWriting({ kind: 'edit', message }) : undefined,
      remove: setDeleting,
    }),
    [showMessage, writable],
  );
  const pollCard = useCallback(
    (message: Message) => {
      const poll = readPoll(message);
      return poll && <PollCard meetingId={meetingId} poll={poll} moderates={moderates} writable={writable} />;
    },
    [meetingId, moderates, writable],
  );
  const editLast = () => {
    const own = messages?.findLast(
      ({ type, sender, deleted_at }) => type === 'text' && sender?.id === me && !deleted_at,
    );
    if (own) setWriting({ kind: 'edit', message: own });
  };

  return (
    <Stack gap="xs" className={classes.chat}>
      <Group gap={4} justify="flex-end" wrap="nowrap">
        <ActionIcon
          variant={searching ? 'light' : 'subtle'}
          color="gray"
          size="lg"
          aria-label={t('chat.search')}
          aria-pressed={searching}
          onClick={() => setSearching((now) => !now)}
        >
          <IconSearch size={18} aria-hidden />
        </ActionIcon>
        {exportable && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t('chat.more')}
                loading={exported.isPending}
              >
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {(['csv', 'json'] as const).map((kind) => (
                <Menu.Item
                  key={kind}
                  leftSection={<IconDownload size={16} aria-hidden />}
                  onClick={() => exported.mutate(kind)}
                >
                  {t(`chat.export.${kind}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {searching && <Search meetingId={meetingId} busy={show.isPending} onShow={(id) => show.mutate(id)} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!messages && !error && <Skeleton h={160} role="status" aria-label={t('shell.loading')} />}
      {messages && (
        <MessageList
          meetingId={meetingId}
          messages={messages}
          hasOlder={data?.older !== undefined}
          firstUnread={firstUnread}
          shown={shown}
          hidden={searching}
          me={me}
          moderates={moderates}
          actions={actions}
          pollCard={pollCard}
        />
      )}
      {silenced && (
        <Text size="sm" c="dimmed" role="status">
          {t('chat.silenced')}
        </Text>
      )}
      {writable && (
        <Composer
          key={writing ? `${writing.kind} ${writing.message.id}` : 'new'}
          meetingId={meetingId}
          people={people}
          me={me}
          writing={writing}
          onDone={() => setWriting(undefined)}
          onEditLast={editLast}
        />
      )}
      {deleting && (
        <DeleteDialog meetingId={meetingId} message={deleting} onClose={() => setDeleting(undefined)} />
      )}
    </Stack>
  );
}
