// What was typed and not sent, kept per person and room over a reload, gone with the session.

import type { Item } from '../bindings';

const PREFIX = 'confab.draft.';
/** Browsers write their storage to the disk seconds late. */
const LATE_MS = 60_000;

export interface KeptDraft {
  readonly text: string;
  /** When it was typed, in ms since 1970. */
  readonly at: number;
}

const NOTHING: KeptDraft = { text: '', at: 0 };

export function keptDraft(user: string, room: string): KeptDraft {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(`${PREFIX}${user}.${room}`);
    const draft: unknown = JSON.parse(kept ?? 'null');
    if (isDraft(draft)) return draft;
  } catch {
    // No storage, or the plain text of an earlier version.
  }
  return kept === null ? NOTHING : { text: kept, at: 0 };
}

function isDraft(value: unknown): value is KeptDraft {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string' && 'at' in value && typeof value.at === 'number';
}

export function keepDraft(user: string, room: string, text: string): void {
  try {
    if (text.trim() === '') localStorage.removeItem(`${PREFIX}${user}.${room}`);
    else localStorage.setItem(`${PREFIX}${user}.${room}`, JSON.stringify({ text, at: Date.now() } satisfies KeptDraft));
  } catch {
    // Storage may be full or forbidden: the draft lives in memory then.
  }
}

/**
 * Whether one of these messages is what became of the draft: a browser that was killed right after sending still has the
 * text on its disk, or the beginning of it, and not yet that it was taken away.
 */
export function wasSent({ text, at }: KeptDraft, user: string, items: readonly Item[]): boolean {
  const begun = text.trim();
  return items.some((item) => {
    if (item.kind !== 'message' || item.author !== user || !item.text.startsWith(begun)) return false;
    const waited = writtenAt(item.key) - at;
    return waited >= 0 && waited < LATE_MS;
  });
}

/** When the message was written, by the UUIDv7 that its author gave it; not a number when it has another `cid`. */
function writtenAt(key: string): number {
  const [, millis] = /\/([0-9a-f]{8}-?[0-9a-f]{4})-?7/.exec(key) ?? [];
  return millis === undefined ? Number.NaN : Number.parseInt(millis.replace('-', ''), 16);
}

export function forgetDrafts(user: string): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}${user}.`)) localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
