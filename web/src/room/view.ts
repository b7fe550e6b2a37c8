/** How people are shown: all alike, or who speaks large. */
export type View = 'grid' | 'speaker';

/** What one chose about the picture; kept on the device. */
export type ViewChoices = {
  view: View;
  /** Cameras are not shown, so that a weak connection carries the sound. */
  audioFirst: boolean;
};

export const FIRST_CHOICES: ViewChoices = { view: 'grid', audioFirst: false };

type Scene = {
  /** Who has a tile. */
  present: readonly string[];
  /** Whom the viewer wants large. */
  pinned?: string | undefined;
  /** Whom the hosts put in front. */
  spotlight: readonly string[];
  /** Who spoke last, apart from the viewer. */
  speaker?: string | undefined;
  view: View;
};

/** Who is large: the viewer's own choice first, then the hosts', then who speaks. */
export function inFront({ present, pinned, spotlight, speaker, view }: Scene): readonly string[] {
  const here = (id: string | undefined): id is string => id !== undefined && present.includes(id);
  if (here(pinned)) return [pinned];
  const lit = spotlight.filter(here);
  if (lit.length > 0) return lit;
  if (view === 'grid' || present.length < 2) return [];
  const first = here(speaker) ? speaker : present[0];
  return first === undefined ? [] : [first];
}
