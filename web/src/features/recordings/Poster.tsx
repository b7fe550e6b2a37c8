import { useIntersection } from '@mantine/hooks';
import { IconAlertTriangle, IconClock, IconHeadphones, IconMovie, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Recording } from '../../api/types';
import { useObjectUrl } from '../../ui/useObjectUrl';
import classes from './Poster.module.css';
import { isUnderWay, posterQuery } from './queries';

/** A small picture of a recording, loaded when it comes in sight; of what has none, what it is. It says nothing that
 * does not stand beside it in words. */
export function Poster({ recording }: { recording: Recording }) {
  const { ref, entry } = useIntersection({ rootMargin: '200px' });
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (entry?.isIntersecting) setSeen(true);
  }, [entry?.isIntersecting]);
  const hasOne = recording.status === 'available' && !recording.audio_only;
  const { data } = useQuery({ ...posterQuery(recording), enabled: hasOne && seen });
  const url = useObjectUrl(data);
  const Icon = iconOf(recording);
  return (
    <div className={classes.poster} ref={ref} aria-hidden>
      {url ? <img className={classes.picture} src={url} alt="" /> : <Icon size={28} />}
    </div>
  );
}

function iconOf(recording: Recording) {
  if (recording.status === 'failed') return IconAlertTriangle;
  if (recording.status === 'deleted') return IconTrash;
  if (isUnderWay(recording)) return IconClock;
  return recording.audio_only ? IconHeadphones : IconMovie;
}
