/**
 * What a person chose before joining. It is kept twice: in the local storage for the next meeting, and in
 * this tab's session storage as it changes in the room, so that whoever was mute comes back mute.
 */
export type Choices = {
  microphone: boolean;
  camera: boolean;
  audioinput?: string;
  videoinput?: string;
  audiooutput?: string;
};

const STORED = 'baraza.devices';
const DEFAULTS: Choices = { microphone: true, camera: true };

/** The remembered choices; whatever is broken or missing is as for a first visit. */
export function readChoices(storage: Pick<Storage, 'getItem'>): Choices {
  try {
    const found: unknown = JSON.parse(storage.getItem(STORED) ?? '{}');
    return typeof found === 'object' && found !== null ? { ...DEFAULTS, ...found } : DEFAULTS;
  } catch {
    return DEFAULTS;
  }
}

export function writeChoices(storage: Pick<Storage, 'setItem'>, choices: Choices) {
  storage.setItem(STORED, JSON.stringify(choices));
}

/** Changes a part of what is remembered. */
export function changeChoices(storage: Pick<Storage, 'getItem' | 'setItem'>, part: Partial<Choices>) {
  writeChoices(storage, { ...readChoices(storage), ...part });
}

const SEATED = 'baraza.in-room';

/** How a device is in a room: in the person's place, or beside another one of theirs. */
export type Seat = 'first' | 'beside';

/** A second device begins silent and dark: two microphones and speakers beside each other howl. */
export const choicesAt = (kind: Seat, choices: Choices): Choices =>
  kind === 'first' ? choices : { ...choices, microphone: false, camera: false };

/**
 * The meeting that this tab is in. It outlives a reload, and only that: the page then asks for a new
 * token and goes back in without asking the person again.
 */
export const seat = {
  taken: (meetingId: string): Seat | undefined =>
    (['first', 'beside'] as const).find((kind) => sessionStorage.getItem(SEATED) === `${kind}:${meetingId}`),
  take: (meetingId: string, kind: Seat) => sessionStorage.setItem(SEATED, `${kind}:${meetingId}`),
  leave: () => sessionStorage.removeItem(SEATED),
};
