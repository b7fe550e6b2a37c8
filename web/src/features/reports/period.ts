/** How far a report looks back. */
export const PERIODS = ['month', 'quarter', 'year'] as const;
export type Period = (typeof PERIODS)[number];

const DAYS: Record<Period, number> = { month: 30, quarter: 91, year: 365 };

/** A period as the server wants it, up to the end of the hour so that what was asked once need not be asked again. */
export function span(period: Period, now: Date) {
  const to = new Date(Math.ceil(now.getTime() / 3_600_000) * 3_600_000);
  return { from: new Date(to.getTime() - DAYS[period] * 86_400_000).toISOString(), to: to.toISOString() };
}
