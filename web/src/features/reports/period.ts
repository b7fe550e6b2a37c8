import { toInstant, toWall } from '../../ui/time';

/** How far a report looks back. */
export const PERIODS = ['month', 'quarter', 'year'] as const;
/** One of them, or a month: `2026-11`. */
export type Period = (typeof PERIODS)[number] | `${number}-${number}`;

const DAYS = { month: 30, quarter: 91, year: 365 };
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

const isMonth = (period: string): period is `${number}-${number}` => MONTH.test(period);

/** What an address says, when it is a period. */
export function periodOf(value: unknown): Period | undefined {
  const text = String(value);
  return PERIODS.find((known) => known === text) ?? (isMonth(text) ? text : undefined);
}

/** The month as many months later, or earlier, as `by` says. */
function shifted(month: string, by: number): `${number}-${number}` {
  const date = new Date(`${month}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + by);
  return date.toISOString().slice(0, 7) as `${number}-${number}`;
}

/** The last two years by months, this one first, as calendars in `zone` have them. */
export function months(now: Date, zone: string) {
  const current = toWall(now, zone).slice(0, 7);
  return Array.from({ length: 24 }, (_, ago) => shifted(current, -ago));
}

/**
 * A period as the server wants it: a month of calendars in `zone`, or up to the end of the hour, so that what was asked
 * once need not be asked again.
 */
export function span(period: Period, now: Date, zone: string) {
  if (isMonth(period)) {
    const begin = (month: string) => toInstant(`${month}-01 00:00:00`, zone);
    return { from: begin(period), to: begin(shifted(period, 1)) };
  }
  const to = new Date(Math.ceil(now.getTime() / 3_600_000) * 3_600_000);
  const days = DAYS[period as keyof typeof DAYS];
  return { from: new Date(to.getTime() - days * 86_400_000).toISOString(), to: to.toISOString() };
}
