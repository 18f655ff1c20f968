// Names for devices. A browser introduces itself in a way that nobody wants to read in a list.

import { t } from './locale/locale.svelte';

// Each browser's agent also names those that it is like, so the order matters.
const BROWSERS: [RegExp, string][] = [
  [/Edg/, 'Edge'],
  [/OPR/, 'Opera'],
  [/Firefox/, 'Firefox'],
  [/Chrome/, 'Chrome'],
  [/Safari/, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** A device's name as people read it: `Chrome on Linux` for a browser's agent, anything else as it is. */
export function deviceName(device: string): string {
  if (!device.startsWith('Mozilla/')) return device;
  const find = (names: [RegExp, string][]): string | undefined => names.find(([pattern]) => pattern.test(device))?.[1];
  const [browser, system] = [find(BROWSERS) ?? t('device.browser'), find(SYSTEMS)];
  return system ? t('device.on', { browser, system }) : browser;
}
