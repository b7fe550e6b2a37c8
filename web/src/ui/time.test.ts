import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatSpan, nextQuarter, relative, toInstant, toWall } from './time';

describe('wall clock and instant', () => {
  it.each([
    ['2026-12-01 12:00:00', 'Africa/Nairobi', '2026-12-01T09:00:00.000Z'],
    ['2026-07-01 12:00:00', 'Europe/Berlin', '2026-07-01T10:00:00.000Z'],
    ['2026-10-25 01:30:00', 'Europe/Berlin', '2026-10-24T23:30:00.000Z'],
    ['2026-10-25 03:30:00', 'Europe/Berlin', '2026-10-25T02:30:00.000Z'],
    ['2026-03-29 03:30:00', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-11-01 09:00:00', 'America/New_York', '2026-11-01T14:00:00.000Z'],
    ['2026-06-15 09:00:00', 'Asia/Kathmandu', '2026-06-15T03:15:00.000Z'],
  ])('%s in %s is %s and back', (wall, zone, instant) => {
    expect(toInstant(wall, zone)).toBe(instant);
    expect(toWall(instant, zone)).toBe(wall);
  });
});

describe('words for times', () => {
  const now = new Date('2026-11-21T10:00:00Z');

  it.each([
    ['2026-11-21T12:00:00Z', 'in 2 hours'],
    ['2026-11-21T12:59:00Z', 'in 2 hours'],
    ['2026-11-21T10:05:00Z', 'in 5 minutes'],
    ['2026-11-21T10:00:20Z', 'now'],
    ['2026-11-22T11:00:00Z', 'tomorrow'],
    ['2026-11-18T10:00:00Z', '3 days ago'],
  ])('%s is %s', (instant, words) => {
    expect(relative(instant, now, 'en')).toBe(words);
  });

  it('says the zone and the day once', () => {
    const span = formatSpan('2026-12-01T09:00:00Z', '2026-12-01T10:00:00Z', 'en-KE', 'Africa/Nairobi');
    expect(span).toContain('EAT');
    expect(span.match(/2026/g)).toHaveLength(1);
  });

  it('rounds durations to what matters', () => {
    expect(formatDuration(42, 'en')).toBe('42 sec');
    expect(formatDuration(90 * 60, 'en')).toBe('1 hr 30 min');
    expect(formatDuration(3600, 'en')).toBe('1 hr');
    expect(formatDuration(3599, 'en')).toBe('1 hr');
  });

  it('sizes files', () => {
    expect(formatBytes(0, 'en')).toBe('0 byte');
    expect(formatBytes(12_400_000, 'en')).toBe('12.4 MB');
  });

  it('starts at a quarter that is not about to pass', () => {
    expect(nextQuarter(new Date('2026-11-21T10:11:00Z')).toISOString()).toBe('2026-11-21T10:30:00.000Z');
    expect(nextQuarter(new Date('2026-11-21T10:01:00Z')).toISOString()).toBe('2026-11-21T10:15:00.000Z');
  });
});
