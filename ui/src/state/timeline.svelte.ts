// The rows of one room, as the port tells them: committed ones by `seq`, then those on their way by `order`.

import type { Item, TimelineChange } from '../bindings';

export class TimelineState {
  /** Everything that is loaded, oldest first. Replaced as a whole: 10,000 rows stay cheap to watch. */
  all = $state.raw<readonly Item[]>([]);
  /** What the room shows of it: answers are in the panel of their thread. */
  items = $state.raw<readonly Item[]>([]);
  /** Nothing comes before the first. */
  start = $state(false);
  /** A reset has come: an empty room is empty, not merely unknown. */
  loaded = $state(false);
  /** Keeps `index + base` the same for a row when older ones are loaded, so that its shade never flips. */
  base = 0;
  private committed: Item[] = [];
  private pending: Item[] = [];
  private readonly byKey = new Map<string, Item>();
  private readonly keyById = new Map<string, string>();

  apply(change: TimelineChange): void {
    switch (change.how) {
      case 'reset':
        this.byKey.clear();
        this.keyById.clear();
        this.committed = [];
        this.pending = [];
        this.base = 0;
        this.start = change.start;
        this.loaded = true;
        this.put(change.items);
        break;
      case 'older':
        this.base -= change.items.filter((item) => !isAnswer(item) && !this.byKey.has(item.key)).length;
        this.start = change.start;
        this.put(change.items);
        break;
      case 'upsert':
        this.put(change.items.filter((item) => this.belongs(item)));
        break;
      case 'remove':
        for (const key of change.keys) this.take(key);
        break;
    }
    this.all = [...this.committed, ...this.pending];
    this.items = this.all.filter((item) => !isAnswer(item));
  }

  byMessageId(id: string): Extract<Item, { kind: 'message' }> | undefined {
    // Whoever draws with it draws again when the rows are others.
    void this.all;
    const item = this.byKey.get(this.keyById.get(id) ?? '');
    return item?.kind === 'message' ? item : undefined;
  }

  /** The `seq` of the newest committed row. */
  get lastSeq(): number {
    return this.committed.at(-1)?.seq ?? 0;
  }

  /** What is not there and would stand before the first is of a page that was not asked for. */
  private belongs(item: Item): boolean {
    return this.start || item.seq === undefined || this.byKey.has(item.key) || item.seq > (this.committed[0]?.seq ?? 0);
  }

  private put(items: readonly Item[]): void {
    for (const item of items) {
      const old = this.byKey.get(item.key);
      this.byKey.set(item.key, item);
      if (item.kind === 'message' && item.id !== undefined) this.keyById.set(item.id, item.key);
      if (old && old.seq === item.seq && rank(old) === rank(item)) {
        const list = this.listOf(old);
        list[indexOf(list, old)] = item;
        continue;
      }
      if (old) this.remove(old);
      const list = this.listOf(item);
      list.splice(after(list, rank(item)), 0, item);
    }
  }

  private take(key: string): void {
    const item = this.byKey.get(key);
    if (!item) return;
    this.byKey.delete(key);
    this.remove(item);
  }

  private remove(item: Item): void {
    const list = this.listOf(item);
    list.splice(indexOf(list, item), 1);
  }

  private listOf(item: Item): Item[] {
    return item.seq === undefined ? this.pending : this.committed;
  }
}

/** Belongs to a thread that it did not begin. */
export function isAnswer(item: Item): boolean {
  return item.kind === 'message' && item.thread !== undefined;
}

function rank(item: Item): number {
  return item.seq ?? (item.kind === 'message' ? item.order : 0);
}

/** The first place after all that rank at most `value`. */
function after(list: readonly Item[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = list[middle];
    if (item && rank(item) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexOf(list: readonly Item[], item: Item): number {
  for (let at = after(list, rank(item)) - 1; at >= 0; at--) if (list[at]?.key === item.key) return at;
  throw new Error(`a row is missing: ${item.key}`);
}
