import { type QueryClient, queryOptions, skipToken, useQuery } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { MyStage, Participant, Stage, StageQuorum } from '../../api/types';

/** What everybody in the room sees alike, and what the viewer may do there. */
export const stageQuery = (meeting: string) =>
  queryOptions({
    queryKey: ['meeting', meeting, 'stage'],
    queryFn: () => take(api.GET('/api/v1/meetings/{id}/stage', { params: { path: { id: meeting } } })),
  });

/** Takes in what was told of the stage. */
export function hearStage(client: QueryClient, meeting: string, told: Stage) {
  client.setQueryData(stageQuery(meeting).queryKey, (stage) => stage && { ...stage, ...told });
}

/** Takes in how many members are there. */
export function hearQuorum(client: QueryClient, meeting: string, told: StageQuorum) {
  client.setQueryData(stageQuery(meeting).queryKey, (stage) => stage && { ...stage, quorum: told });
}

/** Takes in what was told of somebody's rights. */
export function hearRights(client: QueryClient, meeting: string, told: Participant) {
  const { can_unmute, can_use_camera, can_share_screen, can_chat, can_react } = told;
  const my_rights: MyStage['my_rights'] = {
    can_unmute,
    can_use_camera,
    can_share_screen,
    can_chat,
    can_react,
  };
  client.setQueryData(stageQuery(meeting).queryKey, (stage) =>
    stage?.my_id === told.user.id ? { ...stage, my_rights } : stage,
  );
}

/** What somebody was asked to switch on, and when. */
export type Asked = { user_id: string; source: string; at: number };

const askedKey = (meeting: string) => ['meeting', meeting, 'asked'];

export function hearAsked(client: QueryClient, meeting: string, told: Omit<Asked, 'at'>) {
  client.setQueryData<Asked>(askedKey(meeting), { ...told, at: Date.now() });
}

/** The last time that somebody was asked to switch something on while the page is open. */
export const useAsked = (meeting: string) =>
  useQuery<Asked>({ queryKey: askedKey(meeting), queryFn: skipToken }).data;
