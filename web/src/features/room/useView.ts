import { useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import { FIRST_CHOICES, type ViewChoices } from '../../room/view';

/** How the viewer wants to see the room, kept for the next time, and whom they want large, for now. */
export function useView() {
  const [choices, setChoices] = useLocalStorage<ViewChoices>({
    key: 'baraza.view',
    defaultValue: FIRST_CHOICES,
    getInitialValueInEffect: false,
  });
  const [pinned, pin] = useState<string>();
  return {
    ...choices,
    pinned,
    pin,
    change: (part: Partial<ViewChoices>) => setChoices((now) => ({ ...now, ...part })),
  };
}

export type Seen = ReturnType<typeof useView>;
