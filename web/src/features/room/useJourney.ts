import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import type { DisconnectReason } from 'livekit-client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Joined, SentElsewhere, Waiting } from '../../api/types';
import { type Choices, choicesAt, readChoices, type Seat, seat, writeChoices } from '../../room/choices';
import { type Ending, endingOf, endingOfRefusal, REJOIN_WAITS, worthAnotherTry } from '../../room/endings';

type Phase =
  | { at: 'prejoin'; problem?: Problem }
  /** `again` on the way back in, after a reload or a lost connection. */
  | { at: 'joining'; again: boolean }
  | { at: 'lobby'; again: boolean; waiting: Waiting }
  | { at: 'room'; joined: Joined }
  | { at: 'over'; ending: Exclude<Ending, 'left'> };

/** How often someone in the lobby asks whether they were admitted. */
const LOBBY_MS = 2_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Not all at the same moment, when a server has let all of them down. */
const about = (ms: number) => ms * (0.5 + Math.random());

/** How somebody enters and where they go afterwards: members and guests differ in this only. */
export type Way = {
  /** The admission, or what the person has to wait for. */
  ask: (seat: Seat) => Promise<Joined | SentElsewhere | Waiting>;
  /** What comes after leaving. */
  left: () => void;
};

/**
 * Where a person is on the way through a meeting. The page holds the session, not the token: after a
 * reload or a lost connection it asks to join again by itself.
 */
export function useJourney(meetingId: string, { ask, left }: Way) {
  const queryClient = useQueryClient();
  const [kind, setKind] = useState<Seat>(() => seat.taken(meetingId) ?? 'first');
  const [phase, setPhase] = useState<Phase>(() =>
    seat.taken(meetingId) ? { at: 'joining', again: true } : { at: 'prejoin' },
  );

  // Tries since the last connection that stood: a media server that is down must not make us knock without pause.
  const tries = useRef(0);
  const asking = phase.at === 'joining' || phase.at === 'lobby';
  const again = asking && phase.again;
  useEffect(() => {
    if (!asking) return;
    let gone = false;
    const go = (next: Phase) => {
      if (!gone) setPhase(next);
    };
    void (async () => {
      // Whoever waits at the door goes on waiting while the server is away.
      let waits = false;
      while (!gone) {
        const wait = REJOIN_WAITS[tries.current++];
        if (wait === undefined) return go({ at: 'over', ending: 'lost' });
        await pause(again || waits ? about(wait) : 0);
        if (gone) return;
        try {
          const answer = await ask(kind);
          if ('token' in answer) return go({ at: 'room', joined: answer });
          if ('join_url' in answer) {
            // Whoever comes back finds the door, not a room.
            go({ at: 'prejoin' });
            return location.assign(answer.join_url);
          }
          tries.current = 0;
          waits = true;
          go({ at: 'lobby', again, waiting: answer });
          await pause(LOBBY_MS);
        } catch (error) {
          const problem = Problem.of(error);
          const ending = again ? endingOfRefusal(problem) : null;
          if (ending && ending !== 'left') return go({ at: 'over', ending });
          if (!(again || waits) || !worthAnotherTry(problem)) return go({ at: 'prejoin', problem });
        }
      }
    })();
    return () => {
      gone = true;
    };
  }, [asking, again, ask, kind]);

  const inRoom = phase.at === 'room';
  const seated = inRoom || again;
  useEffect(() => {
    if (!seated) return;
    seat.take(meetingId, kind);
    // Runs when the person goes elsewhere in the app; a reload does not come here, and so finds the seat taken.
    return () => seat.leave();
  }, [seated, meetingId, kind]);

  const connected = useCallback(() => {
    tries.current = 0;
  }, []);

  const rejoin = useCallback(
    (next: Seat) => {
      tries.current = 0;
      if (next !== kind) writeChoices(sessionStorage, choicesAt(next, readChoices(sessionStorage)));
      setKind(next);
      setPhase({ at: 'joining', again: true });
    },
    [kind],
  );

  const join = useCallback((chosen: Choices, now: Choices, kind: Seat = 'first') => {
    tries.current = 0;
    setKind(kind);
    writeChoices(localStorage, chosen);
    writeChoices(sessionStorage, choicesAt(kind, now));
    setPhase({ at: 'joining', again: false });
  }, []);

  const disconnected = useCallback(
    (reason: DisconnectReason | undefined) => {
      const ending = endingOf(reason);
      if (ending === 'left') return;
      void queryClient.invalidateQueries({ queryKey: ['meeting', meetingId] });
      setPhase(ending === 'lost' ? { at: 'joining', again: true } : { at: 'over', ending });
    },
    [queryClient, meetingId],
  );

  const identity = inRoom ? phase.joined.identity : undefined;
  const leave = useCallback(() => {
    // The person is gone whether or not the answer comes; LiveKit's own word is the second witness.
    void api
      .POST('/api/v1/meetings/{id}/leave', {
        params: { path: { id: meetingId } },
        body: { identity },
        keepalive: true,
      })
      .catch(() => undefined);
    left();
  }, [left, meetingId, identity]);

  return { kind, phase, join, rejoin, connected, disconnected, leave };
}

/** The way of a member. */
export function useMembersWay(meetingId: string): Way {
  const router = useRouter();
  const queryClient = useQueryClient();
  return useMemo(
    () => ({
      ask: (seat) =>
        take(
          api.POST('/api/v1/meetings/{id}/join', {
            params: { path: { id: meetingId } },
            body: { beside: seat === 'beside' },
          }),
        ),
      left: () => {
        void queryClient.invalidateQueries({ queryKey: ['meetings'] });
        void router.navigate({ to: '/meetings' });
      },
    }),
    [router, queryClient, meetingId],
  );
}
