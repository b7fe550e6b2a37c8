import { MultiSelect, type MultiSelectProps, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ProblemNote } from '../../ui/ProblemNote';
import { membersQuery } from './queries';

type Props = MultiSelectProps & {
  org: string;
  /** Ids of those who are not to be chosen. */
  without: readonly string[];
};

/** Members to choose, found by name or address. */
export function PeopleInput({ org, without, ...rest }: Props) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(membersQuery(org));
  const people = new Map(data?.map(({ user }) => [user.id, user]));
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <MultiSelect
        label={t('schedule.people')}
        placeholder={t('schedule.peoplePlaceholder')}
        data={[...people.values()]
          .filter(({ id }) => !without.includes(id))
          .map(({ id, name }) => ({ value: id, label: name }))}
        filter={({ options, search }) =>
          options.filter((option) => {
            const { name, email } = ('value' in option && people.get(option.value)) || {};
            return `${name} ${email ?? ''}`.toLowerCase().includes(search.trim().toLowerCase());
          })
        }
        renderOption={({ option }) => (
          <div style={{ minWidth: 0 }}>
            <Text size="sm">{option.label}</Text>
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {people.get(option.value)?.email}
            </Text>
          </div>
        )}
        searchable
        hidePickedOptions
        nothingFoundMessage={t('schedule.nobody')}
        {...rest}
      />
    </>
  );
}
