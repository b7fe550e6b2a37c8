import { Anchor, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconClock, IconUsers } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { can, type Meeting } from '../../api/types';
import { isOn } from '../../room/enterable';
import { useFormat } from '../../ui/useFormat';
import { StatusBadge, TypeIcon } from './status';

/** One meeting in a list: enough to recognize it and the one thing to do with it. */
export function MeetingCard({ meeting, now }: { meeting: Meeting; now: Date }) {
  const { t } = useTranslation();
  const format = useFormat();
  const start = meeting.actual_start ?? meeting.scheduled_start;
  const end = meeting.actual_end ?? meeting.scheduled_end;
  const live = meeting.status === 'in_progress';
  return (
    <Card withBorder padding="md" component="article">
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="start">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <TypeIcon type={meeting.meeting_type} />
            <Anchor
              renderRoot={(props) => (
                <Link to="/meetings/$id/details" params={{ id: meeting.id }} {...props} />
              )}
              fw={600}
              c="inherit"
              lineClamp={2}
            >
              {meeting.title}
            </Anchor>
          </Group>
          <StatusBadge status={meeting.status} />
        </Group>
        <Stack gap={4} style={{ flex: 1 }}>
          <Group gap={6} wrap="nowrap" align="start">
            <IconClock size={16} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
            <Text size="sm">
              {format.span(start, end)}
              {end && (
                <Text span c="dimmed" size="sm">
                  {` · ${format.duration((Date.parse(end) - Date.parse(start)) / 1000)}`}
                </Text>
              )}
            </Text>
          </Group>
          <Group gap={6} wrap="nowrap">
            <IconUsers size={16} aria-hidden style={{ flex: 'none' }} />
            <Text size="sm" truncate>
              {meeting.host ? t('meeting.hostedBy', { name: meeting.host.name }) : t('meeting.noHost')}
              <Text span c="dimmed" size="sm">
                {` · ${t('meeting.people', { count: meeting.participant_count })}`}
              </Text>
            </Text>
          </Group>
        </Stack>
        <Group justify="space-between" mt="auto">
          <Text size="sm" fw={500} c={live ? undefined : 'dimmed'}>
            {live
              ? t('meeting.startedAgo', { ago: format.relative(start, now) })
              : format.relative(meeting.status === 'completed' && end ? end : start, now)}
          </Text>
          {isOn(meeting, now) && can(meeting, 'join') ? (
            <Button
              size="sm"
              renderRoot={(props) => <Link to="/meetings/$id" params={{ id: meeting.id }} {...props} />}
            >
              {live ? t('meeting.joinNow') : t('meeting.join')}
            </Button>
          ) : (
            <Button
              size="sm"
              variant="default"
              renderRoot={(props) => (
                <Link to="/meetings/$id/details" params={{ id: meeting.id }} {...props} />
              )}
            >
              {t('meeting.viewDetails')}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
