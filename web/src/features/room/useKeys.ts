import { type HotkeyItem, useHotkeys } from '@mantine/hooks';
import { useEffect, useEffectEvent } from 'react';
import { isSpaceFree, SHORTCUTS, type Shortcut } from '../../room/shortcuts';

export const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Lets the keyboard do what is given; what is left out does nothing. */
export function useKeys(does: Partial<Record<Shortcut, () => void>>, help: () => void) {
  const items = (Object.keys(SHORTCUTS) as Shortcut[]).flatMap((shortcut): HotkeyItem[] => {
    const act = does[shortcut];
    // With Alt a Mac types another sign, so it is the key that counts.
    const options = { usePhysicalKeys: SHORTCUTS[shortcut].includes('alt') };
    return act ? [[SHORTCUTS[shortcut], act, options]] : [];
  });
  // Also while writing in the chat.
  useHotkeys(items, []);
  // With Shift on most keyboards, without on some.
  useHotkeys([
    ['shift+?', help],
    ['?', help],
  ]);
}

/** Calls `speak` while the space bar is held, where it does nothing else and as long as `isQuiet` when it goes down. */
export function useSpaceToTalk(isQuiet: boolean, speak: (on: boolean) => void) {
  const begins = useEffectEvent((event: KeyboardEvent) => {
    if (
      event.code !== 'Space' ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      !isSpaceFree(event.target)
    )
      return false;
    // The page would scroll.
    event.preventDefault();
    return isQuiet && !event.repeat;
  });
  const turn = useEffectEvent(speak);
  useEffect(() => {
    let speaks = false;
    const down = (event: KeyboardEvent) => {
      if (!begins(event) || speaks) return;
      speaks = true;
      turn(true);
    };
    // Whoever looks at another window lets go unseen.
    const up = (event: Event) => {
      if (!speaks || (event instanceof KeyboardEvent && event.code !== 'Space')) return;
      speaks = false;
      turn(false);
    };
    window.addEventListener('keydown', down);
    window.addEventListener('keyup', up);
    window.addEventListener('blur', up);
    return () => {
      window.removeEventListener('keydown', down);
      window.removeEventListener('keyup', up);
      window.removeEventListener('blur', up);
    };
  }, []);
}
