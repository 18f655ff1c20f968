// Picks the back end. Each is loaded only where it is used: the desktop app never loads socket.io-client.

import type { Port } from './index';

export async function openPort(): Promise<Port> {
  if (import.meta.env.DEV && new URLSearchParams(location.search).has('fake')) {
    const { scene } = await import('./fake/scenes');
    return scene(new URLSearchParams(location.search));
  }
  if ('__TAURI_INTERNALS__' in window) {
    const { TauriPort } = await import('./tauri');
    return new TauriPort();
  }
  const { WebPort } = await import('./web');
  return new WebPort();
}
