import { api, take } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Transcript } from '../../api/types';
import { saveAs } from '../../ui/saving';

/** The server names itself by its public address; the page may have been reached by another. */
export function hereAt(url: string, origin = location.origin): string {
  const { pathname, search } = new URL(url, origin);
  return pathname + search;
}

/** An address of a recording that needs no access token, good for some minutes. */
export async function playbackUrl(id: string): Promise<string> {
  const { url } = await take(api.POST('/api/v1/recordings/{id}/playback', { params: { path: { id } } }));
  return hereAt(url);
}

type Beside = 'poster' | 'thumbnails' | 'captions.vtt' | 'transcript';

/** The address of something that stands beside a file, opened by what opens an address to play the file from. */
export const beside = (playback: string, what: Beside) => playback.replace(/\/download(?=\?)/, `/${what}`);

/** A picture that stands beside a file; null while there is none. */
export async function pictureAt(url: string): Promise<Blob | null> {
  const answer = await fetch(url).catch(() => undefined);
  return answer?.ok ? answer.blob() : null;
}

/** What a recording says, by an address to play it from. */
export async function transcriptAt(url: string): Promise<Transcript> {
  const answer = await fetch(url);
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw Problem.from(body, answer);
  return body as Transcript;
}

/** Why a file does not play: its address is good no more, nothing answers, or it is there and the fault is in it. */
export async function stateOfAddress(url: string): Promise<'over' | 'away' | 'there'> {
  const headers = { Range: 'bytes=0-0' };
  // Where the vault gives the file itself, this address leads on to it.
  const answer = await fetch(url, { headers, cache: 'no-store', redirect: 'manual' }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer?.ok || answer?.type === 'opaqueredirect') return 'there';
  return answer && [401, 403, 404, 410].includes(answer.status) ? 'over' : 'away';
}

/** Saves a recording under the name that the server gives it. */
export async function download(id: string) {
  saveAs(await playbackUrl(id));
}
