import { Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** On the way into the room. */
export function WaitScreen({ title, text, onLeave }: { title: string; text?: string; onLeave: () => void }) {
  const { t } = useTranslation();
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack align="center" ta="center" role="status">
        <Loader type="dots" size="lg" aria-hidden />
        <Title order={1}>{title}</Title>
        {text && <Text c="dimmed">{text}</Text>}
        <Button variant="default" onClick={onLeave}>
          {t('room.leave')}
        </Button>
      </Stack>
    </Center>
  );
}
