// The page itself without the server: a service worker keeps the files that it is made of. Browsers allow one only in
// secure contexts; elsewhere the page needs the server to open, and goes on without it once it is open.

export function registerShell(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('/sw.js').catch((thrown: unknown) => console.warn('the page will not open offline', thrown));
}
