import { Group, Pill, Select, TextInput } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { MEETING_TYPES } from '../../api/types';
import { useHere } from '../orgs/OrganizationGate';
import { membersQuery } from '../orgs/queries';
import type { MeetingFilters } from './queries';

type Props = { filters: MeetingFilters; onChange: (change: MeetingFilters) => void };

/** Narrows a list of meetings. What is chosen stands in the address, so that a link shares it. */
export function Filters({ filters, onChange }: Props) {
  const { t } = useTranslation();
  const { organization } = useHere();
  const members = useQuery(membersQuery(organization.id));
  const search = useDebouncedCallback((text: string) => onChange({ q: text.trim() || undefined }), 300);
  const { q, type, host, from, to, related_type, related_id } = filters;
  return (
    <Group gap="xs" align="end" role="search">
      <TextInput
        type="search"
        aria-label={t('meetings.search')}
        placeholder={t('meetings.search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        style={{ flex: '2 1 14rem' }}
        defaultValue={q}
        onChange={(event) => search(event.currentTarget.value)}
      />
      <Select
        aria-label={t('schedule.type')}
        placeholder={t('meetings.anyType')}
        data={MEETING_TYPES.map((value) => ({ value, label: t(`meetingType.${value}`) }))}
        clearable
        clearButtonProps={{ 'aria-label': t('meetings.anyType') }}
        style={{ flex: '1 1 9rem' }}
        value={type ?? null}
        onChange={(value) => onChange({ type: MEETING_TYPES.find((known) => known === value) })}
      />
      <Select
        aria-label={t('meetings.host')}
        placeholder={t('meetings.anyHost')}
        data={(members.data ?? []).map(({ user }) => ({ value: user.id, label: user.name }))}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': t('meetings.anyHost') }}
        nothingFoundMessage={t('schedule.nobody')}
        style={{ flex: '1 1 10rem' }}
        value={host ?? null}
        onChange={(value) => onChange({ host: value ?? undefined })}
      />
      <DatePickerInput
        type="range"
        placeholder={t('meetings.anyDay')}
        valueFormat="D MMM YYYY"
        allowSingleDateInRange
        clearable
        clearButtonProps={{ 'aria-label': t('meetings.anyDay') }}
        style={{ flex: '1 1 12rem' }}
        value={[from ?? null, to ?? from ?? null]}
        onChange={([first, last]) => onChange({ from: first ?? undefined, to: last ?? undefined })}
      />
      {related_type && (
        <Pill
          size="lg"
          withRemoveButton
          removeButtonProps={{ 'aria-label': t('meetings.anyObject'), tabIndex: 0 }}
          onRemove={() => onChange({ related_type: undefined, related_id: undefined })}
        >
          {[related_type, related_id].filter(Boolean).join(' ')}
        </Pill>
      )}
    </Group>
  );
}
