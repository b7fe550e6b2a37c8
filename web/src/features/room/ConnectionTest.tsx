import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { IconCheck, IconPlugConnected, IconX } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { adviceOf, type Findings, tryConnection, WAYS } from '../../room/trial';
import { ProblemNote } from '../../ui/ProblemNote';

/** Where the connection can be tried. */
export type AskTrial = () => Promise<{ server_url: string; token: string }>;

/** Finds out which ways to the media server are open, and what to do about it. */
export function ConnectionTest({ ask }: { ask: AskTrial }) {
  const { t } = useTranslation();
  const [findings, setFindings] = useState<Findings>();
  const test = useMutation({
    mutationFn: async () => {
      setFindings({});
      return tryConnection(await ask(), setFindings);
    },
    onError: () => setFindings(undefined),
  });
  const advice = findings && adviceOf(findings);
  return (
    <Stack gap="xs">
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={18} aria-hidden />}
        loading={test.isPending}
        onClick={() => test.mutate()}
      >
        {t('trial.begin')}
      </Button>
      {test.error && <ProblemNote error={test.error} />}
      {findings && (
        <Stack gap={4} role="status">
          {WAYS.map((way) => (
            <Group key={way} gap="xs" wrap="nowrap">
              <Mark found={findings[way]} running={test.isPending} />
              <Text size="sm">{t(`trial.way.${way}`)}</Text>
            </Group>
          ))}
          {advice && (
            <Alert color={advice === 'good' ? 'green' : 'yellow'} title={t(`trial.result.${advice}`)}>
              {t(`trial.advice.${advice}`)}
            </Alert>
          )}
        </Stack>
      )}
    </Stack>
  );
}

function Mark({ found, running }: { found: boolean | undefined; running: boolean }) {
  const { t } = useTranslation();
  if (found)
    return (
      <IconCheck size={18} color="var(--mantine-color-green-6)" aria-label={t('trial.works')} role="img" />
    );
  if (found === false)
    return <IconX size={18} color="var(--mantine-color-error)" aria-label={t('trial.fails')} role="img" />;
  return running ? <Loader size={18} aria-label={t('shell.loading')} /> : <span style={{ width: 18 }} />;
}
