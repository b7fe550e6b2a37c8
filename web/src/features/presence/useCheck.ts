import { useRemoteParticipants } from '@livekit/components-react';
import { notifications } from '@mantine/notifications';
import { useIsMutating, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import type { LatestCheck } from '../../api/types';
import { waits } from '../../room/checks';
import { chime } from '../../room/chime';
import { userIdOf } from '../../room/people';
import { notifyProblem } from '../../ui/ProblemNote';
import { latestCheckQuery } from './queries';

const asking = (meeting: string) => ['presence-check', meeting];

/** The check that waits for the viewer's answer, and how it stands for those who moderate. */
export function useCheck(meeting: string, me: string, moderates: boolean) {
  const { t } = useTranslation();
  // On another device of theirs somebody may answer, of which no event tells.
  const elsewhere = useRemoteParticipants().some(({ identity }) => userIdOf(identity) === me);
  const { data: check } = useQuery({
    ...latestCheckQuery(meeting),
    refetchInterval: ({ state: { data } }) =>
      data && !data.closed_at && (moderates || (elsewhere && waits(data))) ? 2_000 : false,
  });
  // Whoever asks hears of it before the answer says that they need not confirm.
  const own = useIsMutating({ mutationKey: asking(meeting) }) > 0;
  const waiting = !own && waits(check) ? check : undefined;
  const id = waiting?.id;
  useEffect(() => {
    if (id) chime();
  }, [id]);

  const told = useRef<string>(undefined);
  useEffect(() => {
    if (!check?.standing) return;
    if (!check.closed_at) told.current = check.id;
    else if (told.current === check.id) {
      told.current = undefined;
      notifications.show({ message: t('presence.standing', check.standing) });
    }
  }, [check, t]);
  return { waiting, standing: check && !check.closed_at ? check.standing : undefined };
}

/** Asks everybody in the room whether they are there. */
export function useAsk(meeting: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationKey: asking(meeting),
    mutationFn: () =>
      take(
        api.POST('/api/v1/meetings/{id}/presence-checks', {
          params: { path: { id: meeting } },
          body: {},
          headers: idempotent(),
        }),
      ),
    onSuccess: (check) => queryClient.setQueryData(latestCheckQuery(meeting).queryKey, check),
    onError: notifyProblem,
  });
}

/** Says that the viewer is there. */
export function useConfirm(meeting: string) {
  const queryClient = useQueryClient();
  const query = latestCheckQuery(meeting);
  return useMutation({
    mutationFn: ({ id }: LatestCheck) =>
      take(
        api.POST('/api/v1/meetings/{id}/presence-checks/{check}/confirm', {
          params: { path: { id: meeting, check: id } },
        }),
      ),
    onSuccess: ({ id, confirmed_at }) =>
      queryClient.setQueryData(query.queryKey, (known) =>
        known?.id === id ? { ...known, confirmed_at } : known,
      ),
    onError: (error) => {
      notifyProblem(error);
      void queryClient.invalidateQueries(query);
    },
  });
}
