import { useRoomContext } from '@livekit/components-react';
import { Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeChoices } from '../../room/choices';
import { notifyProblem } from '../../ui/ProblemNote';
import { DeviceSelect } from './DeviceSelect';
import { useDevices } from './devices';

const KINDS = ['videoinput', 'audioinput', 'audiooutput'] as const satisfies MediaDeviceKind[];

/** Other devices in the middle of a meeting. */
export function DeviceDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const room = useRoomContext();
  const [turn, setTurn] = useState(0);
  const devices = useDevices(turn);
  const choose = (kind: MediaDeviceKind) => (deviceId: string) => {
    for (const storage of [localStorage, sessionStorage]) changeChoices(storage, { [kind]: deviceId });
    room.switchActiveDevice(kind, deviceId).then(() => setTurn(turn + 1), notifyProblem);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('room.devices')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        {KINDS.map((kind) => (
          <DeviceSelect
            key={kind}
            kind={kind}
            devices={devices}
            value={room.getActiveDevice(kind)}
            onChange={choose(kind)}
          />
        ))}
      </Stack>
    </Modal>
  );
}
