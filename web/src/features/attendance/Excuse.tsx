import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDots, IconMailOff, IconMailQuestion } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Attendance } from '../../api/types';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';

const MOST = 500;

/** What is decided about somebody who was not there, came late or stayed too short: whether they are excused. */
export function ExcuseMenu(props: { meetingId: string; item: Attendance['items'][number] }) {
  const { meetingId, item } = props;
  const { user, excuse } = item;
  const { t } = useTranslation();
  const queryClient = useQueryClient();
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
  const isMissed = item.spans.length === 0 || item.is_late || !item.counts_as_present;
  if (!user || !item.is_listed || !(isMissed || excuse)) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('people.actionsFor', { name: user.name })}
            loading={takeBack.isPending}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconMailQuestion size={16} aria-hidden />} onClick={write.open}>
            {t(excuse ? 'presence.changeReason' : 'presence.excuse')}
          </Menu.Item>
          {excuse && (
            <Menu.Item
              leftSection={<IconMailOff size={16} aria-hidden />}
              onClick={() => takeBack.mutate(user.id)}
            >
              {t('presence.takeBack')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {writing && (
        <ExcuseDialog meetingId={meetingId} user={user} reason={excuse?.reason} onClose={write.close} />
      )}
    </>
  );
}

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
