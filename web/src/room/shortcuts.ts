/**
 * What the keyboard does anywhere in the room, also while one writes. `mod` is Ctrl, on a Mac the command key; the
 * letters are those that people know from other meeting programs.
 */
export const SHORTCUTS = {
  microphone: 'mod+D',
  camera: 'mod+E',
  hand: 'mod+alt+H',
  chat: 'mod+alt+C',
  people: 'mod+alt+P',
} as const;
export type Shortcut = keyof typeof SHORTCUTS;

const PRINTED = { mod: 'Ctrl', alt: 'Alt' };
const PRINTED_ON_MAC = { mod: '⌘', alt: '⌥' };

/** The keys as they are printed on the keyboard. */
export function keysOf(shortcut: Shortcut, isMac: boolean): string[] {
  const names: Record<string, string> = isMac ? PRINTED_ON_MAC : PRINTED;
  return SHORTCUTS[shortcut].split('+').map((key) => names[key] ?? key);
}

/** The keys as screen readers are told of them (WAI-ARIA, `aria-keyshortcuts`). */
export function ariaKeysOf(shortcut: Shortcut): string {
  const keys = SHORTCUTS[shortcut].replace('alt', 'Alt');
  return ['Control', 'Meta'].map((mod) => keys.replace('mod', mod)).join(' ');
}

/** Roles of what does something of its own at the space bar. */
const TAKES_SPACE =
  'a, button, input, textarea, select, summary, video, [contenteditable], [role], [tabindex]';

/** Whether the space bar does nothing else where the focus is, and can be held to speak. */
export const isSpaceFree = (target: EventTarget | null) =>
  !(target instanceof Element) || target === document.body || !target.matches(TAKES_SPACE);
