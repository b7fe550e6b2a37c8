import { Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';

type Props = {
  kind: MediaDeviceKind;
  devices: MediaDeviceInfo[];
  value: string | undefined;
  onChange: (deviceId: string) => void;
};

/** A choice of camera, microphone or loudspeaker; nothing where there is none to choose. */
export function DeviceSelect({ kind, devices, value, onChange }: Props) {
  const { t } = useTranslation();
  const options = devices
    // Before permission is given the browser names neither devices nor ids.
    .filter((device) => device.kind === kind && device.deviceId)
    .map(({ deviceId, label }, index) => ({
      value: deviceId,
      label: label || t('room.deviceNumber', { number: index + 1 }),
    }));
  if (options.length === 0) return null;
  return (
    <Select
      label={t(`room.device.${kind}`)}
      data={options}
      value={options.some((option) => option.value === value) ? value : options[0]?.value}
      onChange={(next) => next && onChange(next)}
      allowDeselect={false}
    />
  );
}
