import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, take } from '../../api/client';
import { readChoices } from '../../room/choices';
import { ErrorPage, usePageTitle } from '../../ui/pages';
import { meetingQuery } from '../meetings/queries';
import { useHere } from '../orgs/OrganizationGate';
import { stageQuery } from '../stage/queries';
import { Conference } from './Conference';
import { DoorElsewhere } from './DoorElsewhere';
import { EndScreen } from './EndScreen';
import { Prejoin } from './Prejoin';
import { useJourney, useMembersWay } from './useJourney';
import { LobbyScreen, WaitScreen } from './WaitScreen';

const route = getRouteApi('/signed-in/meetings/$id');

const askTrial = () => take(api.POST('/api/v1/connection-check'));

/** The way through a meeting's room: before, in it, and after. */
export function RoomPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const { data: meeting, error, refetch } = useQuery(meetingQuery(id));
  const { data: stage } = useQuery(stageQuery(id));
  const { me } = useHere();
  const way = useMembersWay(id);
  const { kind, phase, join, rejoin, connected, disconnected, leave } = useJourney(id, way);
  usePageTitle(meeting?.title);

  if (!meeting && error) return <ErrorPage error={error} reset={() => void refetch()} />;
  if (!meeting)
    return (
      <Center mih="100dvh">
        <Loader aria-label={t('shell.loading')} />
      </Center>
    );
  switch (phase.at) {
    case 'prejoin':
      if (meeting.external_url)
        return (
          <DoorElsewhere
            meeting={meeting}
            problem={phase.problem}
            onJoin={() => join(readChoices(localStorage), readChoices(sessionStorage))}
          />
        );
      return (
        <Prejoin
          meeting={meeting}
          me={me}
          measured={stage?.measures_speaking}
          problem={phase.problem}
          ask={askTrial}
          onJoin={join}
        />
      );
    case 'joining':
      return <WaitScreen title={phase.again ? t('room.comingBack') : t('room.joining')} onLeave={leave} />;
    case 'lobby':
      return <LobbyScreen waiting={phase.waiting} onLeave={leave} />;
    case 'room':
      return (
        <Conference
          // A new token is a new connection.
          key={phase.joined.token}
          meeting={meeting}
          joined={phase.joined}
          onConnected={connected}
          onDisconnected={disconnected}
          onLeave={leave}
        />
      );
    case 'over':
      return <EndScreen meeting={meeting} ending={phase.ending} seat={kind} onRejoin={rejoin} />;
  }
}
