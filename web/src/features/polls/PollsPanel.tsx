import { Skeleton, Stack } from '@mantine/core';
import { IconChartBar, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { can, type Meeting } from '../../api/types';
import { pollsOf } from '../../room/polls';
import { DialogButton } from '../../ui/DialogButton';
import { EmptyState } from '../../ui/EmptyState';
import { ProblemNote } from '../../ui/ProblemNote';
import { pollsQuery } from '../chat/queries';
import { NewPollForm } from './NewPollForm';
import { PollCard } from './PollCard';
import classes from './Polls.module.css';

/** What is being voted on, and what was. */
export function PollsPanel({ meeting }: { meeting: Meeting }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(pollsQuery(meeting.id));
  const moderates = can(meeting, 'moderate');
  const polls = data && pollsOf(data);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className={classes.panel} tabIndex={0} aria-label={t('poll.title')}>
      <Stack gap="sm">
        {moderates && (
          <DialogButton icon={IconPlus} label={t('poll.new')}>
            {(close) => <NewPollForm meetingId={meeting.id} onDone={close} />}
          </DialogButton>
        )}
        {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
        {!polls && !error && <Skeleton h={160} role="status" aria-label={t('shell.loading')} />}
        {polls?.length === 0 && <EmptyState icon={IconChartBar} title={t('poll.none')} />}
        {polls?.map((poll) => (
          <PollCard key={poll.id} meetingId={meeting.id} poll={poll} moderates={moderates} writable />
        ))}
      </Stack>
    </section>
  );
}
