import { Center, Loader, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import { actAsGuest } from '../../api/session';
import type { Meeting, Participant } from '../../api/types';
import { ProblemNote } from '../../ui/ProblemNote';
import { NarrowPage, usePageTitle } from '../../ui/pages';
import { useFormat } from '../../ui/useFormat';
import { Conference } from '../room/Conference';
import { EndScreen } from '../room/EndScreen';
import { Prejoin } from '../room/Prejoin';
import { useJourney, type Way } from '../room/useJourney';
import { LobbyScreen, WaitScreen } from '../room/WaitScreen';
import { type GuestInvitation, guestMeetingQuery, kept } from './queries';

const route = getRouteApi('/guest/$token');

/** What somebody sees who was sent a guest link: who they are, then the room. Nothing here needs an account. */
export function GuestPage() {
  const { t } = useTranslation();
  const { token } = route.useParams();
  // Before anything is asked, so that a reload comes back as who one was.
  useState(() => actAsGuest(kept.session(token)));
  useEffect(() => {
    actAsGuest(kept.session(token));
    return () => actAsGuest(null);
  }, [token]);
  const { data, error, refetch } = useQuery(guestMeetingQuery(token));
  usePageTitle(data?.title);

  if (data) return <GuestRoom key={token} token={token} invitation={data} />;
  if (error) {
    const { status } = Problem.of(error);
    const final = status >= 400 && status < 500;
    return (
      <NarrowPage title={t('guest.noEntry')}>
        <ProblemNote error={error} onRetry={final ? undefined : () => void refetch()} />
        {final && <Text>{t('guest.askForAnother')}</Text>}
      </NarrowPage>
    );
  }
  return (
    <Center mih="100dvh">
      <Loader aria-label={t('shell.loading')} />
    </Center>
  );
}

/** The meeting as far as a guest knows it, in the shape that the room's parts take. */
const asMeeting = (invitation: GuestInvitation) =>
  ({
    id: invitation.meeting_id,
    title: invitation.title,
    status: invitation.status,
    meeting_type: invitation.meeting_type,
    my: { role: null, status: null, can: ['join', 'chat'] },
  }) as unknown as Meeting;

function GuestRoom({ token, invitation }: { token: string; invitation: GuestInvitation }) {
  const { t } = useTranslation();
  const { span } = useFormat();
  const queryClient = useQueryClient();
  const [name, setName] = useState(kept.name);
  const [missing, setMissing] = useState(false);
  const [gone, setGone] = useState(false);
  const meeting = useMemo(() => asMeeting(invitation), [invitation]);
  const called = useRef(name);
  called.current = name;

  const ask = useCallback(async () => {
    const answer = await take(
      api.POST('/api/v1/guest/{token}/join', {
        params: { path: { token } },
        body: { name: called.current.trim() },
      }),
    );
    kept.remember(token, answer.access_token, called.current.trim());
    actAsGuest(answer.access_token);
    if (!('token' in answer)) return answer;
    // Hands and rights come by events; a guest may not ask for the list of people.
    queryClient.setQueryData<Participant[]>(
      ['meeting', invitation.meeting_id, 'participants'],
      (list) => list ?? [],
    );
    return answer;
  }, [token, queryClient, invitation.meeting_id]);
  const left = useCallback(() => setGone(true), []);
  const way = useMemo<Way>(() => ({ ask, left }), [ask, left]);
  const { phase, join, rejoin, connected, disconnected, leave } = useJourney(invitation.meeting_id, way);

  if (gone)
    return (
      <NarrowPage title={t('guest.left')}>
        <Text>{t('guest.leftText')}</Text>
      </NarrowPage>
    );
  switch (phase.at) {
    case 'prejoin':
      return (
        <Prejoin
          meeting={meeting}
          me={{ name: name.trim() || '?' }}
          measured={invitation.measures_speaking}
          problem={phase.problem}
          ask={() =>
            take(api.POST('/api/v1/guest/{token}/connection-check', { params: { path: { token } } }))
          }
          onJoin={(choices, now) => {
            setMissing(!name.trim());
            if (name.trim()) join(choices, now);
          }}
          guest={
            <>
              <Text size="sm">
                {t('guest.invitedBy', { organization: invitation.organization_name })}
                <br />
                {span(invitation.scheduled_start, invitation.scheduled_end)}
              </Text>
              <TextInput
                label={t('guest.name')}
                description={t('guest.nameHint')}
                size="md"
                required
                maxLength={60}
                autoComplete="name"
                autoFocus
                value={name}
                error={missing ? t('form.required') : undefined}
                onChange={(event) => setName(event.currentTarget.value)}
              />
            </>
          }
        />
      );
    case 'joining':
      return <WaitScreen title={phase.again ? t('room.comingBack') : t('room.joining')} onLeave={leave} />;
    case 'lobby':
      return <LobbyScreen waiting={phase.waiting} onLeave={leave} />;
    case 'room':
      return (
        <Conference
          key={phase.joined.token}
          meeting={meeting}
          joined={phase.joined}
          onConnected={connected}
          onDisconnected={disconnected}
          onLeave={leave}
        />
      );
    case 'over':
      return <EndScreen meeting={meeting} ending={phase.ending} guest onRejoin={rejoin} />;
  }
}
