import { type QueryClient, skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
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

/** So long one waits for the word that is on its way anyway, and then so long for the words of before. */
const PATIENCE_MS = 1_500;
const ENOUGH_MS = 10_000;

/**
 * Whoever comes late was not told of what is being recorded, and may not be allowed to list it: they read in what
 * happened so far, once, while `wanted`.
 */
export function useWhatWasTold(meeting: string, wanted: boolean) {
  const queryClient = useQueryClient();
  useEffect(() => {
    if (!wanted) return;
    const stop = new AbortController();
    const onEvent = ({ event, data, seq, truncated }: MeetingEvent) => {
      if (event === 'recording.updated' && !truncated) hearRecording(queryClient, meeting, data, seq ?? 0);
    };
    const url = new URL(`/api/v1/meetings/${meeting}/events?last_event_id=0`, location.origin).href;
    const begin = setTimeout(
      () =>
        void followEvents(url, {
          fetch: authorizedFetch,
          signal: stop.signal,
          onEvent,
          onOpen: () => undefined,
        }),
      PATIENCE_MS,
    );
    const end = setTimeout(() => stop.abort(), ENOUGH_MS);
    return () => {
      clearTimeout(begin);
      clearTimeout(end);
      stop.abort();
    };
  }, [queryClient, meeting, wanted]);
}
