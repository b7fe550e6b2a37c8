import type { Booking } from '../../api/types';
import { toWall } from '../../ui/time';

/** `2026-12-01`: the day on which an instant falls in a zone. */
const dayOf = (instant: string | Date, zone: string) => toWall(instant, zone).slice(0, 10);

/** The bookings of each day, in their order. What goes on already stands under today. */
export function byDay(bookings: Booking[], now: Date, zone: string) {
  const days = new Map<string, Booking[]>();
  for (const booking of bookings) {
    const start = new Date(booking.starts_at);
    const day = dayOf(start < now ? now : start, zone);
    days.set(day, [...(days.get(day) ?? []), booking]);
  }
  return [...days].map(([day, items]) => ({ day, items }));
}

/** "Monday, 1 December 2026"; today's and tomorrow's begin with these words. */
export function nameOfDay(day: string, now: Date, locale: string, zone: string): string {
  const format = new Intl.DateTimeFormat(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const at = (name: string) => Date.parse(`${name}T00:00:00Z`);
  const ahead = (at(day) - at(dayOf(now, zone))) / 86_400_000;
  const name = format.format(at(day));
  if (ahead !== 0 && ahead !== 1) return name;
  const near = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(ahead, 'day');
  return `${near.charAt(0).toLocaleUpperCase(locale)}${near.slice(1)} · ${name}`;
}

/** "09:00 – 10:00 EAT" where both are of one day; else null: then the days have to be told too. */
export function timesOfDay(start: string, end: string, locale: string, zone: string): string | null {
  if (dayOf(start, zone) !== dayOf(end, zone)) return null;
  const format = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  });
  // "GMT +3" in one piece.
  return format.formatRange(new Date(start), new Date(end)).replace(/GMT ([+-])/, 'GMT\u00a0$1');
}
