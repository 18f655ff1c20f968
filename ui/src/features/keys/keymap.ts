// Every key that means something, as the list of keys shows it. What they do stands in `shortcuts.ts`, `actions.svelte.ts`
// of the timeline and `format.ts` of the composer; a test presses those that work everywhere.

export interface KeyLine {
  /** Alternatives; `Mod` is ⌘ on a Mac and Ctrl elsewhere. */
  keys: readonly string[];
  does: string;
}

export interface KeySection {
  title: string;
  lines: readonly KeyLine[];
}

export const KEYMAP: readonly KeySection[] = [
  {
    title: 'Going places',
    lines: [
      { keys: ['Mod+K'], does: 'Switch to a room, a person, a workspace, or do something' },
      { keys: ['Mod+F', 'Mod+Shift+F'], does: 'Search in this room, in all rooms' },
      { keys: ['Alt+↑', 'Alt+↓'], does: 'Room above, below' },
      { keys: ['Alt+Shift+↑', 'Alt+Shift+↓'], does: 'Unread room above, below' },
      { keys: ['Alt+←', 'Alt+→'], does: 'Back, forward' },
      { keys: ['Mod+1 … 9', 'Mod+Alt+1 … 9'], does: 'Workspace, from the top' },
      { keys: ['F6', 'Shift+F6'], does: 'Next, previous part of the window' },
      { keys: ['Mod+.'], does: 'Members, or close what is beside the timeline' },
      { keys: ['Mod+,'], does: 'Settings' },
      { keys: ['Mod++', 'Mod+-', 'Mod+0'], does: 'Everything larger, smaller, as it was' },
      { keys: ['Mod+/'], does: 'This list' },
    ],
  },
  {
    title: 'Reading',
    lines: [
      { keys: ['Esc'], does: 'Mark the room as read and go to its end' },
      { keys: ['Shift+Esc'], does: 'Mark all rooms as read' },
      { keys: ['↑', '↓', 'Home', 'End'], does: 'From message to message, once one has the focus' },
      { keys: ['Enter'], does: 'Menu of the message' },
      { keys: ['R', 'E', '+'], does: 'Reply, edit, react' },
      { keys: ['T', 'P'], does: 'Reply in thread, pin or unpin' },
      { keys: ['C', 'L', 'U'], does: 'Copy as Markdown, copy the link, mark unread from here' },
      { keys: ['Del'], does: 'Delete the message' },
    ],
  },
  {
    title: 'Writing',
    lines: [
      { keys: ['Enter', 'Mod+Enter'], does: 'Send' },
      { keys: ['Shift+Enter'], does: 'New line' },
      { keys: ['↑'], does: 'In an empty field: edit your last message' },
      { keys: ['Esc'], does: 'Leave the suggestions, the edit, the reply, the thread' },
      { keys: ['@', '#', ':', '/'], does: 'People, rooms, emoji, commands; Tab or Enter takes one' },
      { keys: ['Mod+U'], does: 'Attach files; paste or drop them, too' },
      { keys: ['Mod+B', 'Mod+I', 'Mod+E'], does: 'Bold, italic, code' },
      { keys: ['Mod+Shift+X', 'Mod+Shift+H'], does: 'Struck through, spoiler' },
    ],
  },
];

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** The keys of a combination, as they stand on this computer's keyboard. */
export function keysOf(combination: string): string[] {
  const names: Record<string, string> = isMac ? { Mod: '⌘', Alt: '⌥', Shift: '⇧' } : { Mod: 'Ctrl' };
  // The plus key itself.
  return (combination === '+' ? ['+'] : combination.replace(/\+\+$/, '+Plus').split('+')).map((key) => (key === 'Plus' ? '+' : key)).map((key) => names[key] ?? key);
}
