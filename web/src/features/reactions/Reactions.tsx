import { ActionIcon, Group, Menu, Popover, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconMoodSmile } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, idempotent, take } from '../../api/client';
import { notifyProblem } from '../../ui/ProblemNote';
import { FLOATS_MS, useFloating } from './queries';
import classes from './Reactions.module.css';

const SIGNS = { thumb: '👍', clap: '👏', heart: '❤️', laugh: '😂', party: '🎉', think: '🤔' } as const;
type Sign = keyof typeof SIGNS;
const ALL = Object.keys(SIGNS) as Sign[];

function useSend(meetingId: string) {
  return useMutation({
    mutationFn: (sign: Sign) =>
      take(
        api.POST('/api/v1/meetings/{id}/chat', {
          params: { path: { id: meetingId } },
          body: { type: 'reaction', content: SIGNS[sign] },
          headers: idempotent(),
        }),
      ),
    onError: notifyProblem,
  });
}

/** The reactions as a row in a menu, where there is no place for a button. */
export function ReactItems({ meetingId, forbidden }: { meetingId: string; forbidden?: string }) {
  const { t } = useTranslation();
  const send = useSend(meetingId);
  if (forbidden) return <Menu.Label>{forbidden}</Menu.Label>;
  return (
    <Group gap={0} wrap="nowrap">
      {ALL.map((sign) => (
        <Menu.Item
          key={sign}
          w={44}
          px={0}
          ta="center"
          fz={22}
          aria-label={t(`reaction.signs.${sign}`)}
          onClick={() => send.mutate(sign)}
        >
          {SIGNS[sign]}
        </Menu.Item>
      ))}
    </Group>
  );
}

/** Sends a reaction; `forbidden` says why the viewer may not. */
export function ReactButton({ meetingId, forbidden }: { meetingId: string; forbidden?: string }) {
  const { t } = useTranslation();
  const send = useSend(meetingId);
  const button = (
    <ActionIcon
      size={48}
      radius="xl"
      variant="filled"
      color="dark"
      aria-label={t('reaction.send')}
      aria-disabled={forbidden ? true : undefined}
      data-disabled={forbidden ? true : undefined}
    >
      <IconMoodSmile size={22} aria-hidden />
    </ActionIcon>
  );
  const tip = (
    <Tooltip label={forbidden ?? t('reaction.send')} events={{ hover: true, focus: true, touch: false }}>
      {button}
    </Tooltip>
  );
  if (forbidden) return tip;
  return (
    <Popover position="top" trapFocus returnFocus>
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown p={6} aria-label={t('reaction.send')}>
        <Group gap={4} wrap="nowrap">
          {ALL.map((sign) => (
            <ActionIcon
              key={sign}
              variant="subtle"
              size={44}
              fz={24}
              aria-label={t(`reaction.signs.${sign}`)}
              onClick={() => send.mutate(sign)}
            >
              {SIGNS[sign]}
            </ActionIcon>
          ))}
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

/** What people send floats up over the stage, with their names. */
export function FloatingReactions({ meetingId }: { meetingId: string }) {
  const { t } = useTranslation();
  const heard = useFloating(meetingId);
  const [now, setNow] = useState(0);
  const seen = heard?.filter(({ at }) => now < at + FLOATS_MS) ?? [];
  const next = Math.min(...seen.map(({ at }) => at + FLOATS_MS));
  useEffect(() => {
    if (next === Number.POSITIVE_INFINITY) return;
    const timer = setTimeout(() => setNow(Date.now()), Math.max(0, next - Date.now()));
    return () => clearTimeout(timer);
  }, [next]);
  const last = seen.at(-1);
  return (
    <>
      <div className={classes.sky} aria-hidden>
        {seen.map(({ id, sign, name }) => (
          // Where it rises follows from its id, so that it stays there.
          <div key={id} className={classes.floating} style={{ insetInlineStart: `${5 + placeOf(id)}%` }}>
            <span className={classes.sign}>{sign}</span>
            <span className={classes.name}>{name}</span>
          </div>
        ))}
      </div>
      <VisuallyHidden role="status">
        {last && t('reaction.told', { name: last.name, sign: last.sign })}
      </VisuallyHidden>
    </>
  );
}

/** A number from 0 to 79 out of the random end of an id. */
const placeOf = (id: string) => Number.parseInt(id.slice(-4), 16) % 80;
