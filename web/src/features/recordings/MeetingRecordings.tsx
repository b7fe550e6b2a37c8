import { Skeleton, Stack } from '@mantine/core';
import { IconMovie } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { can, type Meeting } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { recordingsQuery } from '../meetings/queries';
import { RecordingItem } from './RecordingItem';

/** The recordings of one meeting. */
export function MeetingRecordings({ meeting, live }: { meeting: Meeting; live: boolean }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(recordingsQuery(meeting.id, live));
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={120} role="status" aria-label={t('shell.loading')} />;
  if (data.length === 0) return <EmptyState icon={IconMovie} title={t('recording.none')} />;
  return (
    <Stack>
      {data.map((recording) => (
        <RecordingItem
          key={recording.id}
          recording={recording}
          title={meeting.title}
          org={meeting.organization_id}
          isKeeper={can(meeting, 'share_recordings')}
        />
      ))}
    </Stack>
  );
}
