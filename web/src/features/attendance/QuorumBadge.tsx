import { Badge, VisuallyHidden } from '@mantine/core';
import { IconUsersGroup, IconUsersMinus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StageQuorum } from '../../api/types';
import { stageQuery } from '../stage/queries';

/** Whether enough members are there. It is said aloud when that changes, and not with each who comes or goes. */
export function QuorumBadge({ quorum, short = false }: { quorum: StageQuorum; short?: boolean }) {
  const { t } = useTranslation();
  const isReached = quorum.present >= quorum.needed;
  const was = useRef(isReached);
  const [said, say] = useState('');
  useEffect(() => {
    if (was.current === isReached) return;
    was.current = isReached;
    say(t(isReached ? 'presence.reachedNow' : 'presence.lostNow'));
  }, [isReached, t]);
  const Icon = isReached ? IconUsersGroup : IconUsersMinus;
  const whole = t(isReached ? 'presence.isReached' : 'presence.isMissed', quorum);
  return (
    <>
      <Badge
        size="lg"
        color={isReached ? 'green' : 'yellow'}
        variant={isReached ? 'filled' : 'light'}
        leftSection={<Icon size={16} aria-hidden />}
        style={{ flex: 'none', textTransform: 'none' }}
        role="img"
        aria-label={whole}
        title={whole}
      >
        {short ? `${quorum.present}/${quorum.needed}` : t('presence.badge', quorum)}
      </Badge>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </>
  );
}

/** The same on a meeting's page, for people who take part, while it is on. */
export function LiveQuorum({ meetingId }: { meetingId: string }) {
  const { data: stage } = useQuery(stageQuery(meetingId));
  return stage?.quorum ? <QuorumBadge quorum={stage.quorum} /> : null;
}
