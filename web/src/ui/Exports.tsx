import { Button, Group } from '@mantine/core';
import { IconFileCertificate, IconFileSpreadsheet, IconTableExport } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { notifyProblem } from './ProblemNote';
import { saveFile } from './saving';

const FILES = [
  { kind: 'csv', Icon: IconTableExport },
  { kind: 'xlsx', Icon: IconFileSpreadsheet },
  { kind: 'pdf', Icon: IconFileCertificate },
] as const;

/** What a report comes as. */
export type FileKind = (typeof FILES)[number]['kind'];

/** Saves a report as one of the files that it comes as. */
export function Exports({
  load,
  name,
  kinds,
}: {
  load: (kind: FileKind) => Promise<unknown>;
  name: string;
  /** As which files; all of them when absent. */
  kinds?: readonly FileKind[];
}) {
  const { t } = useTranslation();
  const download = useMutation({
    mutationFn: async (kind: FileKind) => saveFile((await load(kind)) as Blob, `${name}.${kind}`),
    onError: notifyProblem,
  });
  return (
    <Group justify="end">
      {FILES.filter(({ kind }) => kinds?.includes(kind) ?? true).map(({ kind, Icon }) => (
        <Button
          key={kind}
          variant="default"
          leftSection={<Icon size={16} aria-hidden />}
          loading={download.isPending && download.variables === kind}
          onClick={() => download.mutate(kind)}
        >
          {t(`attendance.${kind}`)}
        </Button>
      ))}
    </Group>
  );
}
