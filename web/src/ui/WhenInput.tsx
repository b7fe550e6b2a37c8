import { DateTimePicker, type DateTimePickerProps } from '@mantine/dates';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';

/** Large enough to hit. */
export const LARGE = { minWidth: 28, minHeight: 28 };

/** A day and a time of day on the wall, with all its parts named. */
export function WhenInput(props: DateTimePickerProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <DateTimePicker
      valueFormat="ddd D MMM YYYY HH:mm"
      hideOutsideDates
      weekendDays={[]}
      // The popover takes its name from its target, which it looks for under this id.
      id={id}
      popoverProps={{ id }}
      ariaLabels={{
        previousMonth: t('calendar.previousMonth'),
        nextMonth: t('calendar.nextMonth'),
        previousYear: t('calendar.previousYear'),
        nextYear: t('calendar.nextYear'),
        previousDecade: t('calendar.previousDecade'),
        nextDecade: t('calendar.nextDecade'),
      }}
      timePickerProps={{
        hoursInputLabel: t('calendar.hours'),
        minutesInputLabel: t('calendar.minutes'),
        secondsInputLabel: t('calendar.seconds'),
        styles: { field: LARGE },
      }}
      submitButtonProps={{ 'aria-label': t('calendar.take') }}
      {...props}
      clearButtonProps={{ style: LARGE, ...props.clearButtonProps }}
    />
  );
}
