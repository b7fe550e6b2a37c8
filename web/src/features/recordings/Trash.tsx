import { Button, Group, Stack, Text } from '@mantine/core';
import { IconArrowBackUp, IconFlame, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Recording } from '../../api/types';
import { callToLook } from '../../ui/callToLook';
import { DialogButton } from '../../ui/DialogButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { useRefresh } from './queries';

const restoring = (id: string) =>
  take(api.POST('/api/v1/recordings/{id}/restore', { params: { path: { id } } }));

/** Puts a recording into the trash, from where it can be taken back: nobody is asked whether they are sure. */
export function DeleteButton({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const { id } = recording;
  const undo = () => void restoring(id).then(refresh, notifyProblem);
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/recordings/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      callToLook({ id: `trash-${id}`, text: t('recording.undoDelete'), look: undo });
      await refresh();
    },
    onError: notifyProblem,
  });
  return (
    <Button
      size="sm"
      variant="light"
      color="red"
      leftSection={<IconTrash size={16} aria-hidden />}
      loading={remove.isPending}
      onClick={() => remove.mutate()}
    >
      {t('recording.delete')}
    </Button>
  );
}

/** What can be done with a recording in the trash. */
export function TrashButtons({ recording, title }: { recording: Recording; title: string }) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const restore = useMutation({
    mutationFn: () => restoring(recording.id),
    onSuccess: refresh,
    onError: notifyProblem,
  });
  return (
    <Group gap="xs">
      <Button
        size="sm"
        leftSection={<IconArrowBackUp size={16} aria-hidden />}
        loading={restore.isPending}
        onClick={() => restore.mutate()}
      >
        {t('recording.restore')}
      </Button>
      <DialogButton
        icon={IconFlame}
        label={t('recording.erase')}
        title={t('recording.eraseTitle')}
        variant="light"
        color="red"
      >
        {(close) => <Erase recording={recording} title={title} onDone={close} />}
      </DialogButton>
    </Group>
  );
}

type EraseProps = { recording: Recording; title: string; onDone: () => void };

/** Asks before a file is gone for good. */
function Erase({ recording, title, onDone }: EraseProps) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const erase = useMutation({
    mutationFn: () =>
      take(
        api.DELETE('/api/v1/recordings/{id}', {
          params: { path: { id: recording.id }, query: { permanently: true } },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  return (
    <Stack>
      <Text size="sm">{t('recording.eraseText', { title })}</Text>
      {erase.error && <ProblemNote error={erase.error} />}
      <Group justify="end">
        <Button variant="default" onClick={onDone} data-autofocus>
          {t('shell.cancel')}
        </Button>
        <Button color="red" loading={erase.isPending} onClick={() => erase.mutate()}>
          {t('recording.erase')}
        </Button>
      </Group>
    </Stack>
  );
}
