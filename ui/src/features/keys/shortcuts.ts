// The keys that work wherever the focus is.

import type { App } from '../../state/app.svelte';
import type { Zoom } from '../../state/zoom';

/** Does what a key means; false when it means nothing here. */
export function shortcut(event: KeyboardEvent, app: App): boolean {
  const { key, code, altKey, shiftKey } = event;
  const mod = event.ctrlKey || event.metaKey;
  if (mod && !altKey && !shiftKey && key.toLowerCase() === 'k') return toggle(app, 'switcher');
  if (mod && !altKey && key === '/') return toggle(app, 'keys');
  if (mod && !altKey && app.zoom && zoom(key, app.zoom)) return true;
  if (isInspector(event, app)) {
    app.inspecting = !app.inspecting;
    return true;
  }
  // A dialog has the keyboard for itself.
  if (app.dialog !== null || document.querySelector('dialog[open]')) return false;
  if (mod && !shiftKey && !altKey && key === ',') return toggle(app, 'settings');
  if (mod && !altKey && key.toLowerCase() === 'f' && app.room) {
    app.openSearch(shiftKey ? 'everywhere' : 'here');
    return true;
  }
  if (mod && !shiftKey && !altKey && key === '.') {
    if (app.panel === null) app.togglePanel('members');
    else app.closePanel();
    return true;
  }
  const digit = mod && !shiftKey ? /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1] : undefined;
  if (digit !== undefined) return openWorkspace(app, Number(digit));
  if (key === 'F6' && !mod && !altKey) return nextRegion(shiftKey ? -1 : 1);
  if (key === 'Escape' && shiftKey && !mod && !altKey) {
    void app.readAll();
    return true;
  }
  if (altKey && !mod) return withAlt(key, shiftKey, app);
  return false;
}

/** Browsers keep the first for their own tools, and so do Macs ⌘⌥I: there it is Ctrl+Alt+I. AltGr is no Ctrl+Alt. */
function isInspector(event: KeyboardEvent, app: App): boolean {
  const { code, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (code !== 'KeyI' || event.getModifierState('AltGraph')) return false;
  if (altKey) return ctrlKey && !metaKey && !shiftKey;
  return shiftKey && (ctrlKey || metaKey) && app.servers.shell.desktop !== null;
}

function zoom(key: string, zoom: Zoom): boolean {
  const by = key === '+' || key === '=' ? 1 : key === '-' || key === '_' ? -1 : key === '0' ? 0 : undefined;
  if (by === undefined) return false;
  void zoom.step(by).catch(() => undefined);
  return true;
}

function withAlt(key: string, shiftKey: boolean, app: App): boolean {
  switch (key) {
    case 'ArrowUp':
    case 'ArrowDown':
      stepRoom(app, key === 'ArrowDown' ? 1 : -1, shiftKey);
      return true;
    case 'ArrowLeft':
    case 'ArrowRight':
      if (shiftKey) return false;
      void app.goAlong(key === 'ArrowLeft' ? -1 : 1);
      return true;
    default:
      return false;
  }
}

function toggle(app: App, dialog: 'switcher' | 'keys' | 'settings'): true {
  app.dialog = app.dialog === dialog ? null : dialog;
  return true;
}

function openWorkspace(app: App, number: number): boolean {
  const found = app.lobby.sorted[number - 1];
  if (found) app.openWorkspace(found.slug);
  return found !== undefined;
}

function stepRoom(app: App, by: 1 | -1, onlyUnread: boolean): void {
  const { workspace, room } = app;
  if (!workspace) return;
  const all = [...workspace.named, ...workspace.direct];
  const list = onlyUnread ? all.filter((other) => other === room || other.signals) : all;
  const next = list[((room ? list.indexOf(room) : -1) + by + list.length) % list.length];
  if (next) app.openRoom(next.info.id);
}

const TABBABLE = 'button:not(:disabled), a[href], input, textarea, select, [tabindex="0"]';

/** From one part of the window to the next: each has `data-region`, and begins where somebody was in it. */
function nextRegion(by: 1 | -1): boolean {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => !region.closest('[inert]'));
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  for (let step = 1; step <= regions.length; step++) {
    const region = regions[(here + by * step + regions.length * 2 + (here < 0 && by < 0 ? 1 : 0)) % regions.length];
    const start = region?.querySelector<HTMLElement>('[aria-current], article[tabindex="0"], textarea') ?? region?.querySelector<HTMLElement>(TABBABLE);
    if (start) {
      start.focus();
      return true;
    }
  }
  return false;
}
