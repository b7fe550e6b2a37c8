import { Kbd, Modal, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { keysOf, SHORTCUTS, type Shortcut } from '../../room/shortcuts';
import { IS_MAC } from './useKeys';

/** What the keyboard does in the room. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const rows = [
    ...(Object.keys(SHORTCUTS) as Shortcut[]).map((shortcut) => ({
      does: t(`room.keys.${shortcut}`),
      keys: keysOf(shortcut, IS_MAC),
    })),
    { does: t('room.keys.speak'), keys: [t('room.keys.space')] },
    { does: t('room.keys.help'), keys: ['?'] },
  ];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('room.keys.title')}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Table>
        <Table.Tbody>
          {rows.map(({ does, keys }) => (
            <Table.Tr key={does}>
              <Table.Th scope="row" fw="normal">
                {does}
              </Table.Th>
              <Table.Td ta="end">
                {keys.map((key, index) => (
                  <span key={key}>
                    {index > 0 && ' + '}
                    <Kbd>{key}</Kbd>
                  </span>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
