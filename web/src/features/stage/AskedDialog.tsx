import { useLocalParticipant } from '@livekit/components-react';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { notifyProblem } from '../../ui/ProblemNote';
import { useAsked } from './queries';

/** Asks the viewer whether to switch on what a host asks for; nobody is switched on but by themselves. */
export function AskedDialog({ meetingId, me }: { meetingId: string; me: string | undefined }) {
  const { t } = useTranslation();
  const asked = useAsked(meetingId);
  const [answered, setAnswered] = useState<number>();
  const { localParticipant, isMicrophoneEnabled, isCameraEnabled, isScreenShareEnabled } =
    useLocalParticipant();
  const source = asked?.source === 'camera' || asked?.source === 'microphone' ? asked.source : 'screen';
  const isOn = { microphone: isMicrophoneEnabled, camera: isCameraEnabled, screen: isScreenShareEnabled }[
    source
  ];
  const close = () => setAnswered(asked?.at);
  const turnOn = useMutation({
    mutationFn: async () => {
      if (source === 'microphone') await localParticipant.setMicrophoneEnabled(true);
      else if (source === 'camera') await localParticipant.setCameraEnabled(true);
      else await localParticipant.setScreenShareEnabled(true, { audio: true });
    },
    onError: notifyProblem,
    onSettled: close,
  });
  if (!asked || asked.user_id !== me || asked.at === answered || isOn) return null;
  return (
    <Modal
      opened
      onClose={close}
      title={t('stage.askedTitle')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <Text size="sm">{t(`stage.asked.${source}`)}</Text>
        <Group justify="end">
          <Button variant="default" onClick={close}>
            {t('stage.notNow')}
          </Button>
          <Button loading={turnOn.isPending} onClick={() => turnOn.mutate()} data-autofocus>
            {t('stage.switchOn')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
