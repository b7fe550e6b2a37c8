import {
  Anchor,
  Badge,
  Button,
  Card,
  Code,
  CopyButton,
  Group,
  Image,
  Modal,
  PasswordInput,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { components } from '../../api/schema';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { CodeInput } from '../auth/CodeInput';

type Authenticator = components['schemas']['Authenticator'];
type Step = 'begin' | 'disable' | 'renew' | { authenticator: Authenticator } | { codes: string[] };

/** Switches the second factor on and off, and shows recovery codes once. */
export function SecondFactorCard() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [step, setStep] = useState<Step | null>(null);
  const state = useQuery({
    queryKey: ['second-factor'],
    queryFn: () => take(api.GET('/api/v1/me/second-factor')),
  });
  const close = () => {
    setStep(null);
    void queryClient.invalidateQueries({ queryKey: ['second-factor'] });
  };
  return (
    <Card withBorder component="section" padding="lg" aria-labelledby="second-factor">
      <Stack gap="sm">
        <Group gap="sm">
          <Title order={2} id="second-factor">
            {t('secondFactor.title')}
          </Title>
          {state.data && (
            <Badge color={state.data.enabled ? 'green' : 'gray'} variant="light">
              {state.data.enabled ? t('secondFactor.on') : t('secondFactor.off')}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {t('secondFactor.text')}
        </Text>
        {state.error && <ProblemNote error={state.error} onRetry={() => void state.refetch()} />}
        {state.isPending && <Skeleton h={36} role="status" aria-label={t('shell.loading')} />}
        {state.data && !state.data.enabled && (
          <Group>
            <Button onClick={() => setStep('begin')}>{t('secondFactor.enable')}</Button>
          </Group>
        )}
        {state.data?.enabled && (
          <>
            <Text size="sm">{t('secondFactor.codesLeft', { count: state.data.recovery_codes_left })}</Text>
            <Group>
              <Button variant="default" onClick={() => setStep('renew')}>
                {t('secondFactor.renew')}
              </Button>
              <Button variant="subtle" color="red" onClick={() => setStep('disable')}>
                {t('secondFactor.disable')}
              </Button>
            </Group>
          </>
        )}
      </Stack>
      <Modal
        opened={step !== null}
        onClose={close}
        title={t('secondFactor.title')}
        closeButtonProps={{ 'aria-label': t('shell.close') }}
        // What is shown once must not go by a click beside it.
        closeOnClickOutside={step === 'begin' || step === 'disable' || step === 'renew'}
      >
        {step === 'begin' && <BeginForm onDone={(authenticator) => setStep({ authenticator })} />}
        {step === 'renew' && <ProofForm renew onDone={(codes) => setStep({ codes })} />}
        {step === 'disable' && <ProofForm onDone={close} />}
        {step && typeof step === 'object' && 'authenticator' in step && (
          <ConfirmForm authenticator={step.authenticator} onDone={(codes) => setStep({ codes })} />
        )}
        {step && typeof step === 'object' && 'codes' in step && (
          <RecoveryCodes codes={step.codes} onDone={close} />
        )}
      </Modal>
    </Card>
  );
}

function BeginForm({ onDone }: { onDone: (authenticator: Authenticator) => void }) {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { password: '' } });
  const begin = useMutation({
    mutationFn: (body: { password: string }) => take(api.POST('/api/v1/me/second-factor', { body })),
    onSuccess: onDone,
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => begin.mutate(values))}>
      <Stack>
        <FormProblem error={begin.error} form={form} />
        <PasswordInput
          label={t('security.currentPassword')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <Button type="submit" loading={begin.isPending}>
          {t('secondFactor.next')}
        </Button>
      </Stack>
    </form>
  );
}

function ConfirmForm({
  authenticator,
  onDone,
}: {
  authenticator: Authenticator;
  onDone: (codes: string[]) => void;
}) {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { code: '' } });
  const confirm = useMutation({
    mutationFn: (body: { code: string }) => take(api.POST('/api/v1/me/second-factor/confirm', { body })),
    onSuccess: ({ recovery_codes }) => onDone(recovery_codes),
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => confirm.mutate(values))}>
      <Stack>
        <Text size="sm">{t('secondFactor.scan')}</Text>
        <Image
          src={`data:image/svg+xml,${encodeURIComponent(authenticator.qr_code)}`}
          alt={t('secondFactor.qrCode')}
          w={220}
          mx="auto"
        />
        <Anchor href={authenticator.url} size="sm" py={4}>
          {t('secondFactor.openApp')}
        </Anchor>
        <Text size="sm">{t('secondFactor.type')}</Text>
        <Code block>{authenticator.secret.match(/.{1,4}/g)?.join(' ')}</Code>
        <FormProblem error={confirm.error} form={form} />
        <CodeInput
          label={t('secondFactor.firstCode')}
          inputMode="numeric"
          data-autofocus
          key={form.key('code')}
          {...form.getInputProps('code')}
        />
        <Button type="submit" loading={confirm.isPending}>
          {t('secondFactor.enable')}
        </Button>
      </Stack>
    </form>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Text size="sm">{t('secondFactor.keepCodes')}</Text>
      <SimpleGrid cols={2} spacing="xs">
        {codes.map((code) => (
          <Code key={code}>{code}</Code>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <CopyButton value={codes.join('\n')}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? t('people.copied') : t('secondFactor.copy')}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onDone}>{t('shell.done')}</Button>
      </Group>
    </Stack>
  );
}

/** Password and code, for new recovery codes or to switch the second factor off. */
function ProofForm({ renew = false, onDone }: { renew?: boolean; onDone: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const form = useForm({ mode: 'uncontrolled', initialValues: { password: '', code: '' } });
  const send = useMutation({
    mutationFn: async (body: { password: string; code: string }) => {
      if (renew)
        return (await take(api.POST('/api/v1/me/second-factor/recovery-codes', { body }))).recovery_codes;
      await take(api.POST('/api/v1/me/second-factor/disable', { body }));
      notifications.show({ message: t('secondFactor.disabled') });
      return [];
    },
    onSuccess: onDone,
    onError: (error) => showAtFields(form, error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => send.mutate(values))}>
      <Stack>
        <Text size="sm">{renew ? t('secondFactor.renewText') : t('secondFactor.disableText')}</Text>
        <FormProblem error={send.error} form={form} />
        <PasswordInput
          label={t('security.currentPassword')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <CodeInput key={form.key('code')} {...form.getInputProps('code')} />
        <Button type="submit" color={renew ? undefined : 'red'} loading={send.isPending}>
          {renew ? t('secondFactor.renew') : t('secondFactor.disable')}
        </Button>
      </Stack>
    </form>
  );
}
