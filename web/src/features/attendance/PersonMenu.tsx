import { ActionIcon, Menu } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconClockPlus,
  IconDots,
  IconMailOff,
  IconMailQuestion,
  IconUserQuestion,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Attendance } from '../../api/types';
import { notifyProblem } from '../../ui/ProblemNote';
import { CorrectionDialog, type Task } from './CorrectionDialog';
import { ExcuseDialog } from './Excuse';
import { nameOf, useCorrectable } from './Spans';

type Props = { meetingId: string; item: Attendance['items'][number] };

/** What may be said about somebody's presence as a whole: an excuse, a presence that nobody saw, who a guest was. */
export function PersonMenu({ meetingId, item }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const meeting = useCorrectable(meetingId);
  const [task, setTask] = useState<Task>();
  const [writing, write] = useDisclosure(false);
  const takeBack = useMutation({
    mutationFn: (id: string) =>
      take(
        api.DELETE('/api/v1/meetings/{id}/participants/{user}/excuse', {
          params: { path: { id: meetingId, user: id } },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meetingId, 'attendance'] }),
    onError: notifyProblem,
  });
  const { user, guest_id: guest, excuse, came_as } = item;
  const isMissed = item.spans.length === 0 || item.is_late || !item.counts_as_present;
  const excusable = item.is_listed && (isMissed || excuse) ? user : undefined;
  const correctable = meeting && (user || guest);
  if (!excusable && !correctable) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('people.actionsFor', { name: nameOf(item) })}
            loading={takeBack.isPending}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {excusable && (
            <Menu.Item leftSection={<IconMailQuestion size={16} aria-hidden />} onClick={write.open}>
              {t(excuse ? 'presence.changeReason' : 'presence.excuse')}
            </Menu.Item>
          )}
          {excusable && excuse && (
            <Menu.Item
              leftSection={<IconMailOff size={16} aria-hidden />}
              onClick={() => takeBack.mutate(excusable.id)}
            >
              {t('presence.takeBack')}
            </Menu.Item>
          )}
          {correctable && user && (
            <Menu.Item
              leftSection={<IconClockPlus size={16} aria-hidden />}
              onClick={() => setTask({ kind: 'add', user })}
            >
              {t('attendance.correction.open.add')}
            </Menu.Item>
          )}
          {correctable && guest && (
            <Menu.Item
              leftSection={<IconUserQuestion size={16} aria-hidden />}
              onClick={() => setTask({ kind: 'recognize', guest, name: nameOf(item) })}
            >
              {t('attendance.correction.open.recognize')}
            </Menu.Item>
          )}
          {correctable &&
            came_as.map(({ guest_id, name }) => (
              <Menu.Item
                key={guest_id}
                leftSection={<IconUserQuestion size={16} aria-hidden />}
                onClick={() => setTask({ kind: 'takeBack', guest: guest_id, name })}
              >
                {t('attendance.correction.open.takeBack', { name })}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
      {writing && excusable && (
        <ExcuseDialog meetingId={meetingId} user={excusable} reason={excuse?.reason} onClose={write.close} />
      )}
      {task && meeting && (
        <CorrectionDialog task={task} meeting={meeting} onClose={() => setTask(undefined)} />
      )}
    </>
  );
}
