import {
  ActionIcon,
  Button,
  Checkbox,
  Fieldset,
  Group,
  NumberInput,
  Select,
  Stack,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Message } from '../../api/types';
import { MAJORITIES, type Majority } from '../../room/polls';
import { ProblemNote } from '../../ui/ProblemNote';
import { hearMessages } from '../chat/queries';

const MOST_OPTIONS = 20;

type NewPoll = {
  question: string;
  options: string[];
  multiple: boolean;
  secret: boolean;
  hidden: boolean;
  weighted: boolean;
  guests: boolean;
  majority: Majority;
  quorum: number | string;
};

/** Asks something of everybody in the meeting. */
export function NewPollForm({ meetingId, onDone }: { meetingId: string; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [key] = useState(idempotent);
  const form = useForm<NewPoll>({
    initialValues: {
      question: '',
      options: ['', ''],
      multiple: false,
      secret: false,
      hidden: false,
      weighted: false,
      guests: false,
      majority: 'plurality',
      quorum: '',
    },
    validate: {
      question: (question) => (question.trim() ? null : t('form.required')),
    },
  });
  const { values } = form;
  const options = values.options.map((option) => option.trim());
  const double = (index: number) => options[index] !== '' && options.indexOf(options[index] ?? '') < index;
  const ask = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/chat', {
          params: { path: { id: meetingId } },
          body: { type: 'poll', metadata: metadataOf(values) as Message['metadata'] },
          headers: key,
        }),
      ),
    onSuccess: (message) => {
      hearMessages(queryClient, meetingId, [message]);
      onDone();
    },
  });
  const ready =
    options.filter((option) => option !== '').length >= 2 && !options.some((_, index) => double(index));
  return (
    <form
      onSubmit={form.onSubmit(() => {
        if (ready) ask.mutate();
      })}
    >
      <Stack>
        {ask.error && <ProblemNote error={ask.error} />}
        <TextInput
          label={t('poll.question')}
          required
          maxLength={500}
          data-autofocus
          {...form.getInputProps('question')}
        />
        <Fieldset legend={t('poll.options')}>
          <Stack gap="xs">
            {values.options.map((_, index) => (
              <Group key={index} gap="xs" wrap="nowrap" align="start">
                <TextInput
                  style={{ flex: 1 }}
                  aria-label={t('poll.option', { number: index + 1 })}
                  placeholder={t('poll.option', { number: index + 1 })}
                  maxLength={200}
                  required={index < 2}
                  {...form.getInputProps(`options.${index}`)}
                  error={double(index) ? t('poll.double') : undefined}
                />
                {values.options.length > 2 && (
                  <ActionIcon
                    size={36}
                    variant="subtle"
                    color="gray"
                    aria-label={t('poll.removeOption', { number: index + 1 })}
                    onClick={() => form.removeListItem('options', index)}
                  >
                    <IconTrash size={16} aria-hidden />
                  </ActionIcon>
                )}
              </Group>
            ))}
            {values.options.length < MOST_OPTIONS && (
              <Button
                variant="subtle"
                size="compact-sm"
                leftSection={<IconPlus size={14} aria-hidden />}
                onClick={() => form.insertListItem('options', '')}
                style={{ alignSelf: 'start' }}
              >
                {t('poll.addOption')}
              </Button>
            )}
          </Stack>
        </Fieldset>
        <Checkbox label={t('poll.ask.multiple')} {...form.getInputProps('multiple', { type: 'checkbox' })} />
        <Checkbox
          label={t('poll.ask.secret')}
          description={t('poll.ask.secretHint')}
          {...form.getInputProps('secret', { type: 'checkbox' })}
        />
        <Checkbox
          label={t('poll.ask.hidden')}
          {...form.getInputProps('hidden', { type: 'checkbox' })}
          checked={values.hidden || values.secret}
          disabled={values.secret}
        />
        <Checkbox
          label={t('poll.ask.weighted')}
          {...form.getInputProps('weighted', { type: 'checkbox' })}
          checked={values.weighted && !values.secret}
          disabled={values.secret}
        />
        <Checkbox label={t('poll.ask.guests')} {...form.getInputProps('guests', { type: 'checkbox' })} />
        <Group grow align="start">
          <Select
            label={t('poll.ask.majority')}
            data={MAJORITIES.map((name) => ({ value: name, label: t(`poll.majority.${name}`) }))}
            allowDeselect={false}
            {...form.getInputProps('majority')}
          />
          <NumberInput
            label={t('poll.ask.quorum')}
            min={1}
            max={100}
            allowDecimal={false}
            suffix=" %"
            {...form.getInputProps('quorum')}
          />
        </Group>
        <Group justify="end">
          <Button variant="default" onClick={onDone}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" loading={ask.isPending} disabled={!ready}>
            {t('poll.start')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What the message says; what is as usual is left out. */
function metadataOf(poll: NewPoll): Record<string, unknown> {
  return {
    question: poll.question.trim(),
    options: poll.options.map((option) => option.trim()).filter((option) => option !== ''),
    ...(poll.multiple && { multiple: true }),
    ...(poll.secret && { secret: true }),
    ...(poll.hidden && !poll.secret && { show_results: 'after_closing' }),
    ...(poll.weighted && !poll.secret && { weighted: true }),
    ...(poll.guests && { guests_may_vote: true }),
    ...(poll.majority !== 'plurality' && { majority: poll.majority }),
    ...(poll.quorum !== '' && { quorum_percent: Number(poll.quorum) }),
  };
}
