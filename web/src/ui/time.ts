import dayjs from 'dayjs';
import timezone from 'dayjs/plugin/timezone';
import utc from 'dayjs/plugin/utc';

dayjs.extend(utc);
dayjs.extend(timezone);

/** How the date pickers write a wall-clock time. */
const WALL = 'YYYY-MM-DD HH:mm:ss';

/** The time zone of this device. */
export const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The instant at which clocks in `zone` show `wall`. */
export function toInstant(wall: string, zone: string): string {
  return dayjs.tz(wall, zone).toISOString();
}

/** What clocks in `zone` show at an instant. */
export function toWall(instant: string | Date, zone: string): string {
  return dayjs(instant).tz(zone).format(WALL);
}

/** The next full quarter of an hour, at least five minutes away. */
export function nextQuarter(now: Date): Date {
  const quarter = 15 * 60_000;
  return new Date(Math.ceil((now.getTime() + 5 * 60_000) / quarter) * quarter);
}

/** "Tue, 1 Dec 2026, 12:00 – 13:00 EAT"; without the zone when `named` is false. */
export function formatSpan(
  start: string,
  end: string | null | undefined,
  locale: string,
  zone = localZone(),
  named = true,
): string {
  const format = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: named ? 'short' : undefined,
  });
  const text = end ? format.formatRange(new Date(start), new Date(end)) : format.format(new Date(start));
  // "GMT +3" in one piece.
  return text.replace(/GMT ([+-])/, 'GMT\u00a0$1');
}

/** "1 Dec 2026, 12:00:07": the moment at which something happened. */
export function formatMoment(instant: string, locale: string, seconds = false): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: seconds ? 'medium' : 'short',
  }).format(new Date(instant));
}

/** "1 Dec 2026": a day, wherever one is. */
export function formatDay(day: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

export function formatTime(instant: string, locale: string, seconds = false): string {
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: seconds ? '2-digit' : undefined,
  }).format(new Date(instant));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "in 2 hours", "yesterday", "now": the largest unit that fits, rounded. */
export function relative(instant: string, now: Date, locale: string): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? [
    'second',
    Number.POSITIVE_INFINITY,
  ];
  return format.format(Math.trunc(seconds / size), unit);
}

/** "1 hr 30 min"; seconds only below a minute. */
export function formatDuration(seconds: number, locale: string): string {
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return unit(whole, 'second');
  const minutes = Math.round(whole / 60);
  const parts = [];
  if (minutes >= 60) parts.push(unit(Math.floor(minutes / 60), 'hour'));
  if (minutes % 60 > 0) parts.push(unit(minutes % 60, 'minute'));
  return parts.join(' ');
}

/** "12.4 MB". */
export function formatBytes(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[step],
    unitDisplay: 'short',
    maximumFractionDigits: step < 2 ? 0 : 1,
  }).format(bytes / 1000 ** step);
}

/** All zones this browser knows, the current one first of all. */
export function zones(current: string) {
  const known = Intl.supportedValuesOf('timeZone');
  const rest = known.filter((zone) => zone !== current && zone !== 'UTC');
  return [...new Set([current, 'UTC', ...rest])];
}
