import { Problem } from '../../api/problem';
import { accessToken, authorizedFetch } from '../../api/session';

let worker: Promise<boolean> | null = null;

/** Starts the worker that puts the access token on requests for recordings; false where there are no workers. */
function startWorker(): Promise<boolean> {
  worker ??= (async () => {
    if (!navigator.serviceWorker) return false;
    navigator.serviceWorker.addEventListener('message', ({ data, ports }) => {
      if (data === 'access-token')
        accessToken().then(
          (token) => ports[0]?.postMessage(token),
          () => ports[0]?.postMessage(null),
        );
    });
    await navigator.serviceWorker.register('/media-worker.js');
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return true;
    // It claims this page in a moment; a forced reload keeps it away for good.
    return new Promise<boolean>((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true });
      setTimeout(resolve, 2000, false);
    });
  })().catch(() => false);
  return worker;
}

const downloadPath = (id: string) => `/api/v1/recordings/${id}/download`;

/** The whole file in memory: the way where there is no worker. */
async function wholeFile(id: string): Promise<string> {
  const response = await authorizedFetch(new Request(downloadPath(id)));
  if (!response.ok) throw Problem.from(await response.json().catch(() => null), response);
  return URL.createObjectURL(await response.blob());
}

/** An address that a `<video>` can play from. */
export async function playableUrl(id: string): Promise<string> {
  return (await startWorker()) ? downloadPath(id) : wholeFile(id);
}

/** Saves a recording as a file. */
export async function download(id: string, name: string) {
  if (!(await startWorker())) {
    saveAs(await wholeFile(id), name);
    return;
  }
  // A link with `download` passes workers by; a frame that navigates does not.
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = `${downloadPath(id)}?save=${encodeURIComponent(name)}`;
  document.body.append(frame);
  setTimeout(() => frame.remove(), 60_000);
}

/** Saves what a URL holds under a name. */
export function saveAs(url: string, name: string) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A title as a file name that every system takes. */
export function fileName(title: string, startedAt: string | null): string {
  const clean = title.replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ').trim() || 'baraza';
  return `${clean}${startedAt ? ` ${startedAt.slice(0, 10)}` : ''}.mp4`;
}
