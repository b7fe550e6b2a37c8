import {
  Alert,
  Badge,
  Button,
  Code,
  FileButton,
  Group,
  Modal,
  ScrollArea,
  Stack,
  Table,
  Text,
} from '@mantine/core';
import { IconFileImport } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { components } from '../../api/schema';
import { ProblemNote } from '../../ui/ProblemNote';
import rows from '../../ui/Rows.module.css';

type Report = components['schemas']['ImportReport'];
type Status = Report['items'][number]['status'];

/** Lines that are shown at once; a file may have thousands. */
const SHOWN = 200;

const COLORS: Record<Status, string> = {
  invited: 'green',
  created: 'green',
  updated: 'blue',
  unchanged: 'gray',
  failed: 'red',
};

type Props = {
  title: string;
  /** What the file has to look like. */
  hint: string;
  columns: string;
  accept: string;
  /** Sends the file; with `dryRun` nothing is changed. */
  send: (file: File, dryRun: boolean) => Promise<Report>;
  onDone: () => void;
  onClose: () => void;
};

/** From a file to a preview of what would happen, line by line, and then to what did. */
export function ImportDialog({ title, hint, columns, accept, send, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(null);
  const preview = useMutation({ mutationFn: (chosen: File) => send(chosen, true) });
  const run = useMutation({
    mutationFn: (chosen: File) => send(chosen, false),
    onSuccess: onDone,
  });
  const choose = (chosen: File | null) => {
    if (!chosen) return;
    setFile(chosen);
    run.reset();
    preview.mutate(chosen);
  };
  const report = run.data ?? preview.data;
  const { summary } = report ?? {};
  const changes = summary ? summary.invited + summary.created + summary.updated : 0;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={title}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      <Stack>
        <Text size="sm">{hint}</Text>
        <Code block>{columns}</Code>
        <Group>
          <FileButton accept={accept} onChange={choose}>
            {(props) => (
              <Button
                {...props}
                variant={report ? 'default' : 'filled'}
                loading={preview.isPending}
                leftSection={<IconFileImport size={16} aria-hidden />}
              >
                {t('import.choose')}
              </Button>
            )}
          </FileButton>
          {file && <Text size="sm">{file.name}</Text>}
        </Group>
        {(preview.error || run.error) && <ProblemNote error={run.error ?? preview.error} />}
        {report && (
          <>
            <Alert color={run.data ? 'green' : 'blue'} role="status">
              {run.data ? t('import.done') : t('import.preview')}
            </Alert>
            <Summary report={report} />
            <Lines report={report} title={title} />
          </>
        )}
        <Group justify="end">
          <Button variant="default" onClick={onClose}>
            {run.data ? t('shell.done') : t('shell.cancel')}
          </Button>
          {preview.data && !run.data && (
            <Button onClick={() => file && run.mutate(file)} loading={run.isPending} disabled={changes === 0}>
              {t('import.run', { count: changes })}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function Summary({ report: { summary } }: { report: Report }) {
  const { t } = useTranslation();
  const parts = (['invited', 'created', 'updated', 'unchanged', 'failed'] as const).filter(
    (status) => summary[status] > 0,
  );
  return (
    <Group gap="xs">
      {parts.map((status) => (
        <Badge key={status} color={COLORS[status]} variant="light" size="lg">
          {`${summary[status]} ${t(`import.status.${status}`)}`}
        </Badge>
      ))}
    </Group>
  );
}

/** What failed first: that is what somebody has to look at. */
function Lines({ report: { items }, title }: { report: Report; title: string }) {
  const { t } = useTranslation();
  const rank = (status: Status) => (status === 'failed' ? 0 : 1);
  const lines = [...items].sort((a, b) => rank(a.status) - rank(b.status) || a.line - b.line);
  return (
    <>
      <ScrollArea.Autosize mah={320} type="auto">
        <Table verticalSpacing={4} className={rows.rows} aria-label={title}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('import.line')}</Table.Th>
              <Table.Th>{t('person.email')}</Table.Th>
              <Table.Th>{t('import.result')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.slice(0, SHOWN).map((item) => (
              <Table.Tr key={item.line}>
                <Table.Td data-label={t('import.line')}>{item.line}</Table.Td>
                <Table.Td
                  className={rows.fill}
                  style={{ overflowWrap: 'anywhere' }}
                  data-label={t('person.email')}
                >
                  {item.email}
                </Table.Td>
                <Table.Td className={rows.wide}>
                  <Badge color={COLORS[item.status]} variant="light">
                    {t(`import.status.${item.status}`)}
                  </Badge>
                  {item.detail && (
                    <Text size="xs" c="dimmed">
                      {item.detail}
                    </Text>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {lines.length > SHOWN && (
        <Text size="sm" c="dimmed">
          {t('import.more', { count: lines.length - SHOWN })}
        </Text>
      )}
    </>
  );
}
