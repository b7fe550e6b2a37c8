import {
  ActionIcon,
  Anchor,
  Button,
  Checkbox,
  Group,
  Paper,
  Stack,
  Table,
  Text,
  Textarea,
  VisuallyHidden,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown, IconChevronRight, IconCopy, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ChangeEvent, Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { can, type Meeting } from '../../api/types';
import { DialogButton } from '../../ui/DialogButton';
import { ProblemNote } from '../../ui/ProblemNote';
import rows from '../../ui/Rows.module.css';
import { useFormat } from '../../ui/useFormat';
import { useHere } from '../orgs/OrganizationGate';
import { DuplicateDialog } from './DuplicateDialog';
import { StatusBadge } from './status';

/** Meetings as rows, to look over and to work on many at once. A row opens to those who take part. */
export function MeetingsTable({ meetings }: { meetings: Meeting[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [copied, copy] = useState<Meeting | null>(null);
  const cancellable = meetings.filter(
    (meeting) =>
      can(meeting, 'cancel') && (meeting.status === 'scheduled' || meeting.status === 'in_progress'),
  );
  const selected = cancellable.filter(({ id }) => chosen.has(id));
  const toggle = (set: ReadonlySet<string>, id: string) => {
    const next = new Set(set);
    if (!next.delete(id)) next.add(id);
    return next;
  };
  const all = {
    checked: selected.length > 0 && selected.length === cancellable.length,
    indeterminate: selected.length > 0 && selected.length < cancellable.length,
    disabled: cancellable.length === 0,
    onChange: (event: ChangeEvent<HTMLInputElement>) =>
      choose(new Set(event.currentTarget.checked ? cancellable.map(({ id }) => id) : [])),
  };
  return (
    <Stack gap="sm">
      <Group mih={36} role="toolbar" aria-label={t('table.actions')}>
        {/* On phones the head of the table is not seen. */}
        <Checkbox hiddenFrom="sm" label={t('table.selectAll')} {...all} />
        <Text size="sm" c={selected.length ? undefined : 'dimmed'} aria-live="polite">
          {t('table.selected', { count: selected.length })}
        </Text>
        <DialogButton
          icon={IconX}
          label={t('table.cancelSelected')}
          color="red"
          variant="light"
          disabled={selected.length === 0}
        >
          {(close) => (
            <CancelSelected
              meetings={selected}
              onKeep={close}
              onDone={() => {
                choose(new Set());
                close();
              }}
            />
          )}
        </DialogButton>
      </Group>
      <Paper withBorder>
        <Table highlightOnHover verticalSpacing="xs" className={rows.rows} aria-label={t('nav.meetings')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={40}>
                <Checkbox visibleFrom="sm" aria-label={t('table.selectAll')} {...all} />
              </Table.Th>
              <Table.Th>{t('schedule.name')}</Table.Th>
              <Table.Th>{t('table.when')}</Table.Th>
              <Table.Th>{t('table.status')}</Table.Th>
              <Table.Th>{t('schedule.type')}</Table.Th>
              <Table.Th>{t('meetings.host')}</Table.Th>
              <Table.Th>{t('overview.people')}</Table.Th>
              <Table.Th>{t('table.provider')}</Table.Th>
              <Table.Th>
                <VisuallyHidden>{t('people.actions')}</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {meetings.map((meeting) => (
              <Fragment key={meeting.id}>
                <Table.Tr bg={chosen.has(meeting.id) ? 'var(--mantine-primary-color-light)' : undefined}>
                  <Table.Td>
                    <Checkbox
                      aria-label={t('table.select', { title: meeting.title })}
                      checked={chosen.has(meeting.id) && cancellable.includes(meeting)}
                      disabled={!cancellable.includes(meeting)}
                      onChange={() => choose(toggle(chosen, meeting.id))}
                    />
                  </Table.Td>
                  <Table.Td miw={180} className={rows.fill}>
                    <Anchor
                      renderRoot={(props) => (
                        <Link to="/meetings/$id/details" params={{ id: meeting.id }} {...props} />
                      )}
                      c="inherit"
                      fw={500}
                      lineClamp={2}
                    >
                      {meeting.title}
                    </Anchor>
                  </Table.Td>
                  <Table.Td className={rows.wide} miw={190}>
                    {format.span(meeting.scheduled_start, meeting.scheduled_end)}
                  </Table.Td>
                  <Table.Td data-label={t('table.status')}>
                    <StatusBadge status={meeting.status} />
                  </Table.Td>
                  <Table.Td data-label={t('schedule.type')}>
                    {t(`meetingType.${meeting.meeting_type}`)}
                  </Table.Td>
                  <Table.Td data-label={t('meetings.host')}>
                    {meeting.host?.name ?? t('meeting.noHost')}
                  </Table.Td>
                  <Table.Td data-label={t('overview.people')}>
                    {meeting.participants ? (
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        aria-expanded={open.has(meeting.id)}
                        aria-label={t('table.peopleOf', {
                          title: meeting.title,
                          count: meeting.participant_count,
                        })}
                        rightSection={
                          open.has(meeting.id) ? (
                            <IconChevronDown size={14} aria-hidden />
                          ) : (
                            <IconChevronRight size={14} aria-hidden />
                          )
                        }
                        onClick={() => setOpen(toggle(open, meeting.id))}
                      >
                        {meeting.participant_count}
                      </Button>
                    ) : (
                      meeting.participant_count
                    )}
                  </Table.Td>
                  <Table.Td visibleFrom="sm">
                    <Text size="sm" c="dimmed">
                      {meeting.provider}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <ActionIcon
                      variant="subtle"
                      aria-label={t('duplicate.of', { title: meeting.title })}
                      title={t('duplicate.title')}
                      onClick={() => copy(meeting)}
                    >
                      <IconCopy size={16} aria-hidden />
                    </ActionIcon>
                  </Table.Td>
                </Table.Tr>
                {open.has(meeting.id) && (
                  <Table.Tr>
                    <Table.Td visibleFrom="sm" />
                    <Table.Td colSpan={8} className={rows.wide}>
                      <Group gap="md" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                        {meeting.participants?.map(({ user, role, status }) => (
                          <Text size="sm" component="li" key={user.id}>
                            {user.name}{' '}
                            <Text span c="dimmed" size="sm">
                              {role === 'participant'
                                ? t(`participant.status.${status}`)
                                : t(`meetingRole.${role}`)}
                            </Text>
                          </Text>
                        ))}
                        {meeting.participant_count > (meeting.participants?.length ?? 0) && (
                          <Text size="sm" component="li" c="dimmed">
                            {t('table.andMore', {
                              count: meeting.participant_count - (meeting.participants?.length ?? 0),
                            })}
                          </Text>
                        )}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                )}
              </Fragment>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      {copied && <DuplicateDialog meeting={copied} onClose={() => copy(null)} />}
    </Stack>
  );
}

function CancelSelected(props: { meetings: Meeting[]; onKeep: () => void; onDone: () => void }) {
  const { meetings, onKeep, onDone } = props;
  const { t } = useTranslation();
  const { organization } = useHere();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState('');
  const cancel = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/organizations/{org}/meetings/bulk-cancel', {
          params: { path: { org: organization.id } },
          body: { ids: meetings.map(({ id }) => id), reason: reason.trim() || null },
        }),
      ),
    onSuccess: async ({ items }) => {
      await queryClient.invalidateQueries({ queryKey: ['meetings'] });
      const failed = items.filter(({ problem }) => problem);
      notifications.show({
        color: failed.length ? 'yellow' : 'green',
        message: [
          t('table.cancelled', { count: items.length - failed.length }),
          failed.length ? t('table.notCancelled', { count: failed.length }) : '',
          ...new Set(failed.map(({ problem }) => problem?.detail)),
        ]
          .filter(Boolean)
          .join(' '),
      });
      onDone();
    },
  });
  return (
    <Stack>
      <Text size="sm">{t('table.cancelText', { count: meetings.length })}</Text>
      {cancel.error && <ProblemNote error={cancel.error} />}
      <Textarea
        label={t('overview.reason')}
        maxLength={1000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="end">
        <Button variant="default" onClick={onKeep}>
          {t('table.keep')}
        </Button>
        <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('table.cancelSelected')}
        </Button>
      </Group>
    </Stack>
  );
}
