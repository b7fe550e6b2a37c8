import { Alert, Code, FileInput, Skeleton, Stack, Text } from '@mantine/core';
import { IconCheck, IconFileSearch, IconQuestionMark, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { ReportProof } from '../../api/types';
import { notifyProblem, ProblemNote } from '../../ui/ProblemNote';
import { NarrowPage } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { hashOf, verdictOf } from './proof';

const route = getRouteApi('/reports/verify/{-$hash}');

const LOOKS = {
  unchanged: { color: 'teal', icon: <IconCheck aria-hidden /> },
  extended: { color: 'teal', icon: <IconCheck aria-hidden /> },
  changed: { color: 'red', icon: <IconX aria-hidden /> },
  unknown: { color: 'yellow', icon: <IconQuestionMark aria-hidden /> },
} as const;

/** Whether a report is genuine, by its code or by its file. For everybody who holds one; it names nobody. */
export function VerifyPage() {
  const { t } = useTranslation();
  const { hash } = route.useParams();
  const navigate = route.useNavigate();
  // The file stays on this device: only its hash is asked for.
  const look = (file: File | null) =>
    file &&
    hashOf(file).then(
      (hash) => navigate({ to: '/reports/verify/{-$hash}', params: { hash } }),
      notifyProblem,
    );
  return (
    <NarrowPage title={t('proof.title')}>
      {hash && <Answer hash={hash} />}
      <FileInput
        label={t('proof.file')}
        description={t('proof.fileText')}
        placeholder={t('proof.choose')}
        accept=".pdf,.xlsx"
        leftSection={<IconFileSearch size={18} aria-hidden />}
        onChange={look}
      />
    </NarrowPage>
  );
}

function Answer({ hash }: { hash: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['proof', hash],
    queryFn: () => take(api.GET('/api/v1/reports/verify/{hash}', { params: { path: { hash } } })),
  });
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={120} role="status" aria-label={t('shell.loading')} />}
      {data && <Verdict proof={data} />}
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          {t('proof.code')}
        </Text>
        <Code block style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
          {hash}
        </Code>
      </Stack>
    </>
  );
}

function Verdict({ proof }: { proof: ReportProof }) {
  const { t } = useTranslation();
  const format = useFormat();
  const verdict = verdictOf(proof);
  return (
    <Alert
      role="status"
      title={t(`proof.${verdict}.title`)}
      // The tint's own dark shade is too light on it for small text.
      styles={{ label: { color: 'var(--mantine-color-text)' } }}
      {...LOOKS[verdict]}
    >
      <Stack gap="xs">
        <Text size="sm">{t(`proof.${verdict}.text`)}</Text>
        {proof.issued_at && (
          <Text size="sm">{t('proof.issued', { when: format.moment(proof.issued_at, true) })}</Text>
        )}
        {proof.matches && <Text size="sm">{t(`proof.matches.${proof.matches}`)}</Text>}
      </Stack>
    </Alert>
  );
}
