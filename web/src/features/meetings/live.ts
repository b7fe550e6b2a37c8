import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { authorizedFetch } from '../../api/session';
import type { Meeting, Participant, Recording } from '../../api/types';
import { type MeetingEvent, newsFilter } from '../../room/events';
import { followEvents } from '../../room/stream';
import { chatQuery, hearMessages, hearPoll, isKnownPoll, loadMessage } from '../chat/queries';
import { doorQuery } from '../door/queries';
import { hearCheckClosed, hearCheckOpened } from '../presence/queries';
import { hearReaction } from '../reactions/queries';
import { hearRecording } from '../recordings/heard';
import { hearAsked, hearQuorum, hearRights, hearStage, stageQuery } from '../stage/queries';

const filters = new Map<string, ReturnType<typeof newsFilter>>();

function isNews(meetingId: string, event: MeetingEvent) {
  const filter = filters.get(meetingId) ?? newsFilter();
  filters.set(meetingId, filter);
  return filter(event);
}

/** Writes an event into what the pages have loaded. What is not loaded will be fetched fresh anyway. */
export function applyEvent(queryClient: QueryClient, meetingId: string, happened: MeetingEvent) {
  if (!isNews(meetingId, happened)) return;
  const key = ['meeting', meetingId];
  if (happened.truncated) {
    if (happened.event === 'chat.message' || happened.event === 'chat.updated')
      void loadMessage(queryClient, meetingId, happened.data.id).catch(() =>
        queryClient.invalidateQueries(chatQuery(meetingId)),
      );
    else void queryClient.invalidateQueries({ queryKey: key });
    return;
  }
  const { event, data, seq } = happened;
  const participants = (change: (list: Participant[]) => Participant[]) =>
    queryClient.setQueryData<Participant[]>([...key, 'participants'], (list) => list && change(list));
  switch (event) {
    case 'chat.message':
      if (data.type === 'reaction') hearReaction(queryClient, meetingId, data);
      if (!isKnownPoll(queryClient, meetingId, data)) hearMessages(queryClient, meetingId, [data]);
      break;
    case 'chat.updated':
      hearMessages(queryClient, meetingId, [data]);
      break;
    case 'poll.updated':
      hearPoll(queryClient, meetingId, data);
      break;
    case 'participant.updated':
      hearRights(queryClient, meetingId, data);
      participants((list) => upsert(list, data, (one) => one.user.id));
      // Rights may have moved with it.
      void queryClient.invalidateQueries({ queryKey: key, exact: true });
      break;
    case 'participant.removed':
      participants((list) => list.filter(({ user }) => user.id !== data.user_id));
      break;
    case 'lobby.knocked':
      participants((list) =>
        list.map((one) => (one.user.id === data.user_id ? { ...one, status: 'pending_approval' } : one)),
      );
      break;
    case 'door.changed':
      queryClient.setQueryData(doorQuery(meetingId).queryKey, (door) => door && data);
      break;
    case 'stage.changed':
      hearStage(queryClient, meetingId, data);
      break;
    case 'quorum.changed':
      hearQuorum(queryClient, meetingId, data);
      break;
    case 'participant.asked':
      hearAsked(queryClient, meetingId, data);
      break;
    case 'presence.changed':
      participants((list) =>
        list.map((one) => (one.user.id === data.user_id ? { ...one, online: data.online } : one)),
      );
      void queryClient.invalidateQueries({ queryKey: [...key, 'attendance'] });
      break;
    case 'presence_check.opened':
      void hearCheckOpened(queryClient, meetingId, data);
      break;
    case 'presence_check.closed':
      void hearCheckClosed(queryClient, meetingId, data);
      void queryClient.invalidateQueries({ queryKey: [...key, 'attendance'] });
      break;
    case 'meeting.updated':
      queryClient.setQueryData<Meeting>(key, (meeting) => meeting && { ...meeting, ...data });
      void queryClient.invalidateQueries({ queryKey: ['meetings'] });
      // It may ask for another quorum, or for none any more.
      void queryClient.invalidateQueries(stageQuery(meetingId));
      break;
    case 'recording.updated':
      hearRecording(queryClient, meetingId, data, seq ?? 0);
      queryClient.setQueryData<Recording[]>(
        [...key, 'recordings'],
        (list) => list && upsert(list, toldOf(list, data), ({ id }) => id),
      );
      void queryClient.invalidateQueries({ queryKey: ['recording', data.id], exact: true });
      break;
  }
}

/** What the room is told of a recording leaves out what not everybody may know: that stays as it was. */
function toldOf(list: Recording[], told: Recording): Recording {
  const known = list.find(({ id }) => id === told.id);
  return known ? { ...told, allowed_people: known.allowed_people, hold: known.hold } : told;
}

function upsert<T>(list: T[], item: T, id: (item: T) => string): T[] {
  const known = list.some((one) => id(one) === id(item));
  return known ? list.map((one) => (id(one) === id(item) ? { ...one, ...item } : one)) : [...list, item];
}

/**
 * Keeps what is loaded about a meeting up to date while the page is open. False while the events don't
 * come through: then those who care poll (UI-19).
 */
export function useLiveMeeting(meetingId: string): boolean {
  const queryClient = useQueryClient();
  const [live, setLive] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    void followEvents(new URL(`/api/v1/meetings/${meetingId}/events`, location.origin).href, {
      fetch: authorizedFetch,
      signal: stop.signal,
      onEvent: (event) => applyEvent(queryClient, meetingId, event),
      onOpen: (open) => {
        setLive(open);
        // What happened between loading and listening is in neither.
        if (open) void queryClient.invalidateQueries({ queryKey: ['meeting', meetingId] });
      },
    });
    return () => stop.abort();
  }, [queryClient, meetingId]);
  return live;
}
