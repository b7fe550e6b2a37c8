import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle } from '@tabler/icons-react';
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';

/** The sentence for a problem: the server's own in English, ours by its code elsewhere, else a general one. */
export function sentence(error: unknown): string {
  const { code, detail } = Problem.of(error);
  if (detail && i18next.language === 'en') return detail;
  return i18next.t([`problems.${code}`, detail || 'problems.UNEXPECTED'] as never);
}

/** The sentence for something that failed behind the scenes, found as [`sentence`] is. */
export function failureSentence({ code, detail }: { code: string; detail: string }): string {
  if (i18next.language === 'en') return detail;
  return i18next.t([`problems.${code}`, detail] as never);
}

/** The sentence for what is wrong with a field, found as [`sentence`] is. */
export function fieldSentence({ code, detail }: { code: string; detail: string }): string {
  if (i18next.language === 'en') return detail;
  return i18next.t([`fieldProblems.${code}`, detail] as never);
}

/** An honest error: what happened, a way on, and what support needs behind "details". */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const problem = Problem.of(error);
  // What was refused will be refused again.
  const retry = problem.status === 0 || problem.status === 429 || problem.status >= 500 ? onRetry : undefined;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={sentence(problem)} role="alert">
      <Group justify="space-between" align="end" gap="sm">
        <details>
          <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
            {t('problem.details')}
          </Text>
          <Text size="sm" mt={4}>
            {problem.detail}
          </Text>
          <Text size="sm">
            <Code>{problem.code}</Code> {problem.correlationId && <Code>{problem.correlationId}</Code>}
          </Text>
        </details>
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            {t('problem.retry')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** Tells about a failed action where no place on the page belongs to it. */
export function notifyProblem(error: unknown) {
  const problem = Problem.of(error);
  notifications.show({
    color: 'red',
    title: sentence(problem),
    message: problem.correlationId ? i18next.t('problem.reference', { id: problem.correlationId }) : null,
    autoClose: 10_000,
    closeButtonProps: { 'aria-label': i18next.t('shell.close') },
  });
}
