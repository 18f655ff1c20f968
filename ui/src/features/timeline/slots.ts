// Which row of the page shows which message. To make a row and to take it down costs more than to write other words into
// it, so a room that is opened takes the rows of the one before: a third less script, a fifth less time until it is painted.
// While nothing of that room is here yet, they are kept as they were, outside of the page.

import type { Row } from './rows';

/** A row, and the one of the page that shows it. */
export interface Placed<Room extends object> {
  /** Names an element of the page, for as long as it is there. */
  slot: number;
  row: Row;
  /** Whose row it is. */
  room: Room;
}

export class Slots<Room extends object> {
  /** As they were placed last. */
  kept: Placed<Room>[] = [];
  private placed = new Map<string, Placed<Room>>();
  private room: Room | undefined;
  private last = 0;

  /** Within a room a row keeps its slot. The messages of another `room` take those that there are, in their order: none is moved. */
  place(rows: readonly Row[], room: Room): Placed<Room>[] {
    const free = this.room === room ? [] : this.leave(rows);
    this.room = room;
    this.kept = rows.map((row) => {
      const was = this.placed.get(row.key);
      if (was?.row === row) return was;
      return { slot: was?.slot ?? (row.is === 'message' ? free.shift() : undefined) ?? ++this.last, row, room };
    });
    this.placed = new Map(this.kept.map((one) => [one.row.key, one]));
    return this.kept;
  }

  /** The slots that there are for the messages among `rows`. Both rooms are mostly seen at their end, so the upper ones go. */
  private leave(rows: readonly Row[]): number[] {
    const slots = [...this.placed.values()].filter(({ row }) => row.is === 'message').map(({ slot }) => slot);
    this.placed.clear();
    const wanted = rows.filter((row) => row.is === 'message').length;
    return slots.slice(Math.max(0, slots.length - wanted));
  }
}

/** Nothing in these rows is selected or has the focus: it would be in another message now. */
export function letGo(rows: HTMLElement): void {
  const selection = getSelection();
  if (selection && (rows.contains(selection.anchorNode) || rows.contains(selection.focusNode))) selection.removeAllRanges();
  if (document.activeElement instanceof HTMLElement && rows.contains(document.activeElement)) document.activeElement.blur();
}
