import { Paper, Select, SimpleGrid, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { contactGroupsQuery } from '../contacts/queries';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';

/** Figures with their names. */
export function Cards({ cards }: { cards: readonly (readonly [string, string | number])[] }) {
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 4 }} spacing="sm">
      {cards.map(([name, value]) => (
        <Paper key={name} withBorder p="sm">
          <Text size="xs" c="dimmed">
            {name}
          </Text>
          <Text fw={650} fz="lg">
            {value}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

/** Shares and numbers in the person's language; a dash where there is none. */
export function useFigures() {
  const { locale } = useFormat();
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const or = (format: Intl.NumberFormat) => (value: number | null | undefined) =>
    value == null ? '–' : format.format(value);
  return { percent: or(share), number: or(number) };
}

/** Instead of a report that is not there yet, or does not come. */
export function Pending({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useTranslation();
  return error ? (
    <ProblemNote error={error} onRetry={onRetry} />
  ) : (
    <Skeleton h={300} role="status" aria-label={t('shell.loading')} />
  );
}

/** Who of the members. */
export function MemberSelect({ member, onChange }: { member: string; onChange: (id: string) => void }) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { data: members = [], isPending } = useQuery(membersQuery(organization.id));
  return (
    <Select
      label={t('reports.member')}
      searchable
      // What is typed before the names are here would be lost when they come, or mixed with the name that comes.
      key={String(isPending)}
      disabled={isPending}
      data={members.map(({ user }) => ({ value: user.id, label: user.name }))}
      value={member}
      allowDeselect={false}
      maw={360}
      onChange={(id) => id && onChange(id)}
    />
  );
}

/** Which of the groups of contacts; everybody's where that makes sense. */
export function GroupSelect({
  group,
  optional,
  onChange,
}: {
  group: string | undefined;
  optional?: boolean;
  onChange: (id: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const { data: groups = [], isPending } = useQuery(contactGroupsQuery(organization.id));
  return (
    <Select
      label={t('reports.group')}
      placeholder={t(optional ? 'reports.everybody' : 'reports.chooseGroup')}
      searchable
      key={String(isPending)}
      disabled={isPending}
      data={groups.map(({ id, name }) => ({ value: id, label: name }))}
      value={group ?? null}
      clearable={optional}
      clearButtonProps={{ 'aria-label': t('reports.everybody') }}
      allowDeselect={false}
      maw={360}
      onChange={(id) => onChange(id ?? undefined)}
    />
  );
}
