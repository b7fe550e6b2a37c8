import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconMovie } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { can, type Meeting, type Recording } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { recordingsQuery } from '../meetings/queries';
import { ImportButton } from './Import';
import { recordingQuery } from './queries';
import { RecordingItem } from './RecordingItem';

/** The recordings of one meeting. */
export function MeetingRecordings({ meeting, live }: { meeting: Meeting; live: boolean }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(recordingsQuery(meeting.id, live));
  if (!data && error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={120} role="status" aria-label={t('shell.loading')} />;
  const isKeeper = can(meeting, 'share_recordings');
  return (
    <Stack>
      {/* In one place, so that what is being filled in stays when the first recording comes. */}
      {isKeeper && (
        <Group justify="end">
          <ImportButton meetingId={meeting.id} />
        </Group>
      )}
      {data.length === 0 && <EmptyState icon={IconMovie} title={t('recording.none')} />}
      {data.map((recording) => (
        <Item key={recording.id} recording={recording} meeting={meeting} isKeeper={isKeeper} />
      ))}
    </Stack>
  );
}

type ItemProps = { recording: Recording; meeting: Meeting; isKeeper: boolean };

function Item({ recording, meeting, isKeeper }: ItemProps) {
  // What comes from elsewhere may have a name of its own, and is on its way for a while.
  const { data } = useQuery({ ...recordingQuery(recording.id), enabled: recording.engine === 'import' });
  return (
    <RecordingItem
      recording={data ?? recording}
      title={data?.title ?? meeting.title}
      heading={data?.title && <Text fw={600}>{data.title}</Text>}
      org={meeting.organization_id}
      isKeeper={isKeeper}
    />
  );
}
