import { Checkbox, MultiSelect, NumberInput, Select, Textarea } from '@mantine/core';
import { DateInput } from '@mantine/dates';
import { useTranslation } from 'react-i18next';
import type { CustomField, CustomValues } from '../../api/types';
import type { AnyForm } from '../../ui/forms';
import { LARGE } from '../../ui/WhenInput';

/** The values that a form begins with; a retired field is shown nowhere in it. */
export const valuesOf = (fields: CustomField[], values: CustomValues = {}): CustomValues =>
  Object.fromEntries(
    fields
      .filter(({ retired_at }) => !retired_at)
      .map(({ key, type }) => [
        key,
        values[key] ??
          { text: '', number: '', boolean: false, date: null, select: null, multi_select: [] }[type],
      ]),
  );

/** What a form says, as the API wants it: what is empty is not there. */
export const filledIn = (values: CustomValues): CustomValues =>
  Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== '' && value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );

/** An input for each custom field. */
export function CustomFieldInputs({ fields, form }: { fields: CustomField[]; form: AnyForm }) {
  return fields
    .filter(({ retired_at }) => !retired_at)
    .map((field) => <CustomFieldInput key={field.id} field={field} form={form} />);
}

function CustomFieldInput({ field, form }: { field: CustomField; form: AnyForm }) {
  const { t } = useTranslation();
  const { key, label, type, required, options, rules } = field;
  const name = `custom_fields.${key}`;
  const common = { label, required };
  if (type === 'boolean')
    return <Checkbox label={label} {...form.getInputProps(name, { type: 'checkbox' })} />;
  const input = form.getInputProps(name);
  if (type === 'number')
    return <NumberInput {...common} min={rules.min ?? undefined} max={rules.max ?? undefined} {...input} />;
  if (type === 'date')
    return (
      <DateInput
        {...common}
        clearable
        clearButtonProps={{ 'aria-label': t('fields.clear', { name: label }), style: LARGE }}
        minDate={rules.earliest ?? undefined}
        maxDate={rules.latest ?? undefined}
        {...input}
      />
    );
  if (type === 'select')
    return <Select {...common} data={options} clearable={!required} searchable {...input} />;
  if (type === 'multi_select') return <MultiSelect {...common} data={options} searchable {...input} />;
  return <Textarea {...common} autosize minRows={1} maxRows={6} {...input} />;
}
