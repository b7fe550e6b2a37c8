import { ActionIcon, Group, Text, UnstyledButton } from '@mantine/core';
import { IconArrowBackUp, IconPencil, IconTrash } from '@tabler/icons-react';
import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Message } from '../../api/types';
import { readPoll } from '../../room/polls';
import { piecesOf } from '../../room/text';
import { OutsideLink } from '../../ui/OutsideLink';
import { PersonAvatar } from '../../ui/PersonAvatar';
import { useFormat } from '../../ui/useFormat';
import classes from './Chat.module.css';

/** What can be done with a message. */
export type Actions = {
  /** Goes to it. */
  show: (id: string) => void;
  reply: ((message: Message) => void) | undefined;
  edit: ((message: Message) => void) | undefined;
  remove: (message: Message) => void;
};

type Props = {
  message: Message;
  /** What it answers: null when that is not loaded. */
  answered: Message | null | undefined;
  /** The name stands only over the first of several in a row. */
  goesOn: boolean;
  isFirstUnread: boolean;
  /** It is the one whose actions the keyboard reaches. */
  isCurrent: boolean;
  /** It was asked for. */
  isShown: boolean;
  me: string | undefined;
  moderates: boolean;
  actions: Actions;
  onCurrent: (id: string) => void;
  pollCard: (message: Message) => ReactNode;
};

/** One message. */
export const MessageRow = memo(function MessageRow(props: Props) {
  const { message, answered, goesOn, isFirstUnread, isCurrent, isShown, me, moderates, actions } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const name = message.sender?.name ?? t('chat.formerMember');
  const deleted = message.deleted_at !== undefined && message.deleted_at !== null;
  const namesMe = message.mentions?.some(({ id }) => id === me) ?? false;
  return (
    <div
      className={classes.message}
      data-message={message.id}
      data-goes-on={goesOn || undefined}
      data-current={isCurrent || undefined}
      data-shown={isShown || undefined}
      data-names-me={namesMe || undefined}
    >
      {isFirstUnread && (
        <Text size="xs" className={classes.unread}>
          {t('chat.unread')}
        </Text>
      )}
      {!goesOn && (
        <Group gap={6} wrap="nowrap">
          <PersonAvatar name={name} size={22} />
          <Text size="sm" fw={600} truncate>
            {name}
          </Text>
          <Text size="xs" c="dimmed" component="time" dateTime={message.created_at} style={{ flex: 'none' }}>
            {format.time(message.created_at)}
          </Text>
        </Group>
      )}
      {message.reply_to && <Answered id={message.reply_to} message={answered} onShow={actions.show} />}
      {deleted ? (
        <Text size="sm" c="dimmed" fs="italic" className={classes.text}>
          {t('chat.deleted')}
        </Text>
      ) : (
        message.content && (
          <Text size="sm" component="div" className={classes.text}>
            <Words message={message} me={me} />
            {message.edited_at && (
              <Text component="span" size="xs" c="dimmed" title={format.moment(message.edited_at)}>
                {` ${t('chat.edited')}`}
              </Text>
            )}
          </Text>
        )
      )}
      {props.pollCard(message)}
      {!deleted && (
        <RowActions {...{ message, name, isCurrent, me, moderates, actions }} onCurrent={props.onCurrent} />
      )}
    </div>
  );
});

/** What was written, with links and names. */
function Words({ message, me }: { message: Message; me: string | undefined }) {
  return piecesOf(message.content, message.mentions).map((piece, index) => {
    const key = `${index}-${piece.kind}`;
    if (piece.kind === 'link')
      return (
        <OutsideLink key={key} href={piece.href}>
          {piece.text}
        </OutsideLink>
      );
    if (piece.kind === 'mention')
      return (
        <span key={key} className={classes.mention} data-me={piece.id === me || undefined}>
          {piece.text}
        </span>
      );
    return piece.text;
  });
}

/** What a message answers, in a line. */
function Answered(props: { id: string; message: Message | null | undefined; onShow: (id: string) => void }) {
  const { id, message, onShow } = props;
  const { t } = useTranslation();
  const text = !message
    ? t('chat.answered')
    : message.deleted_at
      ? t('chat.deleted')
      : message.content || readPoll(message)?.question;
  return (
    <UnstyledButton className={classes.answered} onClick={() => onShow(id)}>
      <Text size="xs" component="span" fw={600}>
        {message?.sender?.name}
      </Text>{' '}
      <Text size="xs" component="span">
        {text}
      </Text>
    </UnstyledButton>
  );
}

type RowActionsProps = Pick<Props, 'message' | 'isCurrent' | 'me' | 'moderates' | 'actions' | 'onCurrent'> & {
  name: string;
};

function RowActions({ message, name, isCurrent, me, moderates, actions, onCurrent }: RowActionsProps) {
  const { t } = useTranslation();
  const own = message.sender?.id === me;
  const text = message.type === 'text';
  const can = [
    (text || message.type === 'poll') &&
      actions.reply && { label: t('chat.reply'), icon: IconArrowBackUp, act: actions.reply },
    text && own && actions.edit && { label: t('chat.edit'), icon: IconPencil, act: actions.edit },
    message.type !== 'poll' &&
      (own || moderates) && { label: t('chat.delete'), icon: IconTrash, act: actions.remove },
  ].filter((action) => typeof action === 'object');
  if (can.length === 0) return null;
  return (
    <div className={classes.actions}>
      {can.map(({ label, icon: Icon, act }) => (
        <ActionIcon
          key={label}
          variant="default"
          size={28}
          // One message's actions can be reached by keyboard at a time; the arrows choose which.
          tabIndex={isCurrent ? 0 : -1}
          title={label}
          aria-label={t('chat.actionOn', { action: label, name })}
          onFocus={() => onCurrent(message.id)}
          onClick={() => act(message)}
        >
          <Icon size={16} aria-hidden />
        </ActionIcon>
      ))}
    </div>
  );
}
