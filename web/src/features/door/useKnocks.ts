import { notifications } from '@mantine/notifications';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Participant } from '../../api/types';
import { chime } from '../../room/chime';
import { callToLook } from '../../ui/callToLook';

/** Shows and sounds to those who keep the door that somebody new stands before it. */
export function useKnocks(
  meetingId: string,
  waiting: readonly Participant[],
  looking: boolean,
  look: () => void,
) {
  const { t } = useTranslation();
  const known = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const fresh = waiting.filter(({ user }) => !known.current.has(user.id));
    known.current = new Set(waiting.map(({ user }) => user.id));
    const id = `knock-${meetingId}`;
    if (waiting.length === 0 || looking) notifications.hide(id);
    if (fresh.length === 0) return;
    chime();
    if (looking) return;
    const name = fresh[0]?.user.name ?? '';
    // One for all of them, however many come at once.
    callToLook({ id, text: t('door.knocks', { count: waiting.length, name }), look, stays: true });
  });
}
