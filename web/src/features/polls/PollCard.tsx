import { Badge, Button, Checkbox, Group, Progress, Radio, Stack, Text } from '@mantine/core';
import { IconCheck, IconLock } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import type { Message } from '../../api/types';
import { mayVote, type Poll, shares } from '../../room/polls';
import { notifyProblem } from '../../ui/ProblemNote';
import { chatQuery, hearMessages, pollsQuery } from '../chat/queries';
import classes from './Polls.module.css';

type Props = {
  meetingId: string;
  poll: Poll;
  /** The viewer may close it. */
  moderates: boolean;
  /** The meeting takes votes still. */
  writable: boolean;
};

/** One poll: the question, one's vote, what comes out. */
export function PollCard({ meetingId, poll, moderates, writable }: Props) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [again, setAgain] = useState(false);
  const params = { path: { id: meetingId, message: poll.id } };
  const options = {
    onSuccess: (message: Message) => hearMessages(queryClient, meetingId, [message]),
    onError: (error: unknown) => {
      notifyProblem(error);
      void queryClient.invalidateQueries(chatQuery(meetingId));
      void queryClient.invalidateQueries(pollsQuery(meetingId));
    },
  };
  const vote = useMutation({
    mutationFn: (choices: number[]) =>
      take(api.POST('/api/v1/meetings/{id}/polls/{message}/votes', { params, body: { choices } })),
    ...options,
    onSuccess: (message) => {
      options.onSuccess(message);
      setAgain(false);
    },
  });
  const close = useMutation({
    mutationFn: () => take(api.POST('/api/v1/meetings/{id}/polls/{message}/close', { params })),
    // The answer is everybody's; the own vote stays.
    ...options,
    onSuccess: (message) => options.onSuccess({ ...message, my_vote: poll.mine }),
  });
  const votes = writable && mayVote(poll) && (poll.mine === undefined || again);
  return (
    <Stack gap="xs" className={classes.card} component="article" aria-labelledby={`poll-${poll.id}`}>
      <Group justify="space-between" align="start" wrap="nowrap" gap="xs">
        <Text id={`poll-${poll.id}`} component="h2" size="sm" fw={600} className={classes.question}>
          {poll.question}
        </Text>
        <Badge variant="light" color={poll.closed ? 'gray' : 'green'} style={{ flex: 'none' }}>
          {poll.closed ? t('poll.closed') : t('poll.open')}
        </Badge>
      </Group>
      <Rules poll={poll} />
      {votes ? (
        <Ballot
          poll={poll}
          busy={vote.isPending}
          onVote={(choices) => vote.mutate(choices)}
          onCancel={again ? () => setAgain(false) : undefined}
        />
      ) : (
        <Bars poll={poll} />
      )}
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed" role="status">
          {poll.entitled === undefined
            ? t('poll.voted', { count: poll.voted })
            : t('poll.votedOf', { count: poll.voted, entitled: poll.entitled })}
          {poll.mine && ` · ${t('poll.youVoted')}`}
        </Text>
        <Group gap="xs">
          {writable && !votes && poll.mine && mayVote(poll) && (
            <Button size="compact-sm" variant="default" onClick={() => setAgain(true)}>
              {t('poll.changeVote')}
            </Button>
          )}
          {moderates && !poll.closed && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconLock size={14} aria-hidden />}
              loading={close.isPending}
              aria-label={t('poll.closeNamed', { question: poll.question })}
              onClick={() => close.mutate()}
            >
              {t('poll.close')}
            </Button>
          )}
        </Group>
      </Group>
      {poll.closed && <Outcome poll={poll} />}
    </Stack>
  );
}

/** By what rules it goes, where they are not the usual ones. */
function Rules({ poll }: { poll: Poll }) {
  const { t } = useTranslation();
  const rules = [
    poll.secret && t('poll.rule.secret'),
    poll.multiple && t('poll.rule.multiple'),
    poll.weighted && t('poll.rule.weighted'),
    poll.majority !== 'plurality' && t(`poll.majority.${poll.majority}`),
    poll.quorumPercent && t('poll.rule.quorum', { percent: poll.quorumPercent }),
  ].filter((rule) => typeof rule === 'string');
  if (rules.length === 0) return null;
  return (
    <Text size="xs" c="dimmed">
      {rules.join(' · ')}
    </Text>
  );
}

type BallotProps = {
  poll: Poll;
  busy: boolean;
  onVote: (choices: number[]) => void;
  onCancel: (() => void) | undefined;
};

function Ballot({ poll, busy, onVote, onCancel }: BallotProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string[]>(() => (poll.mine?.choices ?? []).map(String));
  const label = <span className={classes.option}>{poll.question}</span>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen.length > 0) onVote(chosen.map(Number));
      }}
    >
      <Stack gap="xs">
        {poll.multiple ? (
          <Checkbox.Group value={chosen} onChange={setChosen} label={label} labelProps={{ display: 'none' }}>
            <Stack gap={8}>
              {poll.options.map((option, index) => (
                <Checkbox key={option} value={String(index)} label={option} className={classes.option} />
              ))}
            </Stack>
          </Checkbox.Group>
        ) : (
          <Radio.Group
            value={chosen[0] ?? null}
            onChange={(choice) => setChosen([choice])}
            label={label}
            labelProps={{ display: 'none' }}
          >
            <Stack gap={8}>
              {poll.options.map((option, index) => (
                <Radio key={option} value={String(index)} label={option} className={classes.option} />
              ))}
            </Stack>
          </Radio.Group>
        )}
        {poll.secret && (
          <Text size="xs" c="dimmed">
            {t('poll.final')}
          </Text>
        )}
        <Group gap="xs">
          <Button type="submit" size="compact-md" loading={busy} disabled={chosen.length === 0}>
            {t('poll.vote')}
          </Button>
          {onCancel && (
            <Button size="compact-md" variant="default" onClick={onCancel}>
              {t('shell.cancel')}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

/** The options, with as much of the results as may be seen. */
function Bars({ poll }: { poll: Poll }) {
  const { t } = useTranslation();
  const parts = shares(poll);
  return (
    <Stack gap={8} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
      {poll.options.map((option, index) => {
        const mine = poll.mine?.choices?.includes(index) ?? false;
        const won = poll.results?.winner === index;
        const share = Math.round((parts[index] ?? 0) * 100);
        return (
          <li key={option}>
            <Group justify="space-between" wrap="nowrap" gap="xs">
              <Text size="sm" fw={won ? 650 : undefined} className={classes.option}>
                {option}
                {mine && <IconCheck size={14} role="img" aria-label={t('poll.yourChoice')} />}
              </Text>
              {poll.results && (
                <Text size="sm" style={{ flex: 'none' }} fw={won ? 650 : undefined}>
                  {t('poll.share', { count: poll.results.counts[index] ?? 0, share })}
                </Text>
              )}
            </Group>
            {/* The text says it too. */}
            {poll.results && (
              <Progress value={share} color={won ? 'green' : undefined} size="sm" aria-hidden />
            )}
          </li>
        );
      })}
      {!poll.results && (
        <Text component="li" size="xs" c="dimmed">
          {t('poll.resultsLater')}
        </Text>
      )}
    </Stack>
  );
}

/** What has come out, and who took part. */
function Outcome({ poll }: { poll: Poll }) {
  const { t } = useTranslation();
  const { outcome, winner } = poll.results ?? {};
  const chose = (index: number) =>
    poll.votes?.filter(({ choices }) => choices.includes(index)).map(({ voter }) => voter.name) ?? [];
  return (
    <>
      {outcome && (
        <Text size="sm" fw={500} role="status">
          {outcome === 'decided' && winner !== undefined
            ? t('poll.outcome.decided', { option: poll.options[winner] })
            : t(`poll.outcome.${outcome === 'decided' ? 'no_majority' : outcome}`)}
        </Text>
      )}
      {poll.voted > 0 && (
        <details>
          <Text component="summary" size="xs" style={{ cursor: 'pointer' }}>
            {poll.secret ? t('poll.whoTookPart') : t('poll.whoChoseWhat')}
          </Text>
          {poll.secret ? (
            <Text size="xs" className={classes.names}>
              {poll.voters?.map(({ name }) => name).join(', ')}
            </Text>
          ) : (
            poll.options.map((option, index) => (
              <Text size="xs" key={option} className={classes.names}>
                {`${option}: ${chose(index).join(', ') || '–'}`}
              </Text>
            ))
          )}
        </details>
      )}
    </>
  );
}
