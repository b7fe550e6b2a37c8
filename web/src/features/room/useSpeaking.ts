import { useRoomContext } from '@livekit/components-react';
import { ParticipantEvent } from 'livekit-client';
import { useEffect } from 'react';
import { api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import { worthAnotherTry } from '../../room/endings';
import { type Stretch, toTell } from '../../room/speaking';

/** How often is told what was heard. */
const EVERY_MS = 30_000;

/**
 * Tells the server when this device's own person spoke, as LiveKit's speaker updates say it: LiveKit tells of speakers to
 * clients only. Off where the organization does not want to know.
 */
export function useSpeaking(meetingId: string, measured: boolean | undefined) {
  const { localParticipant } = useRoomContext();
  useEffect(() => {
    if (!measured) return;
    let heard: Stretch[] = [];
    let since: number | null = null;
    let wanted = true;

    const changed = (speaks: boolean) => {
      const now = Date.now();
      if (since !== null) heard.push({ from: since, to: now });
      since = speaks ? now : null;
    };
    const tell = async (all = false) => {
      const now = Date.now();
      const { tell, keep } = toTell(heard, since, now, all);
      heard = keep;
      // What they said until now was told, or waits.
      if (since !== null) since = now;
      if (tell.length === 0 || !wanted) return;
      const instant = (at: number) => new Date(at).toISOString();
      try {
        await take(
          api.POST('/api/v1/meetings/{id}/speaking', {
            params: { path: { id: meetingId } },
            body: {
              stretches: tell.map(({ from, to }) => ({ from: instant(from), to: instant(to) })),
              sent_at: instant(now),
            },
            keepalive: all,
          }),
        );
      } catch (error) {
        const problem = Problem.of(error);
        wanted = problem.code !== 'NOT_MEASURED';
        // The server may not have heard yet that one is there.
        if (problem.code === 'NOT_IN_ROOM' || worthAnotherTry(problem)) heard.push(...tell);
      }
    };

    if (localParticipant.isSpeaking) changed(true);
    localParticipant.on(ParticipantEvent.IsSpeakingChanged, changed);
    const timer = setInterval(() => void tell(), EVERY_MS);
    const goes = () => void tell(true);
    window.addEventListener('pagehide', goes);
    return () => {
      localParticipant.off(ParticipantEvent.IsSpeakingChanged, changed);
      clearInterval(timer);
      window.removeEventListener('pagehide', goes);
      goes();
    };
  }, [localParticipant, meetingId, measured]);
}
