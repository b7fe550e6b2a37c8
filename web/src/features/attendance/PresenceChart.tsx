import { Button, Group, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Attendance } from '../../api/types';
import { useFormat } from '../../ui/useFormat';
import { useNow } from '../../ui/useNow';
import { meetingQuery } from '../meetings/queries';
import { frameOf, place, presenceOf, type Stretch, ticksOf } from './chart';
import classes from './PresenceChart.module.css';

type Item = Attendance['items'][number];

/** People who are shown at first, and with each step. */
const STEP = 50;
/** Pages of marks that are asked for at most: what is finer than that could not be seen anyway. */
const MOST_PAGES = 10;

type Marks = Record<'spoke' | 'screen', Map<string, Stretch[]>>;

/** When people spoke and shared their screen, by their ids. */
const marksQuery = (id: string) =>
  queryOptions({
    queryKey: ['meeting', id, 'timeline', 'marks'],
    queryFn: async () => {
      const marks: Marks = { spoke: new Map(), screen: new Map() };
      let cursor: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const { items, next_cursor } = await take(
          api.GET('/api/v1/meetings/{id}/timeline', {
            params: { path: { id }, query: { kind: 'attendance.spoke,screen.shared', limit: 200, cursor } },
          }),
        );
        for (const { kind, at, actor, data } of items) {
          const { until } = data as { until: string | null };
          const of = marks[kind === 'screen.shared' ? 'screen' : 'spoke'];
          const stretch = { from: Date.parse(at), to: until ? Date.parse(until) : Number.POSITIVE_INFINITY };
          of.set(actor.id ?? '', [...(of.get(actor.id ?? '') ?? []), stretch]);
        }
        if (!next_cursor) break;
        cursor = next_cursor;
      }
      return marks;
    },
  });

/** Who was there when, spoke, and shared their screen: a row for each person. The table below says the same in words. */
export function PresenceChart({ meetingId, items }: { meetingId: string; items: Item[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow().getTime();
  const [most, setMost] = useState(STEP);
  const { data: meeting } = useQuery(meetingQuery(meetingId));
  const { data: marks } = useQuery(marksQuery(meetingId));
  const scheduled = [meeting?.scheduled_start, meeting?.scheduled_end].flatMap((at) =>
    at ? [Date.parse(at)] : [],
  );
  const rows = items
    .map((item) => ({ item, presence: presenceOf(item, now) }))
    .filter(({ presence }) => presence.length > 0);
  const frame = frameOf(
    rows.map(({ presence }) => presence),
    scheduled,
  );
  if (!frame) return null;
  const inFrame = scheduled.filter((at) => at >= frame.from && at <= frame.to);
  const at = (moment: number) => ({ left: place({ from: moment, to: moment }, frame).left });
  const ticks = ticksOf(frame);
  const edge = (tick: number) => {
    const part = (tick - frame.from) / (frame.to - frame.from);
    if (part < 0.06) return classes.first;
    return part > 0.94 ? classes.last : '';
  };
  const kinds = (['present', 'spoke', 'screen'] as const).filter(
    (kind) => kind === 'present' || (marks?.[kind].size ?? 0) > 0,
  );
  return (
    <Stack component="figure" gap="xs" className={classes.chart} aria-label={t('attendance.chart')}>
      <Group component="figcaption" justify="space-between" gap="xs">
        <Title order={2} fz="md">
          {t('attendance.chart')}
        </Title>
        <Group gap="md" aria-hidden>
          {kinds.map((kind) => (
            <Group key={kind} gap={6}>
              <span className={`${classes[kind]} ${classes.swatch}`} />
              <Text size="xs">{t(`attendance.mark.${kind}`)}</Text>
            </Group>
          ))}
          {inFrame.length > 0 && (
            <Group gap={6}>
              <span className={`${classes.scheduled} ${classes.swatch}`} />
              <Text size="xs">{t('attendance.mark.scheduled')}</Text>
            </Group>
          )}
        </Group>
      </Group>
      <div className={classes.row} aria-hidden>
        <span className={classes.nothing} />
        <div className={classes.axis}>
          {ticks.map((tick) => (
            <span key={tick} className={`${classes.tick} ${edge(tick)}`} style={at(tick)}>
              {format.time(new Date(tick).toISOString())}
            </span>
          ))}
        </div>
      </div>
      <ul className={classes.rows}>
        {rows.slice(0, most).map(({ item, presence }) => {
          const id = item.user?.id ?? item.guest_id ?? '';
          const name = item.user?.name ?? item.guest_name ?? '';
          const shared = marks?.screen.get(id) ?? [];
          return (
            <li key={id || `${name} ${item.first_joined_at}`} className={classes.row}>
              <Text size="sm" className={classes.name} title={name}>
                {name}
              </Text>
              <VisuallyHidden>{said(presence, item, shared.length)}</VisuallyHidden>
              <div className={classes.track} aria-hidden>
                {ticks.map((tick) => (
                  <span key={tick} className={classes.line} style={at(tick)} />
                ))}
                <Bars kind="present" stretches={presence} frame={frame} />
                <Bars kind="spoke" stretches={marks?.spoke.get(id) ?? []} frame={frame} />
                <Bars
                  kind="screen"
                  stretches={shared.map(({ from, to }) => ({ from, to: Math.min(to, now) }))}
                  frame={frame}
                />
                {inFrame.map((moment) => (
                  <span key={moment} className={`${classes.line} ${classes.scheduled}`} style={at(moment)} />
                ))}
              </div>
            </li>
          );
        })}
      </ul>
      {rows.length > most && (
        <Button variant="subtle" onClick={() => setMost(most + STEP)}>
          {t('attendance.moreRows', { shown: most, count: rows.length })}
        </Button>
      )}
    </Stack>
  );

  /** A row in words. */
  function said(presence: Stretch[], { spans, speaking_seconds }: Item, shared: number) {
    const time = (moment: number) => format.time(new Date(moment).toISOString(), true);
    const still = spans.some(({ left_at }) => !left_at);
    const there = presence.map(({ from, to }, index) =>
      still && index === presence.length - 1
        ? t('attendance.sinceThen', { from: time(from) })
        : `${time(from)} – ${time(to)}`,
    );
    return [
      there.join(', '),
      speaking_seconds > 0 && `${t('attendance.spoke')}: ${format.duration(speaking_seconds)}`,
      shared > 0 && t('attendance.sharedTimes', { count: shared }),
    ]
      .filter(Boolean)
      .join('; ');
  }
}

function Bars({
  kind,
  stretches,
  frame,
}: {
  kind: 'present' | 'spoke' | 'screen';
  stretches: Stretch[];
  frame: Stretch;
}) {
  return stretches.map((stretch) => (
    <span key={stretch.from} className={classes[kind]} style={place(stretch, frame)} />
  ));
}
