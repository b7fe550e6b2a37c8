import { useDocumentVisibility } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, take } from '../../api/client';
import { type ChatHistory, type Unread, unreadOf } from '../../room/messages';
import { chatQuery, readMarkQuery } from './queries';

/** How often the server is told how far one has read, at most. */
const PAUSE_MS = 2_000;

/** What one has not read of a chat. */
export function useUnread(meetingId: string, me: string | undefined, enabled: boolean): Unread {
  const { data: history } = useQuery({ ...chatQuery(meetingId), enabled });
  const { data: mark } = useQuery({ ...readMarkQuery(meetingId), enabled });
  return useMemo(
    () => (history && mark ? unreadOf(history, mark, me) : { count: 0, mentions: 0 }),
    [history, mark, me],
  );
}

/**
 * Counts what is on the page as read while somebody looks at it, and tells the server so now and then.
 * Answers the first message that was unread when the page was opened.
 */
export function useReadMark(
  meetingId: string,
  history: ChatHistory | undefined,
  me: string | undefined,
): string | undefined {
  const queryClient = useQueryClient();
  const { data: mark } = useQuery(readMarkQuery(meetingId));
  const visible = useDocumentVisibility() === 'visible';
  const told = useRef<string>(undefined);
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = history?.messages.findLast(({ type }) => type === 'text' || type === 'poll')?.id;

  // What was unread at first stays marked, whatever is read since.
  const [first, setFirst] = useState<{ id: string | undefined }>();
  if (!first && mark && history) {
    const place = history.messages.findLastIndex(({ id }) => id === mark.message_id);
    const news = history.messages.slice(place + 1);
    const isNew = unreadOf(history, mark, me).count > 0;
    setFirst({ id: isNew && place >= 0 ? news.find(({ sender }) => sender?.id !== me)?.id : undefined });
  }

  const tell = useRef(() => {});
  tell.current = () => {
    clearTimeout(due.current);
    due.current = undefined;
    if (!last || told.current === last) return;
    told.current = last;
    const params = { path: { id: meetingId } };
    take(api.PUT('/api/v1/meetings/{id}/chat/read', { params, body: { message_id: last } })).catch(() => {
      // Said again with the next message.
      told.current = undefined;
    });
  };
  useEffect(() => {
    if (!visible || !mark || !last || mark.message_id === last) return;
    queryClient.setQueryData(readMarkQuery(meetingId).queryKey, {
      message_id: last,
      unread: 0,
      mentions: 0,
    });
    due.current ??= setTimeout(() => tell.current(), PAUSE_MS);
  }, [visible, mark, last, meetingId, queryClient]);
  // Whoever closes the chat has read what is in it.
  useEffect(() => () => void (due.current && tell.current()), []);
  return first?.id;
}
