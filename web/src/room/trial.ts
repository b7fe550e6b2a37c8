import { Room, RoomEvent, Track } from 'livekit-client';

/** The ways to the media server, in the order in which they are tried. */
export const WAYS = ['websocket', 'udp', 'tcp'] as const;
export type Way = (typeof WAYS)[number];
export type Findings = Partial<Record<Way, boolean>>;

/** How long each way may take, in milliseconds. */
const PATIENCE_MS = 8_000;

type Trial = { server_url: string; token: string };

/** Tries each way by entering an empty room with it, and tells what was found so far. */
export async function tryConnection(trial: Trial, found: (findings: Findings) => void): Promise<Findings> {
  const websocket = await reaches(trial);
  found({ websocket });
  // Without the first there is no asking for the others.
  if (!websocket) return { websocket };
  const ways = await waysOfMedia(trial, (udp) => found({ websocket, udp }));
  const findings = { websocket, ...ways };
  found(findings);
  return findings;
}

/** Whether the server answers by WebSocket, wherever the media go. */
async function reaches({ server_url, token }: Trial): Promise<boolean> {
  const room = new Room();
  try {
    const signal = until(room, RoomEvent.SignalConnected);
    room.connect(server_url, token).catch(() => {});
    return await signal;
  } finally {
    await room.disconnect().catch(() => {});
  }
}

/** Sends silence: first the way that the browser finds by itself, which is UDP if it can, then by TCP alone. */
async function waysOfMedia({ server_url, token }: Trial, foundUdp: (udp: boolean) => void) {
  const room = new Room();
  const context = new AudioContext();
  try {
    await within(room.connect(server_url, token));
    const [silence] = context.createMediaStreamDestination().stream.getAudioTracks();
    if (!silence) return { udp: false, tcp: false };
    await within(room.localParticipant.publishTrack(silence, { source: Track.Source.Microphone }));
    const found = await protocolOf(room);
    foundUdp(found === 'udp');
    if (found !== 'udp') return { udp: false, tcp: found === 'tcp' };
    const again = until(room, RoomEvent.Reconnected);
    await room.simulateScenario('force-tcp');
    return { udp: true, tcp: (await again) && (await protocolOf(room)) === 'tcp' };
  } catch {
    return { udp: false, tcp: false };
  } finally {
    await room.disconnect().catch(() => {});
    await context.close();
  }
}

/** By which protocol media leave; undefined when they do not. */
async function protocolOf(room: Room): Promise<string | undefined> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const [publication] = room.localParticipant.trackPublications.values();
    const report = await publication?.track?.sender?.getStats();
    const protocol = report && selectedProtocol(report);
    if (protocol) return protocol;
    await new Promise((done) => setTimeout(done, 200));
  }
  return undefined;
}

type Stats = { id: string; type: string; [name: string]: unknown };

/** The protocol of the pair of addresses that a connection uses (W3C, Identifiers for WebRTC's Statistics API). */
export function selectedProtocol(report: Iterable<[string, Stats]>): string | undefined {
  const stats = new Map(report);
  const transport = [...stats.values()].find(({ type }) => type === 'transport');
  const pair = stats.get(String(transport?.selectedCandidatePairId));
  if (pair?.state !== 'succeeded') return undefined;
  const local = stats.get(String(pair.localCandidateId));
  // By a relay it is the way to the relay that counts.
  return String(local?.relayProtocol ?? local?.protocol);
}

/** Whether it happens before one loses patience. */
function until(room: Room, event: RoomEvent.SignalConnected | RoomEvent.Reconnected): Promise<boolean> {
  return new Promise((done) => {
    const timer = setTimeout(() => done(false), PATIENCE_MS);
    room.once(event, () => {
      clearTimeout(timer);
      done(true);
    });
  });
}

function within<T>(promise: Promise<T>): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, fail) => {
      setTimeout(() => fail(new Error('it takes too long')), PATIENCE_MS);
    }),
  ]);
}

/** What follows for whoever wants to join. */
export type Advice = 'good' | 'slow' | 'noMedia' | 'noServer';

/** What the findings mean; undefined while something is still tried. */
export function adviceOf({ websocket, udp, tcp }: Findings): Advice | undefined {
  if (websocket === false) return 'noServer';
  if (websocket === undefined || udp === undefined || tcp === undefined) return undefined;
  if (udp) return 'good';
  return tcp ? 'slow' : 'noMedia';
}
