import { type ConnectionState, Room, RoomEvent, type SimulationScenario } from 'livekit-client';

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
  let findings: Findings = { websocket };
  found(findings);
  // Without the first there is no asking for the others.
  if (!websocket) return findings;
  for (const way of ['udp', 'tcp'] as const) {
    findings = { ...findings, [way]: await carries(trial, way) };
    found(findings);
  }
  return findings;
}

/** Whether the server answers by WebSocket, wherever the media go. */
async function reaches({ server_url, token }: Trial): Promise<boolean> {
  const room = new Room();
  try {
    const signal = until(room, RoomEvent.SignalConnected);
    const entered = room.connect(server_url, token).catch(() => {});
    return await Promise.race([signal, entered.then(() => signal)]);
  } finally {
    await room.disconnect().catch(() => {});
  }
}

/** Whether media go one way, when the server is asked for it alone. */
async function carries({ server_url, token }: Trial, way: 'udp' | 'tcp'): Promise<boolean> {
  const room = new Room();
  try {
    await within(room.connect(server_url, token));
    const again = until(room, RoomEvent.Reconnected);
    await room.simulateScenario(`force-${way}` as SimulationScenario);
    return (await again) && room.state === ('connected' as ConnectionState);
  } catch {
    return false;
  } finally {
    await room.disconnect().catch(() => {});
  }
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
