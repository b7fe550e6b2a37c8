import { Anchor, Skeleton, Stack, Title } from '@mantine/core';
import { IconMovie } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { can, type Recording } from '../../api/types';
import { EmptyState } from '../../ui/EmptyState';
import { MoreButton } from '../../ui/MoreButton';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { meetingQuery } from '../meetings/queries';
import { useHere } from '../orgs/OrganizationGate';
import { RecordingItem } from './RecordingItem';

/** Every recording of the organization that the caller may see. */
export function VaultPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.vault'));
  const { organization } = useHere();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['vault', organization.id],
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/organizations/{org}/recordings', {
          params: { path: { org: organization.id }, query: { limit: 30, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const recordings = data?.pages.flatMap(({ items }) => items);
  return (
    <Stack maw={1100} mx="auto">
      <Title order={1}>{t('nav.vault')}</Title>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!recordings && !error && (
        <Stack role="status" aria-label={t('shell.loading')}>
          <Skeleton h={120} />
          <Skeleton h={120} />
        </Stack>
      )}
      {recordings?.length === 0 && <EmptyState icon={IconMovie} title={t('recording.vaultEmpty')} />}
      {recordings?.map((recording) => (
        <VaultItem key={recording.id} recording={recording} />
      ))}
      <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
    </Stack>
  );
}

function VaultItem({ recording }: { recording: Recording }) {
  const { t } = useTranslation();
  const { data: meeting } = useQuery(meetingQuery(recording.meeting_id));
  const title = meeting?.title ?? t('recording.ofMeeting');
  return (
    <RecordingItem
      recording={recording}
      title={title}
      canShare={can(meeting, 'share_recordings')}
      heading={
        <Anchor
          fw={600}
          c="inherit"
          renderRoot={(props) => (
            <Link
              to="/meetings/$id/details"
              params={{ id: recording.meeting_id }}
              search={{ tab: 'recordings' }}
              {...props}
            />
          )}
        >
          {title}
        </Anchor>
      }
    />
  );
}
