import { Badge } from '@mantine/core';
import { type Icon, IconDeviceDesktop, IconMicrophone, IconVideo } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { MeetingStatus, MeetingType } from '../../api/types';

const COLORS: Record<MeetingStatus, string> = {
  scheduled: 'clay',
  in_progress: 'green',
  completed: 'gray',
  cancelled: 'red',
};

export function StatusBadge({ status }: { status: MeetingStatus }) {
  const { t } = useTranslation();
  const live = status === 'in_progress';
  return (
    <Badge color={COLORS[status]} variant={live ? 'filled' : 'light'} style={{ flex: 'none' }}>
      {t(`status.${status}`)}
    </Badge>
  );
}

const TYPE_ICONS: Record<MeetingType, Icon> = {
  audio: IconMicrophone,
  video: IconVideo,
  screen_share: IconDeviceDesktop,
};

/** Microphone, camera or monitor, with its word for those who don't see it. */
export function TypeIcon({ type, size = 18 }: { type: MeetingType; size?: number }) {
  const { t } = useTranslation();
  const Picture = TYPE_ICONS[type];
  return (
    <span
      title={t(`meetingType.${type}`)}
      role="img"
      aria-label={t(`meetingType.${type}`)}
      style={{ lineHeight: 0 }}
    >
      <Picture size={size} aria-hidden />
    </span>
  );
}
