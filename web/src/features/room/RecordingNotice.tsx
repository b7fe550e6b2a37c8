import { Button, Group, Text } from '@mantine/core';
import { IconCheck, IconPhoneOff } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Recording } from '../../api/types';
import { hasAgreed, rememberAgreed } from '../../room/recording';
import { notifyProblem } from '../../ui/ProblemNote';
import { Prompt } from '../../ui/Prompt';

const answer = (id: string, accepted: boolean) =>
  take(api.POST('/api/v1/recordings/{id}/consent', { params: { path: { id } }, body: { accepted } }));

/** The recording that somebody has still to be told of, and how they answer. */
export function useNotice(recording: Recording | undefined, person: string, onLeave: () => void) {
  // What the storage holds is read anew after each answer.
  const [, setAnswers] = useState(0);
  const agree = useMutation({
    mutationFn: (id: string) => answer(id, true),
    onSuccess: (_, id) => {
      rememberAgreed(sessionStorage, id, person);
      setAnswers((count) => count + 1);
    },
    onError: notifyProblem,
  });
  const leave = (id: string) => {
    // Whoever does not want to be recorded is not kept by an answer that does not get through.
    void answer(id, false).catch(() => undefined);
    onLeave();
  };
  const id = recording?.status === 'recording' ? recording.id : undefined;
  if (!id || hasAgreed(sessionStorage, id, person)) return undefined;
  return { agree: () => agree.mutate(id), leave: () => leave(id), busy: agree.isPending };
}

type Props = {
  notice: NonNullable<ReturnType<typeof useNotice>>;
  /** Who started it. */
  starter: string | undefined;
  /** Inside a sheet that covers the room, and not above it. */
  inSheet?: boolean;
};

/** Tells that the meeting is recorded, and asks whether one agrees. */
export function RecordingNotice({ notice, starter, inSheet }: Props) {
  const { t } = useTranslation();
  return (
    <Prompt at={inSheet ? 'sheet' : 'bottom'} label={t('room.notice.title')}>
      <div role="alert">
        <Text fw={650}>{t('room.notice.title')}</Text>
        <Text size="sm">
          {[starter && t('room.notice.by', { name: starter }), t('room.notice.text')]
            .filter(Boolean)
            .join(' ')}
        </Text>
      </div>
      <Group grow mt="sm">
        <Button variant="default" leftSection={<IconPhoneOff size={18} aria-hidden />} onClick={notice.leave}>
          {t('room.leave')}
        </Button>
        <Button
          leftSection={<IconCheck size={18} aria-hidden />}
          loading={notice.busy}
          onClick={notice.agree}
        >
          {t('room.notice.agree')}
        </Button>
      </Group>
    </Prompt>
  );
}
