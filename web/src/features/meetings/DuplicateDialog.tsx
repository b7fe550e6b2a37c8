import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { Meeting } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { toInstant, toWall } from '../../ui/time';
import { WhenInput } from '../../ui/WhenInput';

const WEEK = 7 * 86_400_000;

/** Schedules a meeting once more, a week later unless another time is chosen. */
export function DuplicateDialog({ meeting, onClose }: { meeting: Meeting; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [key] = useState(idempotent);
  const [start, setStart] = useState<string | null>(() =>
    toWall(
      new Date(Math.max(Date.parse(meeting.scheduled_start), Date.now() - WEEK) + WEEK),
      meeting.timezone,
    ),
  );
  const save = useMutation({
    mutationFn: (wall: string) =>
      take(
        api.POST('/api/v1/meetings/{id}/duplicate', {
          params: { path: { id: meeting.id } },
          body: { scheduled_start: toInstant(wall, meeting.timezone) },
          headers: key,
        }),
      ),
    onSuccess: async ({ id }) => {
      await queryClient.invalidateQueries({ queryKey: ['meetings'] });
      await navigate({ to: '/meetings/$id/details', params: { id } });
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('duplicate.title')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (start) save.mutate(start);
        }}
      >
        <Stack>
          <Text size="sm">{t('duplicate.text', { title: meeting.title })}</Text>
          {save.error && <ProblemNote error={save.error} />}
          <WhenInput
            label={t('schedule.start')}
            description={meeting.timezone}
            required
            value={start}
            onChange={setStart}
          />
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              {t('shell.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!start}>
              {t('duplicate.title')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
