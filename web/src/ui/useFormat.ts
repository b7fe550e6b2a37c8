import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatLocale } from '../locales';
import {
  formatBytes,
  formatDay,
  formatDuration,
  formatMoment,
  formatSpan,
  formatTime,
  relative,
} from './time';

/** Dates, durations and sizes in the person's language. */
export function useFormat() {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const locale = formatLocale(i18n.language);
    return {
      locale,
      span: (start: string, end: string | null | undefined) => formatSpan(start, end, locale),
      /** The same in another zone, which is named beside it. */
      spanIn: (zone: string, start: string, end: string | null | undefined) =>
        formatSpan(start, end, locale, zone, false),
      moment: (instant: string, seconds = false) => formatMoment(instant, locale, seconds),
      day: (day: string) => formatDay(day, locale),
      time: (instant: string, seconds = false) => formatTime(instant, locale, seconds),
      relative: (instant: string, now: Date) => relative(instant, now, locale),
      duration: (seconds: number) => formatDuration(seconds, locale),
      bytes: (bytes: number) => formatBytes(bytes, locale),
    };
  }, [i18n.language]);
}
