import {
  createAudioAnalyser,
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  MediaDeviceFailure,
} from 'livekit-client';
import { useEffect, useState } from 'react';

/** Why there is no picture or sound: LiveKit's reasons, and pages that may not ask at all. */
export type DeviceTrouble = 'denied' | 'none' | 'inUse' | 'insecure' | 'other';

/** The trouble behind an error of the browser's media calls. */
export function troubleOf(error: unknown): DeviceTrouble {
  if (!navigator.mediaDevices) return 'insecure';
  switch (MediaDeviceFailure.getFailure(error)) {
    case MediaDeviceFailure.PermissionDenied:
      return 'denied';
    case MediaDeviceFailure.NotFound:
      return 'none';
    case MediaDeviceFailure.DeviceInUse:
      return 'inUse';
    default:
      return 'other';
  }
}

type Preview<T> = { track: T | null; trouble: DeviceTrouble | null };

function usePreview<T extends LocalAudioTrack | LocalVideoTrack>(
  create: (deviceId: string | undefined) => Promise<T>,
  wanted: boolean,
  deviceId: string | undefined,
): Preview<T> {
  const [preview, setPreview] = useState<Preview<T>>({ track: null, trouble: null });
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    let made: T | undefined;
    create(deviceId).then(
      (track) => {
        made = track;
        if (gone) track.stop();
        else setPreview({ track, trouble: null });
      },
      (error) => {
        if (!gone) setPreview({ track: null, trouble: troubleOf(error) });
      },
    );
    return () => {
      gone = true;
      made?.stop();
      setPreview({ track: null, trouble: null });
    };
  }, [create, wanted, deviceId]);
  return preview;
}

// A remembered device that is not there any more is only a wish.
const wish = (deviceId: string | undefined) => (deviceId ? { deviceId: { ideal: deviceId } } : {});
const makeVideo = (deviceId: string | undefined) => createLocalVideoTrack(wish(deviceId));
const makeAudio = (deviceId: string | undefined) => createLocalAudioTrack(wish(deviceId));

export const useCameraPreview = (wanted: boolean, deviceId?: string) =>
  usePreview(makeVideo, wanted, deviceId);
export const useMicrophonePreview = (wanted: boolean, deviceId?: string) =>
  usePreview(makeAudio, wanted, deviceId);

/** How loud a microphone is, 0 to 1, ten times a second. */
export function useLevel(track: LocalAudioTrack | null): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!track) return;
    const { calculateVolume, cleanup } = createAudioAnalyser(track);
    const timer = setInterval(() => setLevel(calculateVolume()), 100);
    return () => {
      clearInterval(timer);
      setLevel(0);
      void cleanup();
    };
  }, [track]);
  return level;
}

/** The devices of this machine; read again when one comes or goes, and when `changed` does (names appear with permission). */
export function useDevices(changed: unknown): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `changed` says when to look again.
  useEffect(() => {
    const media = navigator.mediaDevices;
    if (!media) return;
    const look = () => media.enumerateDevices().then(setDevices, () => undefined);
    void look();
    media.addEventListener('devicechange', look);
    return () => media.removeEventListener('devicechange', look);
  }, [changed]);
  return devices;
}
