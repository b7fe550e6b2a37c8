// A <video> and a download can't send an access token. This worker asks a page for its token, which only
// pages hold, and puts it on requests for recordings; everything else passes by untouched.
const DOWNLOAD = /^\/api\/v1\/recordings\/[^/]+\/download$/;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const ours = url.origin === self.location.origin && DOWNLOAD.test(url.pathname);
  if (ours && request.method === 'GET' && !request.headers.has('authorization')) event.respondWith(authorized(event, url));
});

async function authorized(event, url) {
  const headers = new Headers(event.request.headers);
  const token = await pageToken(event.clientId);
  if (token) headers.set('Authorization', `Bearer ${token}`);
  const name = url.searchParams.get('save');
  url.searchParams.delete('save');
  const response = await fetch(url, { headers, signal: event.request.signal });
  if (!name || !response.ok) return response;
  const saved = new Headers(response.headers);
  saved.set('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
  return new Response(response.body, { status: response.status, headers: saved });
}

/** The token of the page that asks; of any other open page where that one does not answer (a download has none). */
async function pageToken(clientId) {
  const pages = await self.clients.matchAll({ type: 'window' });
  pages.sort((a, b) => Number(b.id === clientId) - Number(a.id === clientId));
  for (const page of pages) {
    const token = await ask(page);
    if (token) return token;
  }
  return null;
}

function ask(page) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, 2000, null);
    page.postMessage('access-token', [port2]);
  });
}
