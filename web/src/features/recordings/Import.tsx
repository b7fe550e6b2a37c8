import { Button, Group, Progress, Stack, Text, TextInput } from '@mantine/core';
import { IconFileImport } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { fieldErrors, Problem } from '../../api/problem';
import type { VaultItem } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { fieldSentence, ProblemNote } from '../../ui/ProblemNote';
import { localZone, toInstant } from '../../ui/time';
import { useFormat } from '../../ui/useFormat';
import { WhenInput } from '../../ui/WhenInput';
import { choicesOf } from '../meetings/choices';
import { MeetingInput } from '../meetings/MeetingInput';
import { choicesQuery } from '../meetings/queries';
import { useHere } from '../orgs/OrganizationGate';

/** Brings a recording from elsewhere into the vault; of which meeting is asked where it is not given. */
export function ImportButton({ meetingId }: { meetingId?: string }) {
  const { t } = useTranslation();
  return (
    <DialogButton icon={IconFileImport} label={t('recording.importing.title')}>
      {(close) => <ImportForm given={meetingId} onDone={close} />}
    </DialogButton>
  );
}

/** The same for those who have a meeting to which they may bring one. */
export function ImportToVault() {
  const { organization } = useHere();
  const { data } = useQuery(choicesQuery(organization.id, useKept(), ''));
  return choicesOf(data ?? [], 'share_recordings').length > 0 && <ImportButton />;
}

/** Whose meetings' recordings the caller decides about: their own, or (undefined) everybody's. */
function useKept(): string | undefined {
  const { me, permissions } = useHere();
  return permissions.includes('recordings.manage') ? undefined : me.id;
}

const FIELDS = ['url', 'title', 'started_at'] as const;

function ImportForm({ given, onDone }: { given: string | undefined; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { organization } = useHere();
  const kept = useKept();
  const [chosen, choose] = useState<string | null>(null);
  const [url, setUrl] = useState('');
  const [title, setTitle] = useState('');
  const [begins, setBegins] = useState<string | null>(null);
  const [missing, setMissing] = useState(false);
  const save = useMutation({
    mutationFn: (id: string) =>
      take(
        api.POST('/api/v1/meetings/{id}/recordings/import', {
          params: { path: { id } },
          body: {
            url: url.trim(),
            title: title.trim() || null,
            started_at: begins && toInstant(begins, localZone()),
          },
          headers: idempotent(),
        }),
      ),
    onSuccess: async ({ meeting_id }) => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: ['meeting', meeting_id, 'recordings'] }),
        queryClient.invalidateQueries({ queryKey: ['vault'] }),
      ]);
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const meeting = given ?? chosen;
    const complete = meeting && url.trim();
    setMissing(!complete);
    if (complete) save.mutate(meeting);
  };
  const problem = save.error ? Problem.of(save.error) : undefined;
  const wrong = problem ? fieldErrors(problem, FIELDS, fieldSentence) : {};
  return (
    <form noValidate onSubmit={submit}>
      <Stack>
        <Text size="sm">{t('recording.importing.text')}</Text>
        {problem && Object.keys(wrong).length === 0 && <ProblemNote error={problem} />}
        {given === undefined && (
          <MeetingInput
            org={organization.id}
            host={kept}
            action="share_recordings"
            required
            value={chosen}
            error={missing && !chosen && t('form.required')}
            onChange={choose}
            data-autofocus
          />
        )}
        <TextInput
          type="url"
          label={t('recording.importing.url')}
          required
          maxLength={2000}
          autoComplete="off"
          value={url}
          error={missing && !url.trim() ? t('form.required') : wrong.url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          data-autofocus={given !== undefined || undefined}
        />
        <TextInput
          label={t('recording.importing.name')}
          description={t('recording.importing.nameHint')}
          maxLength={200}
          value={title}
          error={wrong.title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <WhenInput
          label={t('recording.importing.begins')}
          description={t('recording.importing.beginsHint')}
          maxDate={new Date()}
          clearable
          clearButtonProps={{ 'aria-label': t('recording.importing.clear') }}
          value={begins}
          error={wrong.started_at}
          onChange={setBegins}
        />
        <Group justify="end">
          <Button variant="default" onClick={onDone}>
            {t('shell.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t('recording.importing.submit')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** How far a file is that comes from elsewhere. */
export function ImportState({ from }: { from: VaultItem['import'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!from) return null;
  const { host, received_bytes, total_bytes } = from;
  const received = format.bytes(received_bytes);
  if (received_bytes === 0) return <Text size="sm">{t('recording.importing.waits', { host })}</Text>;
  if (!total_bytes) return <Text size="sm">{t('recording.importing.comes', { host, received })}</Text>;
  const words = t('recording.importing.comesOf', { host, received, total: format.bytes(total_bytes) });
  return (
    <Stack gap={4} maw={480}>
      <Text size="sm">{words}</Text>
      <Progress
        value={Math.min(100, (100 * received_bytes) / total_bytes)}
        aria-label={t('recording.status.importing')}
        aria-valuetext={words}
      />
    </Stack>
  );
}
