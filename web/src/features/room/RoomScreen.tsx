import {
  RoomAudioRenderer,
  useConnectionState,
  useRoomContext,
  useStartAudio,
} from '@livekit/components-react';
import { ActionIcon, Badge, Button, Drawer, Group, Tabs, Text, Title, VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconUserQuestion, IconUsers, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ConnectionState } from 'livekit-client';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { can, type Joined, type Meeting } from '../../api/types';
import type { Unread } from '../../room/messages';
import { isBeside, userIdOf } from '../../room/people';
import { mayVote, pollsOf } from '../../room/polls';
import { callToLook } from '../../ui/callToLook';
import { QuorumBadge } from '../attendance/QuorumBadge';
import { Chat } from '../chat/Chat';
import { pollsQuery } from '../chat/queries';
import { useUnread } from '../chat/useReadMark';
import { useKnocks } from '../door/useKnocks';
import { PollsPanel } from '../polls/PollsPanel';
import { PresencePrompt } from '../presence/PresencePrompt';
import { useCheck } from '../presence/useCheck';
import { AskedDialog } from '../stage/AskedDialog';
import classes from './Conference.module.css';
import { ControlBar } from './ControlBar';
import { PeoplePanel } from './PeoplePanel';
import { RecordingNotice, useNotice } from './RecordingNotice';
import { RecordingSign } from './RecordingSign';
import { Stage } from './Stage';
import { type ConferenceState, useConference } from './useConference';
import { useView } from './useView';

/** What the side panel shows. */
export type Panel = 'chat' | 'people' | 'polls';

/** The room as one sees it: header, stage, controls, side panel. */
export function RoomScreen(props: { meeting: Meeting; joined: Joined; onLeave: () => void }) {
  const { meeting, joined, onLeave } = props;
  const { t } = useTranslation();
  const phone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const [panel, setPanel] = useState<Panel | null>(null);
  const conference = useConference(meeting, joined);
  const me = userIdOf(joined.identity);
  const unread = useUnread(meeting.id, me, can(meeting, 'chat'));
  useMentions(meeting.id, unread, panel === 'chat', () => setPanel('chat'));
  useKnocks(meeting.id, conference.waiting, panel === 'people', () => setPanel('people'));
  const unanswered = useUnanswered(meeting, panel === 'polls', () => setPanel('polls'));
  const titles = { chat: t('room.chat'), people: t('room.people'), polls: t('poll.title') };
  const check = useCheck(meeting.id, me, conference.moderates);
  const connection = useConnectionState();
  const seen = useView();
  const people = new Set(conference.present.map(({ identity }) => userIdOf(identity))).size;
  // A second device in the same room would howl.
  const second = isBeside(joined.identity);
  const [silent, setSilent] = useState(second);
  const acting = nameOf(conference, conference.stage?.acting_host_id);
  const starter = nameOf(conference, conference.active?.requested_by);
  // On a second device the same person need not answer again.
  const notice = useNotice(second ? undefined : conference.active, me, onLeave);
  // Nothing beside a sheet can be reached by the keyboard.
  const inSheet = phone && panel !== null;
  const toggle = (next: Panel) => setPanel((now) => (now === next ? null : next));

  const side = panel && (
    <SidePanel
      panel={panel}
      onPanel={setPanel}
      onClose={() => setPanel(null)}
      meeting={meeting}
      me={me}
      conference={conference}
    />
  );
  return (
    <>
      <header className={classes.header}>
        <Group gap="sm" wrap="nowrap" miw={0}>
          <Title order={1} fz="md" className={classes.title}>
            {meeting.title}
          </Title>
          <Badge color="green" variant="filled" className={classes.badge}>
            {t('status.in_progress')}
          </Badge>
        </Group>
        <Group gap="md" wrap="nowrap" miw={0}>
          {acting && (
            <Text size="sm" role="status" miw={0} className={classes.title}>
              {t('stage.acting', { name: acting })}
            </Text>
          )}
          {check.standing && (
            <Group gap={4} wrap="nowrap" role="status">
              <IconUserQuestion size={18} aria-hidden />
              <Text size="sm" className={classes.title} {...(phone && { 'aria-hidden': true })}>
                {phone
                  ? `${check.standing.confirmed}/${check.standing.asked}`
                  : t('presence.standing', check.standing)}
              </Text>
              {phone && <VisuallyHidden>{t('presence.standing', check.standing)}</VisuallyHidden>}
            </Group>
          )}
          {conference.recording && (
            <RecordingSign recording={conference.active} starter={starter} phone={phone} />
          )}
          {!conference.recording && conference.active && (
            <Text size="sm" role="status">
              {t('room.recordingStarts')}
            </Text>
          )}
          {conference.stage?.quorum && <QuorumBadge quorum={conference.stage.quorum} short={phone} />}
          <Group gap={4} wrap="nowrap">
            <IconUsers size={18} aria-hidden />
            <Text size="sm" aria-label={t('meeting.people', { count: people })} role="img">
              {people}
            </Text>
          </Group>
        </Group>
      </header>
      <main className={classes.main}>
        <Stage
          meeting={meeting}
          present={conference.present}
          spotlight={conference.stage?.spotlight ?? []}
          phone={phone}
          seen={seen}
        />
        {connection !== ConnectionState.Connected && (
          <div className={classes.notice} role="status">
            {connection === ConnectionState.Connecting ? t('room.connecting') : t('room.reconnecting')}
          </div>
        )}
        <RoomAudioRenderer muted={silent} />
        {!silent && <AudioStart />}
        {check.waiting && !inSheet && <PresencePrompt meetingId={meeting.id} check={check.waiting} />}
        {notice && !inSheet && <RecordingNotice notice={notice} starter={starter} />}
        <AskedDialog meetingId={meeting.id} me={conference.stage?.my_id} />
        {!phone && panel && (
          <aside className={classes.side} aria-label={titles[panel]}>
            {side}
          </aside>
        )}
      </main>
      <ControlBar
        meeting={meeting}
        conference={conference}
        phone={phone}
        panel={panel}
        unread={unread.count}
        unanswered={unanswered}
        seen={seen}
        starter={starter}
        sound={second ? { on: !silent, toggle: () => setSilent(!silent) } : undefined}
        onPanel={toggle}
        onLeave={onLeave}
      />
      {phone && (
        <Drawer.Root opened={panel !== null} onClose={() => setPanel(null)} position="bottom" size="75%">
          <Drawer.Overlay />
          <Drawer.Content aria-label={titles[panel ?? 'chat']}>
            <Drawer.Body className={classes.sheet}>
              {check.waiting && inSheet && (
                <PresencePrompt meetingId={meeting.id} check={check.waiting} inSheet />
              )}
              {notice && inSheet && <RecordingNotice notice={notice} starter={starter} inSheet />}
              {side}
            </Drawer.Body>
          </Drawer.Content>
        </Drawer.Root>
      )}
    </>
  );
}

/** What somebody in the room is called; undefined for nobody. */
const nameOf = ({ listed, present }: ConferenceState, id: string | null | undefined) =>
  present.find(({ identity }) => userIdOf(identity) === id)?.name ??
  listed?.find(({ user }) => user.id === id)?.user.name;

type SidePanelProps = {
  panel: Panel;
  onPanel: (panel: Panel) => void;
  onClose: () => void;
  meeting: Meeting;
  me: string;
  conference: ConferenceState;
};

function SidePanel({ panel, onPanel, onClose, meeting, me, conference }: SidePanelProps) {
  const { t } = useTranslation();
  const { listed, present } = conference;
  const people = useMemo(() => {
    const names = new Map(listed?.map(({ user }) => [user.id, user.name]));
    for (const { identity, name } of present) {
      if (!isBeside(identity)) names.set(userIdOf(identity), name);
    }
    return [...names].map(([id, name]) => ({ id, name }));
  }, [listed, present]);
  return (
    <Tabs
      value={panel}
      onChange={(next) => onPanel(next as Panel)}
      keepMounted={false}
      classNames={{ root: classes.tabs, panel: classes.tabPanel }}
    >
      <Tabs.List pe={44}>
        <Tabs.Tab value="chat">{t('room.chat')}</Tabs.Tab>
        <Tabs.Tab value="people">{t('room.people')}</Tabs.Tab>
        {can(meeting, 'chat') && <Tabs.Tab value="polls">{t('poll.title')}</Tabs.Tab>}
      </Tabs.List>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        className={classes.closePanel}
        aria-label={t('room.closePanel')}
        onClick={onClose}
      >
        <IconX size={18} aria-hidden />
      </ActionIcon>
      <Tabs.Panel value="chat">
        <Chat
          meetingId={meeting.id}
          title={meeting.title}
          me={me}
          people={people}
          writable={can(meeting, 'chat')}
          silenced={conference.stage?.my_rights.can_chat === false}
          moderates={can(meeting, 'moderate')}
          exportable={meeting.my.role !== null}
        />
      </Tabs.Panel>
      <Tabs.Panel value="people">
        <PeoplePanel meeting={meeting} conference={conference} />
      </Tabs.Panel>
      <Tabs.Panel value="polls">
        <PollsPanel meeting={meeting} />
      </Tabs.Panel>
    </Tabs>
  );
}

/** Tells whoever is named in the chat while they do not look at it. */
function useMentions(meetingId: string, { mentions }: Unread, reading: boolean, look: () => void) {
  const { t } = useTranslation();
  const known = useRef<number>(undefined);
  useEffect(() => {
    const more = known.current !== undefined && mentions > known.current;
    known.current = mentions;
    if (!more || reading) return;
    callToLook({ id: `mention-${meetingId}`, text: t('chat.youAreNamed'), look });
  });
}

/** How many polls wait for one's vote; tells of each that is opened while the panel is not. */
function useUnanswered(meeting: Meeting, looking: boolean, look: () => void): number {
  const { t } = useTranslation();
  const { data } = useQuery({ ...pollsQuery(meeting.id), enabled: can(meeting, 'chat') });
  const polls = data && pollsOf(data).filter((poll) => mayVote(poll) && poll.mine === undefined);
  const newest = data && (polls?.[0]?.id ?? '');
  const [seen, setSeen] = useState<string>();
  useEffect(() => {
    if (newest === undefined || newest === seen) return;
    setSeen(newest);
    const poll = polls?.find(({ id }) => id === newest);
    // UUIDv7: a greater id is a later poll, and not the one before whose turn it is now.
    if (seen === undefined || looking || !poll || newest < seen) return;
    callToLook({ id: `poll-${poll.id}`, text: t('poll.opened', { question: poll.question }), look });
  });
  return polls?.length ?? 0;
}

/** Browsers keep still until the page is touched; this asks for the touch. */
function AudioStart() {
  const { t } = useTranslation();
  const room = useRoomContext();
  const { mergedProps, canPlayAudio } = useStartAudio({ room, props: {} });
  if (canPlayAudio) return null;
  return (
    <div className={classes.notice}>
      <Button size="sm" onClick={mergedProps.onClick}>
        {t('room.startAudio')}
      </Button>
    </div>
  );
}
