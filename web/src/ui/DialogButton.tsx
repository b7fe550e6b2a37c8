import { Button, type ButtonProps, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { Icon } from '@tabler/icons-react';
import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';

type Props = Omit<ButtonProps, 'children' | 'leftSection'> & {
  icon: Icon;
  /** What the button says. */
  label: string;
  /** What the dialog is called, where that is not what the button says. */
  title?: string;
  /** What is in the dialog; some of it closes it. */
  children: ReactNode | ((close: () => void) => ReactNode);
};

/** A button and the dialog that it opens. Whoever closes the dialog is at the button again. */
export function DialogButton({ icon: Picture, label, title = label, children, ...rest }: Props) {
  const { t } = useTranslation();
  const [opened, { open, close: hide }] = useDisclosure(false);
  const button = useRef<HTMLButtonElement>(null);
  // A dialog that is taken off the page, rather than hidden, gives the focus back to nobody by itself.
  const close = () => {
    hide();
    button.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <Button
        ref={button}
        size="sm"
        variant="default"
        leftSection={<Picture size={16} aria-hidden />}
        onClick={open}
        {...rest}
      >
        {label}
      </Button>
      {opened && (
        <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': t('shell.close') }}>
          {typeof children === 'function' ? children(close) : children}
        </Modal>
      )}
    </>
  );
}
