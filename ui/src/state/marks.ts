// Rooms that were marked as unread from some message on. The read marker that devices share only ever goes forward, so
// this is a note of this device alone; it lasts until the room is opened again.

export interface Mark {
  /** The first entry that counts as unread. */
  from: number;
  /** How many messages of others were read already and count again. */
  count: number;
}

const PREFIX = 'confab.unread.';

export function keptMark(user: string, room: string): Mark | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(`${PREFIX}${user}.${room}`) ?? 'null');
    return isMark(found) ? found : null;
  } catch {
    return null;
  }
}

export function keepMark(user: string, room: string, mark: Mark | null): void {
  try {
    if (mark) localStorage.setItem(`${PREFIX}${user}.${room}`, JSON.stringify(mark));
    else localStorage.removeItem(`${PREFIX}${user}.${room}`);
  } catch {
    // Storage may be full or forbidden: the mark lasts as long as the page then.
  }
}

export function forgetMarks(user: string): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}${user}.`)) localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}

function isMark(value: unknown): value is Mark {
  return typeof value === 'object' && value !== null && 'from' in value && 'count' in value && typeof value.from === 'number' && typeof value.count === 'number';
}
