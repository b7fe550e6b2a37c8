import { Avatar, type AvatarProps } from '@mantine/core';
import { INITIALS_COLORS } from './theme';

/** A person's picture, or initials on a colour of their own. The name stands beside it, so it is not read twice. */
export function PersonAvatar({ name, url, ...rest }: { name: string; url?: string | null } & AvatarProps) {
  return (
    <Avatar
      src={url}
      // What is added in brackets is no part of the name: "Ann (guest)" is A, and not A(.
      name={name.replace(/\s*\(.*\)$/, '') || name}
      color="initials"
      allowedInitialsColors={INITIALS_COLORS}
      variant="filled"
      alt=""
      aria-hidden
      {...rest}
    />
  );
}
