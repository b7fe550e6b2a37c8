import { type QueryClient, skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { authorizedFetch } from '../../api/session';
import type { Recording } from '../../api/types';
import type { MeetingEvent } from '../../room/events';
import { type Heard, heardNow } from '../../room/recording';
import { followEvents } from '../../room/stream';

const heardKey = (meeting: string) => ['meeting', meeting, 'recording-heard'];

/** Takes in what the room is told of a recording. */
export function hearRecording(client: QueryClient, meeting: string, recording: Recording, seq: number) {
  client.setQueryData<Heard>(heardKey(meeting), (known) => heardNow(known, { recording, seq }));
}

/** The last that was told of the meeting's recordings. */
export const useHeard = (meeting: string) =>
  useQuery<Heard>({ queryKey: heardKey(meeting), queryFn: skipToken }).data;

/** So long one waits for the word that is on its way anyway. */
const PATIENCE_MS = 1_500;
/** What happened so far has come when nothing more came for so long. */
const QUIET_MS = 300;
const ENOUGH_MS = 15_000;

/**
 * Whoever comes late was not told of what is being recorded, and may not be allowed to list it: they read in what
 * happened so far, once, when it is first `wanted`.
 */
export function useWhatWasTold(meeting: string, wanted: boolean) {
  const queryClient = useQueryClient();
  const [isWanted, want] = useState(false);
  useEffect(() => {
    const later = wanted ? setTimeout(() => want(true), PATIENCE_MS) : undefined;
    return () => clearTimeout(later);
  }, [wanted]);
  useEffect(() => {
    if (!isWanted) return;
    const stop = new AbortController();
    let found: Heard | undefined;
    let quiet: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      if (found) hearRecording(queryClient, meeting, found.recording, found.seq);
      stop.abort();
    };
    const onEvent = ({ event, data, seq = 0, truncated }: MeetingEvent) => {
      // An earlier word about it would be wrong by now: only the last is told.
      if (event === 'recording.updated' && !truncated) found = heardNow(found, { recording: data, seq });
      clearTimeout(quiet);
      quiet = setTimeout(tell, QUIET_MS);
    };
    const url = new URL(`/api/v1/meetings/${meeting}/events?last_event_id=0`, location.origin).href;
    void followEvents(url, {
      fetch: authorizedFetch,
      signal: stop.signal,
      onEvent,
      onOpen: () => undefined,
    });
    const end = setTimeout(tell, ENOUGH_MS);
    return () => {
      clearTimeout(quiet);
      clearTimeout(end);
      stop.abort();
    };
  }, [queryClient, meeting, isWanted]);
}
