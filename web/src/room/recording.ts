import type { Recording } from '../api/types';

/** What was told of a recording, and under which number. */
export type Heard = { recording: Recording; seq: number };

/** What is known after something was told: of two words about the same recording the later counts, of two the newer one. */
export function heardNow(known: Heard | undefined, told: Heard): Heard {
  if (!known) return told;
  if (known.recording.id === told.recording.id) return told.seq >= known.seq ? told : known;
  // UUIDv7: a greater id is a later recording.
  return told.recording.id > known.recording.id ? told : known;
}

const GOES_ON: readonly Recording['status'][] = ['requested', 'starting', 'recording'];

/** The recording that runs or is about to: out of those that the viewer may list, else what the room was told. */
export const runningOf = (
  listed: readonly Recording[] | undefined,
  heard: Heard | undefined,
): Recording | undefined =>
  [...(listed ?? []), ...(!listed && heard ? [heard.recording] : [])].find(({ status }) =>
    GOES_ON.includes(status),
  );

type Store = Pick<Storage, 'getItem' | 'setItem'>;

const ANSWERED = 'baraza.recording-notice';

const answers = (store: Store) => (store.getItem(ANSWERED) ?? '').split('\n').filter(Boolean);

/** Whether somebody has agreed to a recording in this tab. */
export const hasAgreed = (store: Store, recording: string, person: string) =>
  answers(store).includes(`${recording} ${person}`);

/** Remembers that they have. */
export function rememberAgreed(store: Store, recording: string, person: string) {
  const others = answers(store).filter((one) => one !== `${recording} ${person}`);
  store.setItem(ANSWERED, [`${recording} ${person}`, ...others].slice(0, 20).join('\n'));
}
