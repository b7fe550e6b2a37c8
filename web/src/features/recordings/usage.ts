/** From which share of what there may be on it is time to make room. */
const NEARLY = 0.8;

export type Fullness = { share: number; state: 'fine' | 'nearly' | 'full' };

/** How full the vault is; null where there is no limit. */
export function fullness(bytes: number, quota: number | null | undefined): Fullness | null {
  if (!quota) return null;
  const share = bytes / quota;
  return { share: Math.min(1, share), state: share >= 1 ? 'full' : share >= NEARLY ? 'nearly' : 'fine' };
}
