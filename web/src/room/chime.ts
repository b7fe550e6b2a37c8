/** Two soft tones, as of a bell at a door, in seconds from now and hertz. */
const TONES = [
  [0, 784],
  [0.18, 587],
] as const;
/** One bell for all who come within this time. */
const PAUSE_MS = 1_500;

let last = Number.NEGATIVE_INFINITY;

/** Rings once. A browser that keeps still until the page is touched keeps still here too. */
export function chime(now = performance.now()) {
  if (now - last < PAUSE_MS || !('AudioContext' in globalThis)) return;
  last = now;
  const context = new AudioContext();
  const volume = context.createGain();
  volume.gain.value = 0.08;
  volume.connect(context.destination);
  for (const [at, frequency] of TONES) {
    const tone = context.createOscillator();
    const begin = context.currentTime + at;
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(begin);
    tone.stop(begin + 0.16);
  }
  setTimeout(() => void context.close(), 1_000);
}
