import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Message } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';

/** Asks before a message is taken back: that cannot be undone. */
export function DeleteDialog(props: { meetingId: string; message: Message; onClose: () => void }) {
  const { meetingId, message, onClose } = props;
  const { t } = useTranslation();
  const remove = useMutation({
    mutationFn: () =>
      take(
        api.DELETE('/api/v1/meetings/{id}/chat/{message}', {
          params: { path: { id: meetingId, message: message.id } },
        }),
      ),
    // The room is told by an event, and so is this page.
    onSuccess: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('chat.deleteTitle')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        {remove.error && <ProblemNote error={remove.error} />}
        <Text size="sm" lineClamp={4} style={{ overflowWrap: 'anywhere' }}>
          {message.content}
        </Text>
        <Text size="sm" c="dimmed">
          {t('chat.deleteText')}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('shell.cancel')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t('chat.delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
