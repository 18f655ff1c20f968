// What a browser keeps between two visits: nothing secret. The session is a cookie that scripts cannot read.

import type { Language, Place, Settings } from '../../bindings';

const PLACE = 'confab.place';
const SETTINGS = 'confab.settings';

export const defaultSettings: Settings = { theme: 'system', compact: false, language: 'system', notifications: true, previews: true, close_to_tray: true };

const LANGUAGES: readonly Language[] = ['en', 'de', 'ar'];

export function keptPlace(): Place {
  const kept = read(PLACE);
  return { workspace: string(kept['workspace']), room: string(kept['room']) };
}

export function keepPlace(place: Place): void {
  write(PLACE, place);
}

export function keptSettings(): Settings {
  const kept = read(SETTINGS);
  const { theme, language } = kept;
  const chosen = (name: 'compact' | 'notifications' | 'previews'): boolean => {
    const value = kept[name];
    return typeof value === 'boolean' ? value : defaultSettings[name];
  };
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : defaultSettings.theme,
    language: LANGUAGES.find((one) => one === language) ?? defaultSettings.language,
    compact: chosen('compact'), notifications: chosen('notifications'), previews: chosen('previews'),
    close_to_tray: defaultSettings.close_to_tray,
  };
}

export function keepSettings(settings: Settings): void {
  write(SETTINGS, settings);
}

export function forgetPlace(): void {
  try {
    localStorage.removeItem(PLACE);
  } catch {
    // Storage may be forbidden: then nothing was kept.
  }
}

function read(key: string): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function write(key: string, value: object): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be full or forbidden; the app works without it.
  }
}

function string(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
