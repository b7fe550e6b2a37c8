import { ActionIcon, Badge, Box, Button, Group, Menu, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconClockEdit, IconClockPlus, IconDots, IconEraser } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Attendance, can, type Meeting } from '../../api/types';
import { useFormat } from '../../ui/useFormat';
import { meetingQuery } from '../meetings/queries';
import { CorrectionDialog, type Span, type Task } from './CorrectionDialog';

type Item = Attendance['items'][number];

/** From how many seconds on it is told how exact a time is. */
const INEXACT = 2;

/** The meeting, for those who may correct its record. */
export function useCorrectable(meetingId: string): Meeting | undefined {
  const { data } = useQuery(meetingQuery(meetingId));
  return can(data, 'correct_attendance') && ['in_progress', 'completed'].includes(data?.status ?? '')
    ? data
    : undefined;
}

export const nameOf = (item: Item) => item.user?.name ?? item.guest_name ?? '';

/** When somebody was there: as it was recorded, and as somebody corrected it. */
export function Presence({ meetingId, item }: { meetingId: string; item: Item }) {
  const { t } = useTranslation();
  const meeting = useCorrectable(meetingId);
  return (
    <>
      {item.spans.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('attendance.absent')}
        </Text>
      )}
      {item.spans.map((span) => (
        <SpanLine key={span.id} name={nameOf(item)} {...{ span, meeting }} />
      ))}
      {item.struck.map((span) => (
        <SpanLine key={span.id} name={nameOf(item)} isStruck {...{ span, meeting }} />
      ))}
    </>
  );
}

type LineProps = { span: Span; name: string; meeting: Meeting | undefined; isStruck?: boolean };

function SpanLine({ span, name, meeting, isStruck = false }: LineProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const range = (from: string, to: string | null | undefined) =>
    `${format.time(from, true)} – ${to ? format.time(to, true) : t('attendance.stillThere')}`;
  const { correction, exact_within_seconds: exact } = span;
  const said = isStruck ? 'struck' : correction?.former ? 'corrected' : 'added';
  const times = range(span.joined_at, span.left_at);
  return (
    <Box>
      <Group gap={6} wrap="nowrap" mih={28}>
        <Text size="sm" td={isStruck ? 'line-through' : undefined} c={isStruck ? 'dimmed' : undefined}>
          {times}
        </Text>
        {exact && exact > INEXACT ? <Exactness seconds={exact} /> : null}
        {correction && (
          <Badge size="sm" variant="light" color="blue" style={{ flex: 'none' }}>
            {t(`attendance.correction.is.${said}`)}
          </Badge>
        )}
        {meeting && span.left_at && <SpanMenu {...{ span, name, times, meeting, isStruck }} />}
      </Group>
      {correction && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {[
            correction.author?.name,
            format.moment(correction.at),
            correction.reason,
            !isStruck &&
              correction.former &&
              t('attendance.correction.former', {
                times: range(correction.former.joined_at, correction.former.left_at),
              }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
      )}
    </Box>
  );
}

/** By how much the recorded end may be off. */
function Exactness({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const amount = format.duration(Math.ceil(seconds));
  const sentence = t('attendance.exact', { amount });
  return (
    <Tooltip label={sentence}>
      <Text size="xs" c="dimmed" component="span" style={{ whiteSpace: 'nowrap' }}>
        <span aria-hidden>± {amount}</span>
        <VisuallyHidden>{sentence}</VisuallyHidden>
      </Text>
    </Tooltip>
  );
}

type MenuProps = { span: Span; name: string; times: string; meeting: Meeting; isStruck: boolean };

function SpanMenu({ span, name, times, meeting, isStruck }: MenuProps) {
  const { t } = useTranslation();
  const [task, setTask] = useState<Task>();
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('attendance.correction.actions', { name, times })}
          >
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconClockEdit size={16} aria-hidden />}
            onClick={() => setTask({ kind: isStruck ? 'restore' : 'times', span, name })}
          >
            {t(isStruck ? 'attendance.correction.open.restore' : 'attendance.correction.open.times')}
          </Menu.Item>
          {!isStruck && (
            <Menu.Item
              leftSection={<IconEraser size={16} aria-hidden />}
              onClick={() => setTask({ kind: 'strike', span, name })}
            >
              {t('attendance.correction.open.strike')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {task && <CorrectionDialog task={task} meeting={meeting} onClose={() => setTask(undefined)} />}
    </>
  );
}

/** As whom else a member came. */
export function CameAs({ item }: { item: Item }) {
  const { t } = useTranslation();
  const format = useFormat();
  return item.came_as.map(({ guest_id, name, author, at, reason }) => (
    <Text key={guest_id} size="xs" c="dimmed" w="100%" style={{ overflowWrap: 'anywhere' }}>
      {[t('attendance.correction.cameAs', { name }), author?.name, format.moment(at), reason]
        .filter(Boolean)
        .join(' · ')}
    </Text>
  ));
}

/** Adds the presence of any member, for those who may. */
export function AddPresence({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const meeting = useCorrectable(meetingId);
  const [isOpen, setOpen] = useState(false);
  if (!meeting) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconClockPlus size={16} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {t('attendance.correction.open.add')}
      </Button>
      {isOpen && <CorrectionDialog task={{ kind: 'add' }} meeting={meeting} onClose={() => setOpen(false)} />}
    </>
  );
}
