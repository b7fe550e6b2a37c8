import { api, take } from '../../api/client';
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

/** Saves a recording under the name that the server gives it. */
export async function download(id: string) {
  saveAs(await playbackUrl(id));
}
