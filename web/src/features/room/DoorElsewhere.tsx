import { Button, Center, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Problem } from '../../api/problem';
import type { Meeting } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { useProviderName } from '../meetings/useProviderName';

type Props = { meeting: Meeting; problem?: Problem; onJoin: () => void };

/** The way into a room of another provider: here one is let in, there one meets. */
export function DoorElsewhere({ meeting, problem, onJoin }: Props) {
  const { t } = useTranslation();
  const provider = useProviderName()(meeting);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack align="center" ta="center" maw={420}>
        <ThemeIcon size={64} radius="xl" variant="light" aria-hidden>
          <IconExternalLink size={32} />
        </ThemeIcon>
        <Title order={1}>{meeting.title}</Title>
        <Text c="dimmed">{t('elsewhere.text', { provider })}</Text>
        {problem && <ProblemNote error={problem} />}
        <Button size="lg" autoFocus onClick={onJoin}>
          {t('elsewhere.open', { provider })}
        </Button>
        <Button variant="default" renderRoot={(props) => <Link to="/meetings" {...props} />}>
          {t('room.backToMeetings')}
        </Button>
      </Stack>
    </Center>
  );
}
