import { ActionIcon, Combobox, Group, Text, Textarea, useCombobox } from '@mantine/core';
import { IconSend2, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Message } from '../../api/types';
import { nameBefore } from '../../room/text';
import { notifyProblem } from '../../ui/ProblemNote';
import classes from './Chat.module.css';
import { hearMessages } from './queries';

/** A message that is answered or changed. */
export type Writing = { kind: 'reply' | 'edit'; message: Message };

type Named = { id: string; name: string };

type Props = {
  meetingId: string;
  people: readonly Named[];
  me: string | undefined;
  writing: Writing | undefined;
  onDone: () => void;
  /** Somebody wants to change what they wrote last. */
  onEditLast: () => void;
};

const MOST_NAMES = 6;

/** The field to write in. Typing draws nothing but the field. */
export function Composer({ meetingId, people, me, writing, onDone, onEditLast }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const edited = writing?.kind === 'edit' ? writing.message : undefined;
  const [draft, setDraft] = useState(edited?.content ?? '');
  const [named, setNamed] = useState<readonly Named[]>(edited?.mentions ?? []);
  const [caret, setCaret] = useState<number>();
  const field = useRef<HTMLTextAreaElement>(null);

  const send = useMutation({
    mutationFn: (said: { content: string; mentions: string[] }) => {
      const path = { id: meetingId };
      return edited
        ? take(
            api.PATCH('/api/v1/meetings/{id}/chat/{message}', {
              params: { path: { ...path, message: edited.id } },
              body: said,
            }),
          )
        : take(
            api.POST('/api/v1/meetings/{id}/chat', {
              params: { path },
              body: { type: 'text', ...said, reply_to: writing?.message.id },
              headers: idempotent(),
            }),
          );
    },
    onMutate: () => setDraft(''),
    onSuccess: (message) => {
      hearMessages(queryClient, meetingId, [message]);
      if (writing) onDone();
    },
    // Nothing written is lost: it comes back into the field.
    onError: (error, { content }) => {
      setDraft((current) => (current ? `${content}\n${current}` : content));
      notifyProblem(error);
    },
  });
  const submit = () => {
    const content = draft.trim();
    if (!content || send.isPending) return;
    const meant = named.filter(({ name }) => content.includes(`@${name}`));
    send.mutate({ content, mentions: [...new Set(meant.map(({ id }) => id))] });
  };

  const typing = caret === undefined ? null : nameBefore(draft, caret);
  const fits = ({ id, name }: Named) =>
    id !== me && name.toLocaleLowerCase().includes(typing?.typed.toLocaleLowerCase() ?? '');
  const found = typing ? people.filter(fits).slice(0, MOST_NAMES) : [];
  const names = useCombobox({ opened: found.length > 0, onDropdownClose: () => names.resetSelectedOption() });
  const choose = (id: string) => {
    const person = found.find((one) => one.id === id);
    if (!person || !typing || caret === undefined) return;
    const before = `${draft.slice(0, typing.start)}@${person.name} `;
    setDraft(before + draft.slice(caret).replace(/^ /, ''));
    setNamed((list) => [...list.filter((one) => one.id !== id), person]);
    setCaret(undefined);
    requestAnimationFrame(() => field.current?.setSelectionRange(before.length, before.length));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && found.length > 0) setCaret(undefined);
    else if (event.key === 'Escape' && writing) onDone();
    else if (event.key === 'ArrowUp' && !draft && !writing) onEditLast();
    // The name that is chosen comes first.
    else if (event.key === 'Enter' && !event.shiftKey && !event.defaultPrevented && found.length === 0)
      submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const follow = () => setCaret(field.current?.selectionStart ?? undefined);

  return (
    <div>
      {writing && (
        <Group gap="xs" wrap="nowrap" className={classes.writing}>
          <Text size="xs" truncate style={{ flex: 1 }}>
            {writing.kind === 'edit'
              ? t('chat.editing')
              : t('chat.replyingTo', { name: writing.message.sender?.name ?? t('chat.formerMember') })}
            {writing.kind === 'reply' && ` “${writing.message.content}”`}
          </Text>
          <ActionIcon variant="subtle" color="gray" aria-label={t('shell.cancel')} onClick={onDone}>
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </Group>
      )}
      <Group gap="xs" align="end" wrap="nowrap">
        <Combobox store={names} position="top-start" onOptionSubmit={choose}>
          <Combobox.Target targetType="input" withKeyboardNavigation={found.length > 0}>
            <Textarea
              ref={field}
              aria-label={t('chat.write')}
              placeholder={t('chat.write')}
              autosize
              minRows={1}
              maxRows={5}
              maxLength={4000}
              autoFocus={writing !== undefined}
              style={{ flex: 1 }}
              value={draft}
              onChange={(event) => {
                setDraft(event.currentTarget.value);
                setCaret(event.currentTarget.selectionStart);
                names.selectFirstOption();
              }}
              onClick={follow}
              onBlur={() => setCaret(undefined)}
              onKeyDown={onKeyDown}
            />
          </Combobox.Target>
          <Combobox.Dropdown hidden={found.length === 0}>
            <Combobox.Options aria-label={t('chat.names')}>
              {found.map(({ id, name }) => (
                <Combobox.Option key={id} value={id} onMouseDown={(event) => event.preventDefault()}>
                  {name}
                </Combobox.Option>
              ))}
            </Combobox.Options>
          </Combobox.Dropdown>
        </Combobox>
        <ActionIcon
          size={36}
          aria-label={edited ? t('chat.save') : t('chat.send')}
          disabled={!draft.trim()}
          onClick={submit}
        >
          <IconSend2 size={18} aria-hidden />
        </ActionIcon>
      </Group>
    </div>
  );
}
