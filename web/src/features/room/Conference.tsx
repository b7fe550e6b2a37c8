import { LiveKitRoom } from '@livekit/components-react';
import { notifications } from '@mantine/notifications';
import {
  DefaultReconnectPolicy,
  type DisconnectReason,
  type MediaDeviceFailure,
  type RoomOptions,
  VideoPresets,
} from 'livekit-client';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Joined, Meeting } from '../../api/types';
import { readChoices } from '../../room/choices';
import { REJOIN_WAITS } from '../../room/endings';
import { rightsOfJoin } from '../../room/rights';
import classes from './Conference.module.css';
import { RoomScreen } from './RoomScreen';

type Props = {
  meeting: Meeting;
  joined: Joined;
  onConnected: () => void;
  onDisconnected: (reason: DisconnectReason | undefined) => void;
  onLeave: () => void;
};

/** The connection to the room; all inside it sees the room through LiveKit's components. */
export function Conference({ meeting, joined, onConnected, onDisconnected, onLeave }: Props) {
  const { t } = useTranslation();
  const rights = rightsOfJoin(joined.permissions.can_publish_sources);
  // Read once: the connection must not start anew because somebody mutes.
  const [choices] = useState(() => readChoices(sessionStorage));
  const leaving = useRef(false);
  const options = useMemo<RoomOptions>(
    () => ({
      adaptiveStream: true,
      // Its own waits grow to ten seconds, in which the network may long be back.
      reconnectPolicy: new DefaultReconnectPolicy([...REJOIN_WAITS]),
      dynacast: true,
      // The server speaks VP8 and Opus only; redundant audio would be another codec.
      publishDefaults: { videoCodec: 'vp8', backupCodec: false, simulcast: true, red: false },
      videoCaptureDefaults: { deviceId: choices.videoinput, resolution: VideoPresets.h720.resolution },
      audioCaptureDefaults: { deviceId: choices.audioinput },
      audioOutput: choices.audiooutput ? { deviceId: choices.audiooutput } : undefined,
    }),
    [choices],
  );
  // LiveKitRoom connects anew when these change, so they must not.
  const gone = useCallback(
    (reason?: DisconnectReason) => {
      if (!leaving.current) onDisconnected(reason);
    },
    [onDisconnected],
  );
  // A connection that never stood is as lost as one that broke. Devices that fail have their own report.
  const failed = useCallback(
    (error: Error) => {
      if (error.name === 'ConnectionError') gone();
    },
    [gone],
  );
  const deviceFailed = useCallback(
    (_failure?: MediaDeviceFailure, kind?: MediaDeviceKind) => {
      notifications.show({
        color: 'yellow',
        message: kind === 'videoinput' ? t('room.cameraFailed') : t('room.microphoneFailed'),
      });
    },
    [t],
  );
  return (
    <LiveKitRoom
      serverUrl={joined.server_url}
      token={joined.token}
      options={options}
      audio={choices.microphone && rights.microphone}
      video={choices.camera && rights.camera}
      onConnected={onConnected}
      onDisconnected={gone}
      onError={failed}
      onMediaDeviceFailure={deviceFailed}
      className={classes.room}
    >
      <RoomScreen
        meeting={meeting}
        joined={joined}
        onLeave={() => {
          leaving.current = true;
          onLeave();
        }}
      />
    </LiveKitRoom>
  );
}
