// Picks the back end. Each is loaded only where it is used: the desktop app never loads socket.io-client.

import type { Shell } from './index';

export async function openShell(): Promise<Shell> {
  if (import.meta.env.DEV && new URLSearchParams(location.search).has('fake')) {
    const { scene } = await import('./fake/scenes');
    return scene(new URLSearchParams(location.search));
  }
  if ('__TAURI_INTERNALS__' in window) {
    const { TauriShell } = await import('./tauri');
    return new TauriShell();
  }
  const { WebPort } = await import('./web');
  return new WebPort();
}
