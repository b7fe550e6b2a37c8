import { Button, Group, Text } from '@mantine/core';
import { IconCheck, IconUserOff } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { can, type Meeting } from '../../api/types';
import { notifyProblem } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { meetingQuery } from '../meetings/queries';

/** From its start on a meeting may be confirmed for so long; whether it still may be, the server decides. */
const WINDOW_MS = 2 * 3_600_000;

/** Whether a meeting took place, and the button to say so while it can be said. */
export function ShowNote({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow().getTime();
  const queryClient = useQueryClient();
  const show = useMutation({
    mutationFn: () => take(api.POST('/api/v1/meetings/{id}/show', { params: { path: { id: meeting.id } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: meetingQuery(meeting.id).queryKey }),
    onError: notifyProblem,
  });
  if (meeting.show_status === 'attended')
    return (
      <Group gap={6} c="green">
        <IconCheck size={18} aria-hidden />
        <Text size="sm">
          {t('show.attended', { at: format.moment(meeting.shown_at ?? meeting.scheduled_start) })}
        </Text>
      </Group>
    );
  const start = Date.parse(meeting.scheduled_start);
  const open = meeting.status !== 'cancelled' && start <= now && now <= start + WINDOW_MS;
  if (open && can(meeting, 'show'))
    return (
      <Group>
        <Button
          variant="light"
          leftSection={<IconCheck size={16} aria-hidden />}
          loading={show.isPending}
          onClick={() => show.mutate()}
        >
          {t('show.confirm')}
        </Button>
      </Group>
    );
  if (meeting.show_status === 'no_show')
    return (
      <Group gap={6} c="red">
        <IconUserOff size={18} aria-hidden />
        <Text size="sm">{t('show.noShow')}</Text>
      </Group>
    );
  return null;
}
