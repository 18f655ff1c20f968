// Every key that means something, as the list of keys shows it. What they do stands in `shortcuts.ts`, `actions.svelte.ts`
// of the timeline and `format.ts` of the composer; a test presses those that work everywhere.

import { t } from '../../lib/locale/locale.svelte';
import type { PlainKey } from '../../lib/locale/message';

export interface KeyLine {
  /** Alternatives; `Mod` is ⌘ on a Mac and Ctrl elsewhere. */
  keys: readonly string[];
  does: PlainKey;
}

export interface KeySection {
  title: PlainKey;
  lines: readonly KeyLine[];
}

export const KEYMAP: readonly KeySection[] = [
  {
    title: 'keys.going',
    lines: [
      { keys: ['Mod+K'], does: 'keys.switch' },
      { keys: ['Mod+F', 'Mod+Shift+F'], does: 'keys.search' },
      { keys: ['Alt+↑', 'Alt+↓'], does: 'keys.room' },
      { keys: ['Alt+Shift+↑', 'Alt+Shift+↓'], does: 'keys.unread_room' },
      { keys: ['Alt+←', 'Alt+→'], does: 'keys.trail' },
      { keys: ['Mod+1 … 9', 'Mod+Alt+1 … 9'], does: 'keys.workspace' },
      { keys: ['F6', 'Shift+F6'], does: 'keys.region' },
      { keys: ['Mod+.'], does: 'keys.panel' },
      { keys: ['Mod+,'], does: 'common.settings' },
      { keys: ['Mod++', 'Mod+-', 'Mod+0'], does: 'keys.zoom' },
      { keys: ['Mod+Shift+I', 'Ctrl+Alt+I'], does: 'keys.inspector' },
      { keys: ['Mod+/'], does: 'keys.this_list' },
    ],
  },
  {
    title: 'keys.reading',
    lines: [
      { keys: ['Esc'], does: 'keys.read_room' },
      { keys: ['Shift+Esc'], does: 'switcher.read_all' },
      { keys: ['↑', '↓', 'Home', 'End'], does: 'keys.walk' },
      { keys: ['Enter'], does: 'keys.menu' },
      { keys: ['R', 'E', '+'], does: 'keys.reply' },
      { keys: ['T', 'P'], does: 'keys.thread' },
      { keys: ['C', 'L'], does: 'keys.copy' },
      { keys: ['U', 'M'], does: 'keys.later' },
      { keys: ['Del'], does: 'keys.delete' },
    ],
  },
  {
    title: 'keys.writing',
    lines: [
      { keys: ['Enter', 'Mod+Enter'], does: 'composer.send' },
      { keys: ['Shift+Enter'], does: 'keys.new_line' },
      { keys: ['↑'], does: 'keys.edit_last' },
      { keys: ['Esc'], does: 'keys.escape' },
      { keys: ['@', '#', ':', '/'], does: 'keys.complete' },
      { keys: ['Mod+U'], does: 'keys.attach' },
      { keys: ['Mod+B', 'Mod+I', 'Mod+E'], does: 'keys.bold' },
      { keys: ['Mod+Shift+X', 'Mod+Shift+H'], does: 'keys.strike' },
    ],
  },
];

const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Readonly<Record<string, PlainKey>> = { Ctrl: 'keys.ctrl', Shift: 'keys.shift', Home: 'keys.home', End: 'keys.end', Del: 'keys.del' };

/** The keys of a combination, as they stand on this computer's keyboard. */
export function keysOf(combination: string): string[] {
  const signs: Record<string, string> = isMac ? { Mod: '⌘', Alt: '⌥', Shift: '⇧' } : { Mod: t('keys.ctrl') };
  const nameOf = (key: string): string => signs[key] ?? (NAMES[key] ? t(NAMES[key]) : key);
  // The plus key itself.
  return (combination === '+' ? ['+'] : combination.replace(/\+\+$/, '+Plus').split('+')).map((key) => (key === 'Plus' ? '+' : nameOf(key)));
}
