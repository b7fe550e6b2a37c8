import { Card, Collapse, Group, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconShieldCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { CopyLink } from '../../ui/CopyLink';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';

/** How far the record is sealed, and its last seal, to be noted elsewhere. */
export function SealCard() {
  const { t } = useTranslation();
  const format = useFormat();
  const { organization } = useHere();
  const [opened, { toggle }] = useDisclosure(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['seal', organization.id],
    queryFn: () =>
      take(api.GET('/api/v1/organizations/{org}/audit/seal', { params: { path: { org: organization.id } } })),
  });
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton h={72} role="status" aria-label={t('shell.loading')} />;
  return (
    <Card withBorder component="section" padding="md">
      <UnstyledButton onClick={toggle} aria-expanded={opened}>
        <Group justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <IconShieldCheck size={24} aria-hidden />
            <div>
              <Title order={3} size="h5">
                {t('audit.seal.title', { count: data.sealed })}
              </Title>
              <Text size="sm" c="dimmed">
                {data.sealed_at
                  ? t('audit.seal.last', { when: format.moment(data.sealed_at) })
                  : t('audit.seal.none')}
              </Text>
            </div>
          </Group>
          <IconChevronDown size={18} aria-hidden style={{ rotate: opened ? '180deg' : undefined }} />
        </Group>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <Stack gap="sm" mt="sm">
          <Text size="sm">{t('audit.seal.text')}</Text>
          {data.head && <CopyLink url={data.head} label={t('audit.seal.copy')} />}
        </Stack>
      </Collapse>
    </Card>
  );
}
