import { useCallback, useSyncExternalStore } from 'react';

const TOLD = [
  'durationchange',
  'ended',
  'loadedmetadata',
  'pause',
  'play',
  'seeked',
  'seeking',
  'timeupdate',
  'volumechange',
] as const;

/** Something of what is playing, as it stands; `read` gives a plain value. */
export function useMedia<T extends string | number | boolean>(
  media: HTMLMediaElement,
  read: (media: HTMLMediaElement) => T,
): T {
  const subscribe = useCallback(
    (tell: () => void) => {
      for (const name of TOLD) media.addEventListener(name, tell);
      return () => {
        for (const name of TOLD) media.removeEventListener(name, tell);
      };
    },
    [media],
  );
  return useSyncExternalStore(subscribe, () => read(media));
}

/** How long it plays; 0 where that is not known. */
export const lengthOf = ({ duration }: HTMLMediaElement) => (Number.isFinite(duration) ? duration : 0);

/** Where it stands, in quarters of a second: more often nothing has to be drawn. */
export const placeOf = ({ currentTime }: HTMLMediaElement) => Math.floor(currentTime * 4) / 4;

/** Plays or stops. Browsers may want to be touched before they play; then the button is there. */
export function toggle(media: HTMLMediaElement) {
  if (media.paused) void media.play().catch(() => undefined);
  else media.pause();
}

/** Goes to a place, within what there is. */
export function seek(media: HTMLMediaElement, to: number) {
  media.currentTime = Math.max(0, Math.min(to, lengthOf(media) || to));
}

/** Switches the sound; what was turned down to nothing can be heard again. */
export function switchSound(media: HTMLMediaElement) {
  if (media.volume === 0) media.volume = 1;
  else media.muted = !media.muted;
}
