import type { ReactNode } from 'react';
import classes from './Prompt.module.css';

type Props = {
  label: string;
  /** Over the room, or inside a sheet that covers it. */
  at: 'top' | 'bottom' | 'sheet';
  children: ReactNode;
};

/** Asks somebody in the room for an answer. It takes no focus: whoever writes goes on writing. */
export function Prompt({ label, at, children }: Props) {
  return (
    <section className={classes.prompt} data-at={at} aria-label={label}>
      {children}
    </section>
  );
}
