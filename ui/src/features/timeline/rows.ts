// From the items of a timeline to the rows that are drawn: days, "New", messages grouped by author, notices folded.

import type { Item } from '../../bindings';
import { dayKey } from '../../lib/time';

/** Messages of one author within this time stand under one name. */
const GROUP_MS = 5 * 60_000;

type MessageRowItem = Extract<Item, { kind: 'message' }>;
type NoticeRowItem = Extract<Item, { kind: 'notice' }>;

export type Row =
  | { is: 'day'; key: string; ts: string }
  | { is: 'new'; key: string }
  | { is: 'message'; key: string; ts: string; item: MessageRowItem; first: boolean; odd: boolean }
  | { is: 'notices'; key: string; ts: string; items: NoticeRowItem[] };

export interface RowOptions {
  /** Which of the items are drawn: from this index, up to and without that one. */
  from: number;
  to: number;
  /** Makes the shade of a row the same when older ones come before it. */
  base: number;
  /** The read marker when the room was opened; "New" stands after it. */
  divider: number | null;
  me: string;
}

export function rowsOf(items: readonly Item[], { from, to, base, divider, me }: RowOptions): Row[] {
  const rows: Row[] = [];
  let previous = items[from - 1];
  let isNew = divider !== null && previous !== undefined && isUnread(previous, divider, me);
  for (let at = from; at < Math.min(to, items.length); at++) {
    const item = items[at];
    if (!item) break;
    const ts = tsOf(item);
    if (!previous || dayKey(tsOf(previous)) !== dayKey(ts)) {
      rows.push({ is: 'day', key: `day ${item.key}`, ts });
      previous = undefined;
    }
    if (!isNew && divider !== null && isUnread(item, divider, me)) {
      isNew = true;
      rows.push({ is: 'new', key: 'new' });
      previous = undefined;
    }
    const last = rows.at(-1);
    if (item.kind === 'message') {
      rows.push({ is: 'message', key: item.key, ts, item, first: !continues(previous, item), odd: (at + base) % 2 !== 0 });
    } else if (last?.is === 'notices') last.items.push(item);
    else rows.push({ is: 'notices', key: item.key, ts, items: [item] });
    previous = item;
  }
  return rows;
}

/** As `rowsOf`, but a row that is as it was the last time is the same object: only rows that changed are looked at again. */
export function rowKeeper(): typeof rowsOf {
  let last = new Map<string, Row>();
  return (items, options) => {
    const rows = rowsOf(items, options).map((row) => {
      const was = last.get(row.key);
      return was && isSame(was, row) ? was : row;
    });
    last = new Map(rows.map((row) => [row.key, row]));
    return rows;
  };
}

function isSame(a: Row, b: Row): boolean {
  if (a.is === 'message' && b.is === 'message') return a.item === b.item && a.first === b.first && a.odd === b.odd;
  if (a.is === 'notices' && b.is === 'notices') return a.items.length === b.items.length && a.items.every((item, i) => item === b.items[i]);
  if (a.is === 'day' && b.is === 'day') return a.ts === b.ts;
  return a.is === 'new' && b.is === 'new';
}

/** The first item that stands below "New". */
export function firstUnread(items: readonly Item[], divider: number | null, me: string): Item | undefined {
  let first: Item | undefined;
  for (let at = items.length - 1; at >= 0; at--) {
    const item = items[at];
    if (divider === null || !item || (item.seq ?? Infinity) <= divider) break;
    if (isUnread(item, divider, me)) first = item;
  }
  return first;
}

function isUnread(item: Item, divider: number, me: string): boolean {
  return item.kind === 'message' && item.author !== me && item.seq !== undefined && item.seq > divider;
}

function continues(previous: Item | undefined, item: MessageRowItem): boolean {
  return (
    previous?.kind === 'message' && previous.author === item.author && !previous.deleted && item.reply_to === undefined &&
    Math.abs(Date.parse(item.ts) - Date.parse(previous.ts)) < GROUP_MS
  );
}

function tsOf(item: Item): string {
  return item.kind === 'message' ? item.ts : item.entry.ts;
}
