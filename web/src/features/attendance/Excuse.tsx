import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { ProblemNote } from '../../ui/ProblemNote';

const MOST = 500;

type Props = {
  meetingId: string;
  user: { id: string; name: string };
  /** What stands there already. */
  reason?: string;
  onClose: () => void;
};

/** Asks why somebody is excused. */
export function ExcuseDialog({ meetingId, user, reason: before = '', onClose }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState(before);
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/meetings/{id}/participants/{user}/excuse', {
          params: { path: { id: meetingId, user: user.id } },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['meeting', meetingId, 'attendance'] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim()) save.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('presence.excuseTitle', { name: user.name })}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t('presence.excuseText')}</Text>
          {save.error && <ProblemNote error={save.error} />}
          <Textarea
            label={t('presence.reason')}
            required
            maxLength={MOST}
            autosize
            minRows={2}
            maxRows={6}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" disabled={!reason.trim()} loading={save.isPending}>
              {t('presence.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
