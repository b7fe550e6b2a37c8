import { Button, Center, Loader } from '@mantine/core';
import { IconArrowDown, IconMessageCircle } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import {
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useTranslation } from 'react-i18next';
import type { Message } from '../../api/types';
import { around, downwards, held, type Part, placesOf, upwards } from '../../room/scroll';
import { EmptyState } from '../../ui/EmptyState';
import { notifyProblem } from '../../ui/ProblemNote';
import classes from './Chat.module.css';
import { type Actions, MessageRow } from './MessageRow';
import { loadOlder } from './queries';

type Props = {
  meetingId: string;
  messages: readonly Message[];
  /** The server has more of them, before the first. */
  hasOlder: boolean;
  firstUnread: string | undefined;
  /** A message to go to. */
  shown: { id: string } | undefined;
  hidden: boolean;
  me: string | undefined;
  moderates: boolean;
  actions: Actions;
  pollCard: (message: Message) => ReactNode;
};

/** So close to an end of what is drawn, in pixels, the drawn part moves on. */
const NEAR = 600;
/** So close to the end of the chat one follows what is said. */
const STUCK = 40;
const SAME_BREATH_MS = 120_000;

/** The messages, of which only those around what one sees are drawn: a chat may be as long as it likes. */
export function MessageList(props: Props) {
  const { meetingId, messages, hasOlder, firstUnread, shown, hidden, me, moderates, actions, pollCard } =
    props;
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const box = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const [part, setPart] = useState<Part>('end');
  const [stuck, setStuck] = useState(true);
  const [current, setCurrent] = useState<string>();
  const anchor = useRef<{ id: string; top: number }>(undefined);
  const ids = useMemo(() => messages.map(({ id }) => id), [messages]);
  const byId = useMemo(() => new Map(messages.map((message) => [message.id, message])), [messages]);
  const { from, to } = placesOf(part, ids);
  const drawn = messages.slice(from, to);
  const active = current !== undefined && ids.includes(current) ? current : ids.at(-1);
  const older = useMutation({
    mutationFn: () => loadOlder(queryClient, meetingId),
    onError: notifyProblem,
  });

  const rowOf = useCallback(
    (id: string) => rows.current?.querySelector<HTMLElement>(`[data-message="${id}"]`) ?? undefined,
    [],
  );
  /** Remembers the row that is seen first, which is to stay where it is. */
  const hold = useCallback(() => {
    const top = box.current?.getBoundingClientRect().top ?? 0;
    const seen = Array.from(rows.current?.children ?? []).find(
      (row) => row instanceof HTMLElement && row.dataset.message && row.getBoundingClientRect().bottom > top,
    ) as HTMLElement | undefined;
    anchor.current = seen && { id: seen.dataset.message ?? '', top: seen.getBoundingClientRect().top };
  }, []);
  const toEnd = useCallback(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);

  const scrolled = () => {
    const list = box.current;
    if (!list) return;
    hold();
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    const follows = part === 'end' && below < STUCK;
    setStuck(follows);
    if (list.scrollTop < NEAR) {
      if (from > 0) setPart(upwards(part, ids));
      else if (hasOlder && !older.isPending && !older.isError) older.mutate();
      else if (!follows) setPart(held(part, ids));
    } else if (below < NEAR) {
      if (part !== 'end') setPart(downwards(part, ids));
    } else if (!follows) setPart(held(part, ids));
  };

  // Whatever is drawn anew, what one reads stays in its place, and whoever is at the end stays there.
  useLayoutEffect(() => {
    const list = box.current;
    if (!list) return;
    if (stuck) {
      list.scrollTop = list.scrollHeight;
      return;
    }
    const row = anchor.current && rowOf(anchor.current.id);
    if (row && anchor.current) list.scrollTop += row.getBoundingClientRect().top - anchor.current.top;
    hold();
  });
  useEffect(() => {
    if (!stuck || !rows.current) return;
    const watch = new ResizeObserver(toEnd);
    watch.observe(rows.current);
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, [stuck, toEnd]);

  // A message that was asked for is brought into view.
  const wanted = useRef<string>(undefined);
  useEffect(() => {
    if (!shown) return;
    wanted.current = shown.id;
    anchor.current = undefined;
    setStuck(false);
    setCurrent(shown.id);
  }, [shown]);
  useLayoutEffect(() => {
    const id = wanted.current;
    if (!id || hidden || !ids.includes(id)) return;
    const row = rowOf(id);
    if (!row) {
      setPart(around(id, ids));
      return;
    }
    wanted.current = undefined;
    row.scrollIntoView({ block: 'center' });
    hold();
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step === 0 || event.target !== box.current || active === undefined) return;
    event.preventDefault();
    const next = ids[ids.indexOf(active) + step];
    if (next === undefined) return;
    setCurrent(next);
    rowOf(next)?.scrollIntoView({ block: 'nearest' });
  };

  return (
    <div className={classes.area} hidden={hidden}>
      <div
        ref={box}
        className={classes.messages}
        // Rows come and go as one scrolls: what is new is told below.
        role="log"
        aria-live="off"
        aria-label={t('chat.messages')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        onScroll={scrolled}
        onKeyDown={onKeyDown}
      >
        {messages.length === 0 && (
          <Center h="100%">
            <EmptyState icon={IconMessageCircle} title={t('chat.none')} />
          </Center>
        )}
        {older.isPending && (
          <Center py="xs">
            <Loader size="sm" aria-label={t('shell.loading')} />
          </Center>
        )}
        {older.isError && (
          <Center py="xs">
            <Button size="compact-sm" variant="default" onClick={() => older.mutate()}>
              {t('chat.loadOlder')}
            </Button>
          </Center>
        )}
        <div ref={rows}>
          {drawn.map((message, index) => (
            <MessageRow
              key={message.id}
              message={message}
              answered={message.reply_to ? (byId.get(message.reply_to) ?? null) : undefined}
              goesOn={goesOn(message, index > 0 ? drawn[index - 1] : messages[from - 1])}
              isFirstUnread={message.id === firstUnread}
              isCurrent={message.id === active}
              isShown={message.id === shown?.id}
              me={me}
              moderates={moderates}
              actions={actions}
              onCurrent={setCurrent}
              pollCard={pollCard}
            />
          ))}
        </div>
      </div>
      {!stuck && (
        <Button
          size="compact-sm"
          className={classes.toEnd}
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={() => {
            setPart('end');
            setStuck(true);
          }}
        >
          {t('chat.toEnd')}
        </Button>
      )}
      <News messages={messages} me={me} />
    </div>
  );
}

/** Whether a message follows another of the same person at once: then the name need not stand there again. */
const goesOn = (message: Message, before: Message | undefined) =>
  before !== undefined &&
  before.sender?.id === message.sender?.id &&
  !message.reply_to &&
  Date.parse(message.created_at) - Date.parse(before.created_at) < SAME_BREATH_MS;

/** Says to those who listen what others have just written. */
function News({ messages, me }: { messages: readonly Message[]; me: string | undefined }) {
  const { t } = useTranslation();
  const last = messages.at(-1);
  const heard = useRef(last?.id);
  const text =
    last && last.id !== heard.current && last.sender?.id !== me && last.content
      ? t('chat.says', { name: last.sender?.name ?? t('chat.formerMember'), text: last.content })
      : '';
  return (
    <div className={classes.spoken} aria-live="polite">
      {text}
    </div>
  );
}
