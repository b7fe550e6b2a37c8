import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';

/** A link that somebody wrote: it opens beside the page, which tells the other side nothing of itself. */
export function OutsideLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noopener noreferrer nofollow" underline="always" inherit>
      {children}
    </Anchor>
  );
}
