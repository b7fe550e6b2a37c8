import { Loader, Select, type SelectProps, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MeetingAction } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { useFormat } from '../../ui/useFormat';
import { choicesOf, type MeetingChoice, wordsOf } from './choices';
import { choicesQuery } from './queries';

type Props = Omit<SelectProps, 'data' | 'value' | 'onChange'> & {
  org: string;
  /** Whose meetings alone, where not everybody's. */
  host: string | undefined;
  /** What the caller wants to do with it. */
  action: MeetingAction;
  value: string | null;
  onChange: (id: string | null) => void;
};

/** A meeting to choose: the latest ones are offered, others are found by their words. */
export function MeetingInput({ org, host, action, value, onChange, ...rest }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [typed, setTyped] = useState('');
  const [chosen, choose] = useState<MeetingChoice>();
  const [words] = useDebouncedValue(wordsOf(typed, chosen), 250);
  const { data, error, refetch, isFetching } = useQuery({
    ...choicesQuery(org, host, words),
    placeholderData: keepPreviousData,
  });
  const choices = new Map(choicesOf(data ?? [], action).map((choice) => [choice.value, choice]));
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Select
        label={t('meetings.one')}
        placeholder={t('meetings.search')}
        description={chosen ? format.span(chosen.begins, null) : t('meetings.oneHint')}
        data={[...choices.values()].map(({ value, label }) => ({ value, label }))}
        // What fits, the server has found.
        filter={({ options }) => options}
        renderOption={({ option }) => (
          <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
            <Text size="sm">{option.label}</Text>
            <Text size="xs" c="dimmed">
              {format.span(choices.get(option.value)?.begins ?? '', null)}
            </Text>
          </div>
        )}
        searchable
        openOnFocus={false}
        allowDeselect={false}
        maxLength={200}
        nothingFoundMessage={t(isFetching ? 'shell.loading' : 'meetings.nothingFound')}
        rightSection={isFetching && words ? <Loader size="xs" aria-hidden /> : undefined}
        {...rest}
        value={value}
        onChange={(id) => {
          choose(id === null ? undefined : choices.get(id));
          onChange(id);
        }}
        onSearchChange={setTyped}
      />
    </>
  );
}
