import {
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiScope } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { localZone, toInstant, toWall } from '../../ui/time';
import { WhenInput } from '../../ui/WhenInput';
import { useHere } from '../orgs/OrganizationGate';
import { type Machine, machinesQuery, SCOPES, type Source } from './sources';

/** For how long the secret before may work on, in seconds. */
const GRACES = ['0', '3600', '86400', '604800'] as const;

type Props = { source: Source; onClose: () => void };

type DialogProps = { title: string; size?: string; onClose: () => void; children: ReactNode };

function Dialog({ title, size, onClose, children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      closeButtonProps={{ 'aria-label': t('shell.close') }}
    >
      {children}
    </Modal>
  );
}

/** A secret, the one time that it is shown. */
function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <Text>{t('service.once')}</Text>
      <Code block data-autofocus tabIndex={0} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {secret}
      </Code>
      <Group justify="space-between">
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button
              variant="light"
              onClick={copy}
              leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            >
              {copied ? t('people.copied') : t('service.copy')}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>{t('shell.done')}</Button>
      </Group>
    </Stack>
  );
}

function Buttons({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Group justify="end">
      <Button variant="default" onClick={onClose}>
        {t('shell.cancel')}
      </Button>
      {children}
    </Group>
  );
}

/** Fetches the list anew behind every change. */
function useChanged(source: Source) {
  const { organization } = useHere();
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries(machinesQuery(source, organization.id));
}

/** A time on the wall as the server wants it, and back. */
const instant = (wall: string | null) => (wall ? toInstant(wall, localZone()) : null);
const wall = (at: string | null | undefined) => (at ? toWall(at, localZone()) : null);

export function CreateDialog({ source, onClose }: Props) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const changed = useChanged(source);
  const isKey = source.kind === 'keys';
  const form = useForm({
    initialValues: { name: '', scopes: [] as ApiScope[], expires_at: null as string | null },
    validate: {
      name: (name) => (name.trim() ? null : t('form.required')),
      scopes: (scopes) => (isKey && scopes.length === 0 ? t('service.needsScope') : null),
    },
  });
  const create = useMutation({
    mutationFn: (values: typeof form.values) =>
      source.create(organization.id, { ...values, expires_at: instant(values.expires_at) }),
    onSuccess: changed,
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Dialog
      title={t(`service.${source.kind}.create`)}
      size={isKey && !create.data ? 'lg' : undefined}
      onClose={onClose}
    >
      {create.data ? (
        <Secret secret={create.data} onClose={onClose} />
      ) : (
        <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
          <Stack gap="sm">
            <FormProblem error={create.error} form={form} />
            <TextInput
              label={t('service.name')}
              placeholder={t(`service.${source.kind}.example`)}
              required
              maxLength={200}
              data-autofocus
              {...form.getInputProps('name')}
            />
            {isKey && (
              <Checkbox.Group label={t('service.scopes')} required {...form.getInputProps('scopes')}>
                <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing={8} mt={6}>
                  {SCOPES.map((scope) => (
                    <Checkbox
                      key={scope}
                      value={scope}
                      label={t(`service.scope.${scope.replace('.', '_') as ScopeKey}`)}
                      description={scope}
                    />
                  ))}
                </SimpleGrid>
              </Checkbox.Group>
            )}
            <WhenInput
              label={t('service.expires')}
              description={t('service.expiresHint')}
              clearable
              minDate={new Date()}
              {...form.getInputProps('expires_at')}
            />
            <Buttons onClose={onClose}>
              <Button type="submit" loading={create.isPending}>
                {t(`service.${source.kind}.create`)}
              </Button>
            </Buttons>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}

/** Keys of texts have no dots inside. */
type ScopeKey =
  | 'meetings_read'
  | 'meetings_write'
  | 'attendance_read'
  | 'recordings_read'
  | 'members_read'
  | 'members_write'
  | 'calendar_read'
  | 'calendar_write';

export function ChangeDialog({ source, machine, onClose }: Props & { machine: Machine }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const changed = useChanged(source);
  const form = useForm({
    initialValues: { name: machine.name, expires_at: wall(machine.expires_at) },
    validate: { name: (name) => (name.trim() ? null : t('form.required')) },
  });
  const change = useMutation({
    mutationFn: ({ name, expires_at }: typeof form.values) =>
      source.change(organization.id, machine.id, { name, expires_at: instant(expires_at) }),
    onSuccess: async () => {
      await changed();
      onClose();
    },
    onError: (error) => showAtFields(form, error),
  });
  return (
    <Dialog title={t('service.change')} onClose={onClose}>
      <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate>
        <Stack gap="sm">
          <FormProblem error={change.error} form={form} />
          <TextInput
            label={t('service.name')}
            required
            maxLength={200}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <WhenInput
            label={t('service.expires')}
            description={t('service.expiresHint')}
            clearable
            minDate={new Date()}
            {...form.getInputProps('expires_at')}
          />
          <Buttons onClose={onClose}>
            <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
              {t('shell.save')}
            </Button>
          </Buttons>
        </Stack>
      </form>
    </Dialog>
  );
}

export function RotateDialog({ source, machine, onClose }: Props & { machine: Machine }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const changed = useChanged(source);
  const [grace, setGrace] = useState<string>(GRACES[0]);
  const rotate = useMutation({
    mutationFn: () => source.rotate(organization.id, machine.id, Number(grace)),
    onSuccess: changed,
  });
  return (
    <Dialog title={t('service.rotate')} onClose={onClose}>
      {rotate.data ? (
        <Secret secret={rotate.data} onClose={onClose} />
      ) : (
        <Stack gap="sm">
          {rotate.error && <ProblemNote error={rotate.error} />}
          <Text>{t('service.rotateText', { name: machine.name })}</Text>
          <Select
            label={t('service.graceLabel')}
            data={GRACES.map((seconds) => ({ value: seconds, label: t(`service.graceFor.${seconds}`) }))}
            value={grace}
            onChange={(next) => next && setGrace(next)}
            allowDeselect={false}
          />
          <Buttons onClose={onClose}>
            <Button onClick={() => rotate.mutate()} loading={rotate.isPending} data-autofocus>
              {t('service.rotate')}
            </Button>
          </Buttons>
        </Stack>
      )}
    </Dialog>
  );
}

export function RevokeDialog({ source, machine, onClose }: Props & { machine: Machine }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const changed = useChanged(source);
  const revoke = useMutation({
    mutationFn: () => source.revoke(organization.id, machine.id),
    onSuccess: async () => {
      await changed();
      notifications.show({ message: t('service.revoked', { name: machine.name }) });
      onClose();
    },
  });
  return (
    <Dialog title={t('service.revoke')} onClose={onClose}>
      <Stack gap="sm">
        {revoke.error && <ProblemNote error={revoke.error} />}
        <Text>{t('service.revokeText', { name: machine.name })}</Text>
        <Buttons onClose={onClose}>
          <Button color="red" onClick={() => revoke.mutate()} loading={revoke.isPending} data-autofocus>
            {t('service.revoke')}
          </Button>
        </Buttons>
      </Stack>
    </Dialog>
  );
}
