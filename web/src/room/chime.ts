/** Two soft tones, as of a bell at a door, in seconds from now and hertz. */
const TONES = [
  [0, 784],
  [0.18, 587],
] as const;
/** One bell for all who come within this time. */
const PAUSE_MS = 1_500;
/** How long it sounds. */
const LENGTH_MS = 1_000;

let last = Number.NEGATIVE_INFINITY;

/** Rings once for all who come at once. A browser that keeps still until the page is touched keeps still here too. */
export function chime(now = performance.now()) {
  if (now - last < PAUSE_MS || !('AudioContext' in globalThis)) return;
  last = now;
  const context = new AudioContext();
  ring(context, context.destination, 0.08);
  setTimeout(() => void context.close(), LENGTH_MS);
}

/**
 * Lets the bell be heard from a loudspeaker, the system's when none is named. Through an element, because that is what
 * every browser can give another loudspeaker.
 */
export async function testSound(speaker: string | undefined) {
  const context = new AudioContext();
  const stream = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = stream.stream;
  try {
    if (speaker && 'setSinkId' in element) await element.setSinkId(speaker);
    await element.play();
    ring(context, stream, 0.3);
    await new Promise((done) => setTimeout(done, LENGTH_MS));
  } finally {
    element.pause();
    await context.close();
  }
}

function ring(context: AudioContext, into: AudioNode, loudness: number) {
  const volume = context.createGain();
  volume.gain.value = loudness;
  volume.connect(into);
  for (const [at, frequency] of TONES) {
    const tone = context.createOscillator();
    const begin = context.currentTime + at;
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(begin);
    tone.stop(begin + 0.16);
  }
}
