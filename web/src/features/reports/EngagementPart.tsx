import { Anchor, Group, Progress, Select, Stack, Table, Text, Title, UnstyledButton } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../ui/EmptyState';
import { Exports } from '../../ui/Exports';
import { MoreButton } from '../../ui/MoreButton';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { Cards, MemberSelect, Pending, useFigures } from './parts';
import {
  type EngagementOrder,
  engagementFile,
  engagementQuery,
  memberEngagementQuery,
  type EngagementPart as Part,
  type Scope,
} from './queries';

const ORDERS: EngagementOrder[] = ['score', 'reputation', 'engagement', 'name'];

/** Everybody's reputation and engagement, for officers. */
export function EngagementPart({ scope, onChoose }: { scope: Scope; onChoose: (member: string) => void }) {
  const { t } = useTranslation();
  const { number } = useFigures();
  const { permissions } = useHere();
  const [order, setOrder] = useState<EngagementOrder>('score');
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...engagementQuery(scope, order),
    placeholderData: keepPreviousData,
  });
  const items = data?.pages.flatMap((page) => page.items);
  return (
    <Stack>
      <Text c="dimmed">
        {t('engagement.text')}{' '}
        {permissions.includes('settings.manage') && (
          <Anchor renderRoot={(props) => <Link to="/settings/engagement" {...props} />} underline="always">
            {t('engagement.toSettings')}
          </Anchor>
        )}
      </Text>
      {!items ? (
        <Pending error={error} onRetry={() => void refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={IconChartBar} title={t('reports.none')} />
      ) : (
        <>
          <Group justify="space-between" align="end">
            <Select
              label={t('engagement.order')}
              data={ORDERS.map((value) => ({ value, label: t(`engagement.by.${value}`) }))}
              value={order}
              allowDeselect={false}
              onChange={(value) => setOrder(value as EngagementOrder)}
            />
            <Exports kinds={['csv']} load={() => engagementFile(scope)} name={t('engagement.title')} />
          </Group>
          <Table verticalSpacing="xs" className={rows.rows}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('reports.member')}</Table.Th>
                <Table.Th ta="end">{t('engagement.score')}</Table.Th>
                <Table.Th ta="end">{t('engagement.reputation')}</Table.Th>
                <Table.Th ta="end">{t('engagement.engagement')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map(({ user, score, reputation, engagement }) => (
                <Table.Tr key={user.id}>
                  <Table.Td className={rows.wide}>
                    <UnstyledButton
                      td="underline"
                      style={{ overflowWrap: 'anywhere' }}
                      onClick={() => onChoose(user.id)}
                    >
                      {user.name}
                    </UnstyledButton>
                  </Table.Td>
                  {Object.entries({ score, reputation, engagement }).map(([name, points]) => (
                    <Table.Td
                      key={name}
                      ta="end"
                      data-label={t(`engagement.${name as 'score' | 'reputation' | 'engagement'}`)}
                      fw={name === 'score' ? 600 : undefined}
                    >
                      {number(points)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <MoreButton {...{ hasNextPage, isFetchingNextPage, fetchNextPage }} />
        </>
      )}
    </Stack>
  );
}

/** One person's points, part by part: what they did, what would be enough, and what it weighs. */
export function MemberEngagement({
  scope,
  user,
  onChoose,
}: {
  scope: Scope;
  user: string;
  /** For officers: looks at another, or at all. */
  onChoose?: (member: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const { number } = useFigures();
  const { data, error, refetch } = useQuery({
    ...memberEngagementQuery(scope, user),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack>
      {onChoose && (
        <Group align="end">
          <MemberSelect member={user} onChange={onChoose} />
          <Anchor component="button" type="button" onClick={() => onChoose(undefined)} mb={8}>
            {t('engagement.all')}
          </Anchor>
        </Group>
      )}
      {!data ? (
        <Pending error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <Title order={2}>{data.user.name}</Title>
          <Cards
            cards={[
              [t('engagement.score'), number(data.score)],
              [t('engagement.reputation'), number(data.reputation)],
              [t('engagement.engagement'), number(data.engagement)],
            ]}
          />
          <Text c="dimmed">{t('engagement.explained')}</Text>
          <PartsTable parts={data.parts} />
        </>
      )}
    </Stack>
  );
}

function PartsTable({ parts }: { parts: readonly Part[] }) {
  const { t } = useTranslation();
  const { number } = useFigures();
  const did = useDid();
  return (
    <Table verticalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('engagement.part')}</Table.Th>
          <Table.Th visibleFrom="sm">{t('engagement.enough')}</Table.Th>
          <Table.Th ta="end">{t('engagement.weight')}</Table.Th>
          <Table.Th ta="end">{t('engagement.points')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {parts.map((part) => (
          <Table.Tr key={part.topic} c={part.weight === 0 ? 'dimmed' : undefined}>
            <Table.Td>
              <Text size="sm" fw={500}>
                {t(`engagement.topic.${part.topic}`)}
              </Text>
              <Text size="sm" c="dimmed">
                {did(part)}
              </Text>
              <Progress value={part.points ?? 0} size="sm" mt={4} aria-hidden />
              <Text size="xs" c="dimmed" mt={4} hiddenFrom="sm">
                {t(`engagement.rule.${part.topic}`)}
              </Text>
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <Text size="sm">{t(`engagement.rule.${part.topic}`)}</Text>
            </Table.Td>
            <Table.Td ta="end">{part.weight}</Table.Td>
            <Table.Td ta="end" fw={600}>
              {number(part.points)}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** What somebody did, as a sentence. */
function useDid() {
  const { t } = useTranslation();
  const format = useFormat();
  const { number } = useFigures();
  return ({ topic, value, reference, total }: Part) => {
    if (reference === 0) return t('engagement.nothing');
    const timed = topic === 'presence' || topic === 'speaking';
    const say = timed ? format.duration : number;
    const known = { value: say(value), reference: say(reference), total: say(total) };
    return t(total > value ? 'engagement.didMore' : 'engagement.did', known);
  };
}
