import { ActionIcon, Menu } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDots, IconMailQuestion, IconUserMinus, IconUserUp } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { can, type Meeting, type Participant } from '../../api/types';
import { notifyProblem } from '../../ui/ProblemNote';
import { ExcuseDialog } from '../attendance/Excuse';

type Props = { meeting: Meeting; invitee: Participant };

/** What those who moderate decide about someone outside the room: whether they help to lead, whether they may come. */
export function InviteeMenu({ meeting, invitee }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [excusing, excuse] = useDisclosure(false);
  const params = { path: { id: meeting.id, user: invitee.user.id } };
  const act = useMutation({
    mutationFn: (call: () => Promise<unknown>) => call(),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['meeting', meeting.id] }),
    onError: notifyProblem,
  });
  const helps = invitee.role === 'co_host';
  const setRole = () =>
    act.mutate(() =>
      take(
        api.PATCH('/api/v1/meetings/{id}/participants/{user}', {
          params,
          body: { role: helps ? 'participant' : 'co_host' },
        }),
      ),
    );
  const takeOff = () =>
    act.mutate(() => take(api.DELETE('/api/v1/meetings/{id}/participants/{user}', { params })));
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('people.actionsFor', { name: invitee.user.name })}
            loading={act.isPending}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {meeting.my.role === 'host' && !invitee.is_guest && (
            <Menu.Item leftSection={<IconUserUp size={16} aria-hidden />} onClick={setRole}>
              {t(helps ? 'stage.endCoHost' : 'stage.makeCoHost')}
            </Menu.Item>
          )}
          {can(meeting, 'excuse') && !invitee.is_guest && (
            <Menu.Item leftSection={<IconMailQuestion size={16} aria-hidden />} onClick={excuse.open}>
              {t('presence.excuse')}
            </Menu.Item>
          )}
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconUserMinus size={16} aria-hidden />}
            onClick={takeOff}
          >
            {t('overview.takeOff')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {excusing && <ExcuseDialog meetingId={meeting.id} user={invitee.user} onClose={excuse.close} />}
    </>
  );
}
