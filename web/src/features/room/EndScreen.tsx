import { Button, Center, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { type Icon, IconDeviceLaptop, IconDoorExit, IconFlag, IconWifiOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Meeting } from '../../api/types';
import type { Seat } from '../../room/choices';
import type { Ending } from '../../room/endings';

const ICONS: Record<Exclude<Ending, 'left'>, Icon> = {
  ended: IconFlag,
  removed: IconDoorExit,
  elsewhere: IconDeviceLaptop,
  lost: IconWifiOff,
};

type Props = {
  meeting: Pick<Meeting, 'id' | 'title'>;
  ending: Exclude<Ending, 'left'>;
  /** Guests have no other page to go to. */
  guest?: boolean;
  /** How this device was in the room. */
  seat?: Seat;
  onRejoin: (seat: Seat) => void;
};

/** Why one is out of the room, and the way on. */
export function EndScreen({ meeting, ending, guest = false, seat = 'first', onRejoin }: Props) {
  const { t } = useTranslation();
  const Picture = ICONS[ending];
  const maybeBack = ending === 'elsewhere' || ending === 'lost';
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack align="center" ta="center" maw={420} role="status">
        <ThemeIcon size={64} radius="xl" variant="light" aria-hidden>
          <Picture size={32} />
        </ThemeIcon>
        <Title order={1}>{t(`room.ending.${ending}.title`)}</Title>
        <Text c="dimmed">{t(`room.ending.${ending}.text`, { title: meeting.title })}</Text>
        {maybeBack && <Button onClick={() => onRejoin(seat)}>{t('room.joinAgain')}</Button>}
        {ending === 'elsewhere' && !guest && seat === 'first' && (
          <Button variant="default" onClick={() => onRejoin('beside')}>
            {t('room.joinBeside')}
          </Button>
        )}
        {ending === 'ended' && !guest && (
          <Button
            renderRoot={(props) => <Link to="/meetings/$id/details" params={{ id: meeting.id }} {...props} />}
          >
            {t('meeting.viewDetails')}
          </Button>
        )}
        {!guest && (
          <Button variant="default" renderRoot={(props) => <Link to="/meetings" {...props} />}>
            {t('room.backToMeetings')}
          </Button>
        )}
      </Stack>
    </Center>
  );
}
