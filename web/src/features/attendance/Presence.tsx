import { Badge, Paper, SimpleGrid, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Attendance } from '../../api/types';
import { useFormat } from '../../ui/useFormat';

/** A share in percent, and never more than it is. */
export const percent = (share: number) => `${Math.floor(share * 100 + 1e-9)} %`;

/** What the meeting asks of presence, and how it stands: the quorum, who counts as present, who is excused. */
export function PresenceCards({ attendance }: { attendance: Attendance }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { summary, quorum, min_presence_percent } = attendance;
  const cards: [string, string, string][] = [];
  if (quorum)
    cards.push([
      t('presence.quorum'),
      quorum.reached_at
        ? t('presence.reachedAt', { time: format.time(quorum.reached_at) })
        : t('presence.notReached'),
      [
        t('presence.needed', quorum),
        quorum.reached_at
          ? t('presence.heldFor', { duration: format.duration(quorum.held_seconds) })
          : t('presence.mostThere', { most: quorum.most_present }),
      ].join(' · '),
    ]);
  if (min_presence_percent !== null && min_presence_percent !== undefined)
    cards.push([
      t('presence.counted'),
      String(summary.present),
      t('presence.countedHint', { percent: min_presence_percent }),
    ]);
  if (summary.excused > 0)
    cards.push([t('presence.excusedCard'), String(summary.excused), t('presence.excusedHint')]);
  if (cards.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: cards.length }} spacing="sm">
      {cards.map(([name, value, hint]) => (
        <Paper key={name} withBorder p="sm">
          <Text size="xs" c="dimmed">
            {name}
          </Text>
          <Text fw={650} fz="lg">
            {value}
          </Text>
          <Text size="xs" c="dimmed">
            {hint}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

type Item = Attendance['items'][number];

/** That somebody is excused, and that they were there for too short a time. */
export function PresenceBadges({ item, minimum }: { item: Item; minimum: number | null | undefined }) {
  const { t } = useTranslation();
  const { excuse, presence_share, counts_as_present, spans } = item;
  return (
    <>
      {minimum && spans.length > 0 && !counts_as_present && (
        <Badge size="sm" variant="light" color="red">
          {t('presence.below', { percent: minimum, share: percent(presence_share ?? 0) })}
        </Badge>
      )}
      {excuse && (
        <Badge size="sm" variant="light" color="blue">
          {t('presence.excused')}
        </Badge>
      )}
      {excuse && (
        <Text size="xs" c="dimmed" w="100%" style={{ overflowWrap: 'anywhere' }}>
          {excuse.excused_by
            ? t('presence.reasonBy', { reason: excuse.reason, name: excuse.excused_by.name })
            : excuse.reason}
        </Text>
      )}
    </>
  );
}
