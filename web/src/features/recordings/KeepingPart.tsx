import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { IconLock, IconLockOpen } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Recording } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { transcriptQuery, useRefresh } from './queries';
import { TranscriptKeeping } from './TranscriptState';
import { DeleteButton } from './Trash';

/** How long a recording is kept: a legal hold, and the way into the trash. */
export function KeepingPart({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const { data: transcript } = useQuery({
    ...transcriptQuery(recording.id),
    enabled: recording.status === 'available',
  });
  const path = { path: { id: recording.id } };
  const release = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/recordings/{id}/hold', { params: path })),
    onSuccess: refresh,
    onError: notifyProblem,
  });
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t(recording.hold ? 'recording.heldText' : 'recording.holdText')}
      </Text>
      <Group gap="xs">
        {recording.hold ? (
          <Button
            size="sm"
            variant="default"
            leftSection={<IconLockOpen size={16} aria-hidden />}
            loading={release.isPending}
            onClick={() => release.mutate()}
          >
            {t('recording.release')}
          </Button>
        ) : (
          <>
            <DialogButton icon={IconLock} label={t('recording.hold')}>
              {(close) => <HoldForm recording={recording} onDone={close} />}
            </DialogButton>
            <DeleteButton recording={recording} />
          </>
        )}
      </Group>
      <TranscriptKeeping id={recording.id} transcript={transcript} held={Boolean(recording.hold)} />
    </Stack>
  );
}

function HoldForm({ recording, onDone }: { recording: Recording; onDone: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefresh(recording);
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT('/api/v1/recordings/{id}/hold', {
          params: { path: { id: recording.id } },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setMissing(!reason.trim());
        if (reason.trim()) save.mutate();
      }}
    >
      <Stack>
        {save.error && <ProblemNote error={save.error} />}
        <Textarea
          label={t('recording.holdReason')}
          description={t('recording.holdReasonHint')}
          required
          maxLength={500}
          autosize
          minRows={2}
          value={reason}
          error={missing && !reason.trim() ? t('form.required') : undefined}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        <Group justify="end">
          <Button variant="default" onClick={onDone}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t('recording.hold')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
