import { Blockquote, Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Waiting } from '../../api/types';

type Props = { title: string; text?: string; children?: ReactNode; onLeave: () => void };

/** On the way into the room. */
export function WaitScreen({ title, text, children, onLeave }: Props) {
  const { t } = useTranslation();
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack align="center" ta="center" role="status">
        <Loader type="dots" size="lg" aria-hidden />
        <Title order={1}>{title}</Title>
        {text && <Text c="dimmed">{text}</Text>}
        {children}
        <Button variant="default" onClick={onLeave}>
          {t('room.leave')}
        </Button>
      </Stack>
    </Center>
  );
}

/** Before the door: what one waits for, and what the host says to those who do. */
export function LobbyScreen({ waiting, onLeave }: { waiting: Waiting; onLeave: () => void }) {
  const { t } = useTranslation();
  return (
    <WaitScreen
      title={t('room.lobby')}
      text={waiting.waiting_for === 'host' ? t('room.hostText') : t('room.lobbyText')}
      onLeave={onLeave}
    >
      {waiting.message && (
        <Blockquote p="md" maw={480} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-line' }}>
          {waiting.message}
        </Blockquote>
      )}
    </WaitScreen>
  );
}
