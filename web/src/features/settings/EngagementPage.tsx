import { Button, Card, Group, NumberInput, Skeleton, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Settings } from '../../api/types';
import { FormProblem, showAtFields } from '../../ui/forms';
import { ProblemNote } from '../../ui/ProblemNote';
import { usePageTitle } from '../../ui/pages';
import { localZone } from '../../ui/time';
import { useHere } from '../orgs/OrganizationGate';
import { useFigures } from '../reports/parts';
import { engagementQuery } from '../reports/queries';
import { settingsQuery } from './queries';
import { preview, TOPICS, type Weights } from './weighing';

/** Whether and how reputation and engagement are measured. */
export function EngagementPage() {
  const { t } = useTranslation();
  usePageTitle(t('engagement.title'));
  const { organization } = useHere();
  const { data, error, refetch } = useQuery(settingsQuery(organization.id));
  return (
    <Stack maw={720}>
      <Title order={2}>{t('engagement.title')}</Title>
      <Text c="dimmed">{t('engagement.text')}</Text>
      {error && !data && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton h={400} role="status" aria-label={t('shell.loading')} />}
      {data && <WeightsForm key={organization.id} settings={data} />}
    </Stack>
  );
}

function WeightsForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const { organization, permissions } = useHere();
  const queryClient = useQueryClient();
  const toValues = ({ engagement, engagement_weights }: Settings) => ({ engagement, engagement_weights });
  const form = useForm({ initialValues: toValues(settings) });
  const frozen = !permissions.includes('settings.manage');
  const weights: Weights = form.values.engagement_weights;
  const save = useMutation({
    mutationFn: (body: typeof form.values) =>
      take(
        api.PATCH('/api/v1/organizations/{org}/settings', {
          params: { path: { org: organization.id } },
          body,
        }),
      ),
    onSuccess: (saved) => {
      queryClient.setQueryData(settingsQuery(organization.id).queryKey, saved);
      void queryClient.invalidateQueries({ queryKey: ['reports'] });
      form.setInitialValues(toValues(saved));
      form.reset();
      notifications.show({ color: 'green', message: t('settings.saved') });
    },
    onError: (error) => showAtFields(form, error),
  });
  const on = form.values.engagement && TOPICS.some((topic) => weights[topic] > 0);
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <fieldset disabled={frozen} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack>
          {frozen && <Text c="dimmed">{t('settings.adminsOnly')}</Text>}
          <FormProblem error={save.error} form={form} />
          <Switch
            label={t('engagement.on')}
            description={t('engagement.onHint')}
            {...form.getInputProps('engagement', { type: 'checkbox' })}
          />
          {form.values.engagement && (
            <Card withBorder component="section" padding="lg">
              <Stack gap="sm">
                <Title order={3}>{t('engagement.weights')}</Title>
                <Text size="sm" c="dimmed">
                  {t('engagement.weightsText')}
                </Text>
                {TOPICS.map((topic) => (
                  <NumberInput
                    key={topic}
                    label={t(`engagement.topic.${topic}`)}
                    description={t(`engagement.rule.${topic}`)}
                    min={0}
                    max={10}
                    allowDecimal={false}
                    allowNegative={false}
                    clampBehavior="strict"
                    {...form.getInputProps(`engagement_weights.${topic}`)}
                    onChange={(value) =>
                      form.setFieldValue(`engagement_weights.${topic}`, Number(value) || 0)
                    }
                  />
                ))}
                {!on && <Text fw={500}>{t('engagement.allZero')}</Text>}
              </Stack>
            </Card>
          )}
          {!frozen && (
            <Group>
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                {t('shell.save')}
              </Button>
            </Group>
          )}
          {on && permissions.includes('attendance.view') && <Preview weights={weights} />}
        </Stack>
      </fieldset>
    </form>
  );
}

/** What the weights would make of the last three months. */
function Preview({ weights }: { weights: Weights }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { number } = useFigures();
  const scope = { org: organization.id, period: 'quarter', zone: localZone() } as const;
  const { data } = useInfiniteQuery({ ...engagementQuery(scope, 'score'), retry: false });
  const members = preview(data?.pages[0]?.items ?? [], weights).slice(0, 10);
  if (members.length === 0) return null;
  return (
    <Card withBorder component="section" padding="lg">
      <Stack gap="sm">
        <Title order={3}>{t('engagement.preview')}</Title>
        <Text size="sm" c="dimmed">
          {t('engagement.previewText')}
        </Text>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('reports.member')}</Table.Th>
              <Table.Th ta="end">{t('engagement.now')}</Table.Th>
              <Table.Th ta="end">{t('engagement.later')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody aria-live="polite">
            {members.map(({ user, now, later }) => (
              <Table.Tr key={user.id}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{user.name}</Table.Td>
                <Table.Td ta="end">{number(now)}</Table.Td>
                <Table.Td ta="end" fw={600}>
                  {number(later)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Card>
  );
}
