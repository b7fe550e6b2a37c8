import type { Message, MyVote } from '../api/types';

export const MAJORITIES = ['plurality', 'simple', 'absolute', 'two_thirds'] as const;
export type Majority = (typeof MAJORITIES)[number];

type Voter = { id: string; name: string };

/** What has come out of a poll, as far as it may be seen. */
export type PollResults = {
  counts: number[];
  weights?: number[];
  cast_weight?: number;
  quorum_reached?: boolean;
  outcome?: 'decided' | 'tie' | 'no_majority' | 'no_quorum';
  winner?: number;
};

/** A poll as it stands in its message. */
export type Poll = {
  id: string;
  question: string;
  options: string[];
  multiple: boolean;
  secret: boolean;
  weighted: boolean;
  guestsMayVote: boolean;
  majority: Majority;
  quorumPercent?: number;
  closed: boolean;
  voted: number;
  entitled?: number;
  results?: PollResults;
  /** Who chose what, of an open poll that was closed. */
  votes?: { voter: Voter; choices: number[] }[];
  /** Who took part, of a secret poll that was closed. */
  voters?: Voter[];
  mine?: MyVote;
};

/** Reads a poll from its message; null for every other message. */
export function readPoll(message: Message): Poll | null {
  if (message.type !== 'poll') return null;
  // biome-ignore lint/suspicious/noExplicitAny: the server has checked it.
  const data = message.metadata as any;
  return {
    id: message.id,
    question: data.question,
    options: data.options,
    multiple: data.multiple ?? false,
    secret: data.secret ?? false,
    weighted: data.weighted ?? false,
    guestsMayVote: data.guests_may_vote ?? false,
    majority: data.majority ?? 'plurality',
    quorumPercent: data.quorum_percent ?? undefined,
    closed: data.closed ?? false,
    voted: data.voted ?? 0,
    entitled: data.entitled,
    results: data.results,
    votes: data.votes,
    voters: data.voters,
    mine: message.my_vote ?? undefined,
  };
}

/** The polls of a chat, the newest first. */
export const pollsOf = (messages: readonly Message[]) =>
  messages
    .map(readPoll)
    .filter((poll) => poll !== null)
    .reverse();

/** How much of what was cast each option has, from 0 to 1. */
export function shares({ results, voted }: Poll): number[] {
  if (!results) return [];
  const all = results.cast_weight ?? voted;
  return (results.weights ?? results.counts).map((sum) => (all > 0 ? sum / all : 0));
}

/** Whether a person may vote now: a vote can be changed while the poll is open, unless it is secret. */
export const mayVote = (poll: Poll) => !poll.closed && !(poll.secret && poll.mine !== undefined);

/** Writes what an event says of a poll into its message. What is closed stays closed, whatever comes late. */
export function updatePoll(
  messages: readonly Message[],
  { id, metadata }: Pick<Message, 'id' | 'metadata'>,
): readonly Message[] {
  const closed = (data: unknown) => (data as { closed?: boolean }).closed === true;
  return messages.map((message) =>
    message.id === id && !(closed(message.metadata) && !closed(metadata))
      ? { ...message, metadata }
      : message,
  );
}
