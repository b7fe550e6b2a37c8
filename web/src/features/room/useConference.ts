import {
  useIsRecording,
  useLocalParticipant,
  useParticipants,
  useRoomContext,
} from '@livekit/components-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  type Participant,
  type RemoteParticipant,
  RoomEvent,
  Track,
  type TrackPublication,
} from 'livekit-client';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { can, type Joined, type Meeting } from '../../api/types';
import { changeChoices } from '../../room/choices';
import { readPacket } from '../../room/events';
import { inOrder, isBeside, type Present, userIdOf } from '../../room/people';
import { runningOf } from '../../room/recording';
import { type Rights, rightsOfJoin, rightsOfPermission } from '../../room/rights';
import { applyEvent, useLiveMeeting } from '../meetings/live';
import { participantsQuery, recordingsQuery } from '../meetings/queries';
import { useHeard, useWhatWasTold } from '../recordings/heard';
import { stageQuery } from '../stage/queries';
import { useSpeaking } from './useSpeaking';

/** Writes the server's data packets into what the pages have loaded. */
function usePackets(meetingId: string) {
  const room = useRoomContext();
  const queryClient = useQueryClient();
  useEffect(() => {
    const received = (
      payload: Uint8Array,
      _participant?: RemoteParticipant,
      _kind?: unknown,
      topic?: string,
      _encryption?: unknown,
      // Not the participant: that one is missing too while a sender is not known here yet.
      sender?: string,
    ) => {
      const event = readPacket(payload, sender, topic);
      if (event) applyEvent(queryClient, meetingId, event);
    };
    room.on(RoomEvent.DataReceived, received);
    return () => {
      room.off(RoomEvent.DataReceived, received);
    };
  }, [room, queryClient, meetingId]);
}

/** Remembers what is switched on, by the person or by the host, for when this tab comes back. */
function useRememberedMedia() {
  const room = useRoomContext();
  useEffect(() => {
    const remember = ({ source, isMuted }: TrackPublication, participant: Participant) => {
      if (!participant.isLocal) return;
      if (source === Track.Source.Microphone) changeChoices(sessionStorage, { microphone: !isMuted });
      if (source === Track.Source.Camera) changeChoices(sessionStorage, { camera: !isMuted });
    };
    // Not when a track goes: that happens on the way out too.
    const events = [RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.LocalTrackPublished] as const;
    for (const event of events) room.on(event, remember);
    return () => {
      for (const event of events) room.off(event, remember);
    };
  }, [room]);
}

/** All that the room's screen shows and decides by, from LiveKit and the server together. */
export function useConference(meeting: Meeting, joined: Joined) {
  const { t } = useTranslation();
  usePackets(meeting.id);
  useRememberedMedia();
  const live = useLiveMeeting(meeting.id);
  // Guests are told of people by events alone.
  const { data: listed } = useQuery({
    ...participantsQuery(meeting.id, live),
    enabled: can(meeting, 'see_participants'),
  });
  const { data: recordings } = useQuery({
    ...recordingsQuery(meeting.id, live),
    enabled: can(meeting, 'record'),
  });
  const { data: stage } = useQuery(stageQuery(meeting.id));
  useSpeaking(meeting.id, stage?.measures_speaking);
  const isAudio = meeting.meeting_type === 'audio';
  const participants = useParticipants();
  const { localParticipant } = useLocalParticipant();
  const recorderIsHere = useIsRecording();

  const present = useMemo<Present[]>(() => {
    const byId = new Map(listed?.map((one) => [one.user.id, one]));
    return inOrder(
      participants.map((participant) => {
        const known = byId.get(userIdOf(participant.identity));
        const name = known?.user.name || participant.name || participant.identity;
        return {
          identity: participant.identity,
          name: isBeside(participant.identity) ? t('room.otherDevice', { name }) : name,
          isLocal: participant.isLocal,
          listens:
            isAudio && !!participant.permissions && !rightsOfPermission(participant.permissions).microphone,
          known,
        };
      }),
    );
  }, [participants, listed, isAudio, t]);

  const { permissions } = localParticipant;
  const rights: Rights = permissions
    ? rightsOfPermission(permissions)
    : rightsOfJoin(joined.permissions.can_publish_sources);
  // Whoever does not record may have listed them on another page, without those that are not for them.
  const records = can(meeting, 'record');
  const active = runningOf(records ? recordings : undefined, useHeard(meeting.id));
  useWhatWasTold(meeting.id, recorderIsHere && !active && !records);
  return {
    listed,
    /** Who stands at the door, for those who may open it. */
    waiting: can(meeting, 'moderate')
      ? (listed?.filter(({ status, online }) => status === 'pending_approval' && !online) ?? [])
      : [],
    present,
    me: present.find(({ isLocal }) => isLocal),
    rights,
    moderates: can(meeting, 'moderate'),
    stage,
    /** Decides about roles. */
    leads: meeting.my.role === 'host' || (stage !== undefined && stage.acting_host_id === stage.my_id),
    /** The recording that runs or is about to. */
    active,
    recording: recorderIsHere || active?.status === 'recording',
  };
}

export type ConferenceState = ReturnType<typeof useConference>;
