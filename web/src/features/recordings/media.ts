import { api, take } from '../../api/client';
import { saveAs } from '../../ui/saving';

/** An address of a recording that needs no access token, good for some minutes. */
export async function playbackUrl(id: string): Promise<string> {
  const { url } = await take(api.POST('/api/v1/recordings/{id}/playback', { params: { path: { id } } }));
  // The server names itself by its public address; the page may have been reached by another.
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

/** Saves a recording under the name that the server gives it. */
export async function download(id: string) {
  saveAs(await playbackUrl(id));
}
