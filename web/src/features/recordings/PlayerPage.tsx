import { Anchor, Breadcrumbs, Button, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconCalendarEvent } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Problem } from '../../api/problem';
import { can, type Meeting, type Recording, type VaultItem } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { meetingQuery } from '../meetings/queries';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import { AccessButton } from './AccessButton';
import { ConsentsPart, ViewsPart } from './Answers';
import { useAccessWords } from './access';
import { ImportState } from './Import';
import { KeepingPart } from './KeepingPart';
import { playbackUrl } from './media';
import { Player } from './Player';
import { chaptersQuery, isUnderWay, recordingQuery, transcriptQuery } from './queries';
import { DownloadButton, isImport, RecordingBadge, useFacts } from './RecordingItem';
import { RecordingNotes } from './RecordingNotes';
import { ShareLinks } from './ShareLinks';
import { TranscriptState } from './TranscriptState';
import { TrashButtons } from './Trash';

const route = getRouteApi('/signed-in/shell/recordings/$id');

/** One recording: it plays, with what happened in it beside it, and below it what those may do who keep it. */
export function PlayerPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const { data: recording, error, refetch } = useQuery(recordingQuery(id));
  const meeting = useQuery({
    ...meetingQuery(recording?.meeting_id ?? ''),
    enabled: recording !== undefined,
  });
  // Whoever was named may see the recording and not its meeting.
  const title = recording?.title ?? meeting.data?.title ?? t('recording.ofMeeting');
  usePageTitle(title);

  if (!recording && error)
    return (
      <Stack maw={1200} mx="auto">
        <BackToVault />
        <Title order={1}>{Problem.of(error).status === 404 ? t('recording.notFound') : t('nav.vault')}</Title>
        <ProblemNote error={error} onRetry={() => void refetch()} />
      </Stack>
    );
  if (!recording || meeting.isPending)
    return (
      <Stack maw={1200} mx="auto" role="status" aria-label={t('shell.loading')}>
        <Skeleton h={32} w="60%" />
        <Skeleton h={20} w="40%" />
        <Skeleton h={400} mt="lg" />
      </Stack>
    );
  return (
    <Stack maw={1200} mx="auto">
      <BackToVault />
      <Head recording={recording} meeting={meeting.data} title={title} />
      <Body key={id} recording={recording} title={title} />
      <RecordingNotes recording={recording} />
      {can(meeting.data, 'share_recordings') && meeting.data && (
        <KeeperParts recording={recording} org={meeting.data.organization_id} title={title} />
      )}
    </Stack>
  );
}

function BackToVault() {
  const { t } = useTranslation();
  return (
    <Breadcrumbs>
      <Anchor size="sm" py={6} display="inline-block" renderRoot={(props) => <Link to="/vault" {...props} />}>
        {t('nav.vault')}
      </Anchor>
    </Breadcrumbs>
  );
}

type HeadProps = { recording: Recording; meeting: Meeting | undefined; title: string };

function Head({ recording, meeting, title }: HeadProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const factsOf = useFacts();
  const accessWords = useAccessWords();
  const { organization } = useHere();
  const { data: members } = useQuery(membersQuery(meeting?.organization_id ?? organization.id));
  const nameOf = (user: string) => members?.find((one) => one.user.id === user)?.user.name;
  const names = recording.allowed_people.map(nameOf).filter((name) => name !== undefined);
  const asked = recording.requested_by && nameOf(recording.requested_by);
  return (
    <Stack gap={6}>
      <Group justify="space-between" align="start" wrap="nowrap">
        <Title order={1} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
          {title}
        </Title>
        <RecordingBadge recording={recording} />
      </Group>
      <Text>
        {recording.started_at
          ? format.span(recording.started_at, recording.ended_at)
          : t(isImport(recording) ? 'recording.importing.unknown' : 'recording.notStarted')}
      </Text>
      <Text size="sm" c="dimmed">
        {[
          ...factsOf(recording),
          asked
            ? t(isImport(recording) ? 'recording.importing.by' : 'recording.startedBy', { name: asked })
            : [],
        ]
          .flat()
          .join(' · ')}
      </Text>
      <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {t('recording.seenBy', { who: accessWords(recording, names) })}
      </Text>
      <Group gap="xs" mt={4}>
        {recording.status === 'available' && <DownloadButton id={recording.id} />}
        {meeting && (
          <Button
            size="sm"
            variant="default"
            leftSection={<IconCalendarEvent size={16} aria-hidden />}
            renderRoot={(props) => (
              <Link
                to="/meetings/$id/details"
                params={{ id: recording.meeting_id }}
                search={{ tab: 'recordings' }}
                {...props}
              />
            )}
          >
            {t('recording.toMeeting')}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Body({ recording, title }: { recording: VaultItem; title: string }) {
  const { t } = useTranslation();
  const { play, at } = route.useSearch();
  const available = recording.status === 'available';
  // Chapters are a convenience: without them it plays all the same.
  const { data: chapters } = useQuery({ ...chaptersQuery(recording.id), enabled: available });
  const { data: transcript } = useQuery({ ...transcriptQuery(recording.id), enabled: available });
  if (available)
    return (
      <Stack gap="sm">
        <Player
          id={recording.id}
          title={title}
          audioOnly={recording.audio_only}
          load={() => playbackUrl(recording.id)}
          chapters={chapters}
          transcript={transcript}
          startsAt={at}
          begins={play}
          remembers
        />
        <TranscriptState id={recording.id} transcript={transcript} />
      </Stack>
    );
  if (recording.status === 'importing') return <ImportState from={recording.import} />;
  return isUnderWay(recording) ? (
    <Text c="dimmed" role="status">
      {t(recording.status === 'finalizing' ? 'recording.almostThere' : 'recording.notYet')}
    </Text>
  ) : null;
}

type KeeperProps = { recording: Recording; org: string; title: string };

/** What those do who keep a recording. */
function KeeperParts({ recording, org, title }: KeeperProps) {
  const { t } = useTranslation();
  const { id } = recording;
  if (recording.status === 'deleted')
    return recording.erased_at ? <TrashButtons recording={recording} title={title} /> : null;
  return (
    <Tabs defaultValue="access" keepMounted={false} mt="md">
      <Tabs.List>
        <Tabs.Tab value="access">{t('recording.tab.access')}</Tabs.Tab>
        <Tabs.Tab value="views">{t('recording.tab.views')}</Tabs.Tab>
        <Tabs.Tab value="consents">{t('recording.tab.consents')}</Tabs.Tab>
        {!isUnderWay(recording) && <Tabs.Tab value="keeping">{t('recording.tab.keeping')}</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="access" pt="md">
        <Stack maw={720}>
          <Group>
            <AccessButton recording={recording} org={org} />
          </Group>
          <Title order={2} fz="md">
            {t('share.title')}
          </Title>
          <ShareLinks recordingId={id} />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="views" pt="md">
        <ViewsPart recordingId={id} />
      </Tabs.Panel>
      <Tabs.Panel value="consents" pt="md">
        <ConsentsPart recordingId={id} />
      </Tabs.Panel>
      <Tabs.Panel value="keeping" pt="md">
        <KeepingPart recording={recording} />
      </Tabs.Panel>
    </Tabs>
  );
}
