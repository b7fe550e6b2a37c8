import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import i18next from 'i18next';

/** A notification that leads to what it tells of. */
export type Call = { id: string; text: string; look: () => void; stays?: boolean };

/** Shows it; one that is shown already under this id is replaced. */
export function callToLook({ id, text, look, stays = false }: Call) {
  const go = () => {
    notifications.hide(id);
    look();
  };
  const message = (
    <Button variant="subtle" size="compact-sm" onClick={go}>
      {text}
    </Button>
  );
  notifications.hide(id);
  const closeButtonProps = { 'aria-label': i18next.t('shell.close') };
  notifications.show({ id, message, closeButtonProps, ...(stays && { autoClose: false }) });
}
