import { NumberInput, SimpleGrid } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { AnyForm } from '../../ui/forms';

/** The rules of presence as a form holds them: what is not asked for is empty. */
export type PresenceValues = Record<
  'min_presence_percent' | 'quorum_members' | 'quorum_percent' | 'presence_checks_per_hour',
  number | string
>;

type Stored = { [field in keyof PresenceValues]?: number | null };

/** Stored rules as a form holds them. */
export const presenceValues = (rules: Stored): PresenceValues => ({
  min_presence_percent: rules.min_presence_percent ?? '',
  quorum_members: rules.quorum_members ?? '',
  quorum_percent: rules.quorum_percent ?? '',
  presence_checks_per_hour: rules.presence_checks_per_hour ?? '',
});

const orNull = (value: number | string) => (value === '' ? null : Number(value));

/** What a form holds as rules to store. */
export const presenceRules = (values: PresenceValues) => ({
  min_presence_percent: orNull(values.min_presence_percent),
  quorum_members: orNull(values.quorum_members),
  quorum_percent: orNull(values.quorum_percent),
  presence_checks_per_hour: orNull(values.presence_checks_per_hour),
});

/** Who counts as present, how many must be there, and how often they are asked; `at` is where the rules stand in the form. */
export function PresenceInputs({ form, at = '' }: { form: AnyForm; at?: string }) {
  const { t } = useTranslation();
  const share = { min: 1, max: 100, suffix: ' %', allowDecimal: false, allowNegative: false };
  /** A quorum is a number or a share: writing one takes the other away. */
  const either = (field: string, other: string) => {
    const input = form.getInputProps(`${at}${field}`);
    return {
      ...input,
      onChange: (value: number | string) => {
        if (value !== '') form.setFieldValue(`${at}${other}`, '');
        input.onChange(value);
      },
    };
  };
  return (
    <>
      <NumberInput
        label={t('presence.minimum')}
        description={t('presence.minimumHint')}
        {...share}
        {...form.getInputProps(`${at}min_presence_percent`)}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <NumberInput
          label={t('presence.members')}
          description={t('presence.membersHint')}
          min={1}
          max={10_000}
          allowDecimal={false}
          allowNegative={false}
          {...either('quorum_members', 'quorum_percent')}
        />
        <NumberInput
          label={t('presence.share')}
          description={t('presence.shareHint')}
          {...share}
          {...either('quorum_percent', 'quorum_members')}
        />
      </SimpleGrid>
      <NumberInput
        label={t('schedule.checks')}
        description={t('schedule.checksHint')}
        min={1}
        max={12}
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps(`${at}presence_checks_per_hour`)}
      />
    </>
  );
}
