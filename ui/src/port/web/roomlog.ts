// What this device has of one room's log: a fold of a contiguous run, and the later entries that wait for a hole to be
// filled. Pure: the feed asks the server, this decides what the answers mean.

import type { Entry, HistoryPage, Item, Message, MessageItem } from '../../bindings';
import { Fold } from './fold';

/** Entries kept behind a hole; those beyond are dropped, since `room:sync` brings them anyway. */
const WAITING_MAX = 1_000;

export class RoomLog {
  private fold = new Fold();
  private readonly waiting = new Map<number, Entry>();
  private lastSeq = 0;
  private firstSeq = 0;
  private hinted = 0;
  private isLoaded = false;
  private atStart = false;

  /** Everything up to and including this `seq` is in the fold, from the first loaded message on. */
  get last(): number {
    return this.lastSeq;
  }
  /** There is a base to apply entries to. */
  get loaded(): boolean {
    return this.isLoaded;
  }
  /** Nothing comes before what is loaded. */
  get start(): boolean {
    return this.atStart;
  }
  /** The oldest `seq` loaded: where an older page ends. */
  get first(): number {
    return this.firstSeq;
  }
  /** The server is known to have more than is here. */
  get behind(): boolean {
    return this.isLoaded && (this.waiting.size > 0 || this.hinted > this.lastSeq);
  }

  /** Starts anew from the newest page of history. Entries that came meanwhile are applied on top. */
  reset(page: HistoryPage): void {
    this.fold = new Fold();
    this.fold.addPage(page.messages, page.notices);
    this.isLoaded = true;
    this.atStart = page.start;
    this.lastSeq = page.head;
    this.firstSeq = page.start ? 1 : (page.messages[0]?.seq ?? page.head + 1);
    for (const seq of this.waiting.keys()) if (seq <= this.lastSeq) this.waiting.delete(seq);
    this.advance();
  }

  /** The newest `most` rows and where they stand, in the shape that `reset` takes; undefined when nothing is loaded. */
  newest(most: number): HistoryPage | undefined {
    if (!this.isLoaded) return undefined;
    const seqs = [...this.fold.messages.keys(), ...this.fold.notices.keys()].sort((a, b) => a - b);
    const cut = seqs.at(-most) ?? 0;
    const messages = [...this.fold.messages.values()].filter((message) => message.seq >= cut).sort((a, b) => a.seq - b.seq);
    const whole = this.atStart && seqs.length <= most;
    // As with a page of history: between messages, and never before the first.
    const first = whole ? 0 : (messages[0]?.seq ?? cut);
    const notices = [...this.fold.notices.values()].filter((notice) => notice.seq >= first);
    return { messages, notices, head: this.lastSeq, start: whole };
  }

  /** Adds a page from before the first message; answers with its rows. */
  older(page: HistoryPage): Item[] {
    this.fold.addPage(page.messages, page.notices);
    this.atStart = page.start;
    this.firstSeq = page.start ? 1 : Math.min(this.firstSeq, page.messages[0]?.seq ?? this.firstSeq);
    const messages = page.messages.map((message) => rowOf(this.fold.messages.get(message.seq) ?? message));
    return inOrder([...messages, ...page.notices.map(noticeItem)]);
  }

  /** Takes entries in any order, any number of times; answers with the rows that are new or different. */
  receive(entries: readonly Entry[]): Item[] {
    for (const entry of entries) {
      if (entry.seq > this.lastSeq && this.waiting.size < WAITING_MAX) this.waiting.set(entry.seq, entry);
      this.hint(entry.seq);
    }
    return this.isLoaded ? this.advance() : [];
  }

  /** The log is known to reach at least this far. */
  hint(head: number): void {
    this.hinted = Math.max(this.hinted, head);
  }

  /** Every row, oldest first. */
  items(): Item[] {
    return inOrder([
      ...[...this.fold.messages.values()].map(rowOf),
      ...[...this.fold.notices.values()].map(noticeItem),
    ]);
  }

  /** The row of the message with this key, when it is loaded. */
  row(key: string): Item | undefined {
    for (const message of this.fold.messages.values()) if (itemKey(message.author, message.cid) === key) return rowOf(message);
    return undefined;
  }

  /** The key of the row of the message with this id. */
  keyOf(id: string): string | undefined {
    const message = this.fold.byMessageId(id);
    return message && itemKey(message.author, message.cid);
  }

  private advance(): Item[] {
    const changed = new Map<number, Item>();
    for (;;) {
      const entry = this.waiting.get(this.lastSeq + 1);
      if (!entry) break;
      this.waiting.delete(entry.seq);
      this.lastSeq = entry.seq;
      const change = this.fold.apply(entry);
      if (change.is === 'none') continue;
      const message = change.is === 'message' ? this.fold.messages.get(change.seq) : undefined;
      changed.set(change.seq, message ? rowOf(message) : noticeItem(entry));
      // An answer in a thread shows on the thread's first message too.
      const root = message && this.fold.messages.get(this.fold.rootOf(message.seq) ?? 0);
      if (root) changed.set(root.seq, rowOf(root));
    }
    return [...changed.values()];
  }
}

export function itemKey(author: string, cid: string): string {
  return `${author}/${cid}`;
}

/** A committed message as a row shows it. */
export function messageItem(message: Message): MessageItem {
  const { id, seq, ts, author, cid, text, edited_ts, deleted, reply_to, thread, replies, mentions, reactions, pinned, files } = message;
  return {
    key: itemKey(author, cid), seq, order: 0, id, ts, author, text, deleted, mentions, reactions, pinned,
    state: { is: 'sent' },
    ...(files?.length ? { files } : {}),
    ...(edited_ts === undefined ? {} : { edited_ts }),
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(thread === undefined ? {} : { thread }),
    ...(replies === undefined ? {} : { replies }),
  };
}

function rowOf(message: Message): Item {
  return { kind: 'message', ...messageItem(message) };
}

function noticeItem(entry: Entry): Item {
  return { kind: 'notice', key: `#${entry.seq}`, seq: entry.seq, entry };
}

function inOrder(items: Item[]): Item[] {
  return items.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
}
