// The service worker: keeps the files of the page, so that it opens when the server cannot be reached. Nothing else: no
// answer of the API and no message goes through here.
//
// Online, the server's own page wins; the files beside it carry a hash of their content in their names. A new build
// brings a new worker, which waits until the tabs of the old one are closed: no page is ever put together from two.

const CACHE = 'confab-shell-__BUILD__';
const FILES = __FILES__;
const PAGE = '/';
/** So long may the server take to answer with its page, when there is one here. */
const PATIENCE_MS = 4_000;
const SERVER = /^\/(api|socket\.io|metrics|healthz|readyz)(\/|$)/;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' })))));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('confab-shell-') && name !== CACHE) await caches.delete(name);
      // The page that brought this worker is the first that opens without the server.
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || SERVER.test(url.pathname)) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(url.pathname).then((found) => found ?? fetch(request)));
});

async function page(request) {
  const found = await kept(PAGE);
  if (!found) return fetch(request);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    // A proxy answers for a server that is away.
    return answer.status >= 500 ? found : answer;
  } catch {
    return found;
  }
}

async function kept(path) {
  return (await caches.open(CACHE)).match(path);
}
