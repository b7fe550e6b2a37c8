import { Button, Group, Modal, Select, Stack, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { components } from '../../api/schema';
import type { Attendance, Meeting } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { toInstant, toWall } from '../../ui/time';
import { WhenInput } from '../../ui/WhenInput';
import { membersQuery } from '../orgs/queries';

export type Span = Attendance['items'][number]['spans'][number];

/** What is to be corrected. */
export type Task =
  | { kind: 'times' | 'restore' | 'strike'; span: Span; name: string }
  | { kind: 'add'; user?: { id: string; name: string } }
  | { kind: 'recognize' | 'takeBack'; guest: string; name: string };

type NewCorrection = components['schemas']['NewCorrection'];
type Values = { user_id: string | null; joined_at: string | null; left_at: string | null; reason: string };

/** Asks what was so instead of what was recorded, and why. */
export function CorrectionDialog({ task, meeting, onClose }: DialogProps) {
  const { t } = useTranslation();
  const title = t(`attendance.correction.${task.kind}`);
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('shell.close') }}>
      <CorrectionForm {...{ task, meeting, onClose }} />
    </Modal>
  );
}

type DialogProps = { task: Task; meeting: Meeting; onClose: () => void };

function CorrectionForm({ task, meeting, onClose }: DialogProps) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [key] = useState(idempotent);
  const [times] = useState(() => timesOf(task, meeting));
  const wall = (instant: string | null | undefined) => (instant ? toWall(instant, meeting.timezone) : null);
  const form = useForm<Values>({
    initialValues: {
      user_id: null,
      joined_at: wall(times.joined_at),
      left_at: wall(times.left_at),
      reason: '',
    },
  });
  const save = useMutation({
    mutationFn: (values: Values) => {
      // What stands as it stood keeps its parts of a second.
      const instant = (field: 'joined_at' | 'left_at') => {
        const chosen = values[field];
        if (!chosen) return null;
        return chosen === wall(times[field]) ? (times[field] ?? null) : toInstant(chosen, meeting.timezone);
      };
      return send(task, meeting.id, key, {
        ...values,
        joined_at: instant('joined_at'),
        left_at: instant('left_at'),
      });
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id] });
      onClose();
    },
    onError: (error) => showAtFields(form, error),
  });
  const asksWho = task.kind === 'recognize' || (task.kind === 'add' && !task.user);
  const asksWhen = task.kind === 'times' || task.kind === 'restore' || task.kind === 'add';
  const name = task.kind === 'add' ? task.user?.name : task.name;
  const wallProps = { withSeconds: true, valueFormat: 'ddd D MMM YYYY HH:mm:ss' };
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        {name && <Text size="sm">{t(`attendance.correction.text.${task.kind}`, { name })}</Text>}
        <FormProblem error={save.error} form={form} />
        {asksWho && <MemberSelect meeting={meeting} {...form.getInputProps('user_id')} />}
        {asksWhen && (
          <>
            <WhenInput
              label={t('attendance.correction.from')}
              description={meeting.timezone}
              required
              {...wallProps}
              {...form.getInputProps('joined_at')}
            />
            <WhenInput
              label={t('attendance.correction.to')}
              description={meeting.timezone}
              required
              {...wallProps}
              {...form.getInputProps('left_at')}
            />
          </>
        )}
        <Textarea
          label={t('attendance.correction.reason')}
          description={t('attendance.correction.reasonHint')}
          required={task.kind !== 'takeBack'}
          maxLength={500}
          autosize
          minRows={2}
          {...form.getInputProps('reason')}
        />
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t('attendance.correction.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** From when to when it is proposed that somebody was there. */
function timesOf(task: Task, meeting: Meeting): { joined_at?: string | null; left_at?: string | null } {
  if (task.kind === 'times' || task.kind === 'restore') return task.span;
  if (task.kind !== 'add') return {};
  const now = new Date().toISOString();
  return { joined_at: meeting.actual_start ?? meeting.scheduled_start, left_at: meeting.actual_end ?? now };
}

function send(task: Task, id: string, headers: Record<string, string>, values: Values): Promise<unknown> {
  const { joined_at, left_at, user_id } = values;
  const reason = values.reason.trim();
  const correct = (body: Partial<NewCorrection>) =>
    take(
      api.POST('/api/v1/meetings/{id}/attendance/corrections', {
        params: { path: { id } },
        body: { void: false, reason, ...body },
        headers,
      }),
    );
  switch (task.kind) {
    case 'times':
    case 'restore':
      return correct({ span_id: task.span.id, joined_at, left_at });
    case 'strike':
      return correct({ span_id: task.span.id, void: true });
    case 'add':
      return correct({ user_id: task.user?.id ?? user_id, joined_at, left_at });
    case 'recognize':
      return take(
        api.PUT('/api/v1/meetings/{id}/guests/{guest}/member', {
          params: { path: { id, guest: task.guest } },
          body: { user_id: user_id ?? '', reason },
        }),
      );
    case 'takeBack':
      return take(
        api.DELETE('/api/v1/meetings/{id}/guests/{guest}/member', {
          params: { path: { id, guest: task.guest }, query: { reason } },
        }),
      );
  }
}

function MemberSelect({ meeting, ...input }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const members = useQuery(membersQuery(meeting.organization_id));
  return (
    <Select
      label={t('attendance.correction.member')}
      data={(members.data ?? []).map(({ user }) => ({ value: user.id, label: user.name }))}
      searchable
      required
      nothingFoundMessage={t('schedule.nobody')}
      {...input}
    />
  );
}
