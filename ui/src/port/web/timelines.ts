// The timelines of one workspace: the feeds of the rooms that were looked at, what this device kept of them, and over
// both what this person wrote and the log does not have yet.

import type { Entry, Item, RoomJoined, TimelineChange, Update } from '../../bindings';
import { asRefusal } from '../../lib/error';
import type { Cache } from './cache';
import type { Requester } from './connection';
import { Feed } from './feed';
import type { Outbox } from './outbox';
import { itemKey } from './roomlog';
import { grouped, rowOf, withChanges, type Waiting } from './waiting';

/** Feeds kept for rooms that are not looked at; the least recently used goes first. */
const FEEDS_MAX = 12;

export class Timelines {
  private readonly feeds = new Map<string, Feed>();

  constructor(
    private readonly slug: string,
    private readonly link: Requester,
    private readonly outbox: Outbox,
    private readonly cache: Cache,
    private readonly emit: (update: Update) => void,
  ) {}

  /** Draws what this device has of a room, before the server says anything. */
  async show(room: string): Promise<void> {
    const feed = this.feed(room);
    if (feed.show()) return;
    const page = await this.cache.page(room);
    if (page) feed.restore(page);
    else this.upsert(room, this.outbox.of(this.slug, room).flatMap((waiting) => rowOf(waiting) ?? []));
  }

  /** Joins the room and brings its timeline up to date. */
  join(room: string): Promise<RoomJoined> {
    return this.feed(room).join();
  }

  older(room: string): Promise<void> {
    return this.feed(room).older();
  }

  /** The rooms that are followed. */
  get rooms(): string[] {
    return [...this.feeds.keys()];
  }

  receive(entry: Entry): void {
    this.feeds.get(entry.room)?.receive([entry]);
    // Of a log that is read here it is forgotten once it is drawn, which may be after a hole was filled.
    if (entry.kind === 'message' && this.reached(entry.room) === Infinity) this.outbox.forget(itemKey(entry.author, entry.cid));
  }

  /** The log of a room is known to reach this far. */
  hint(room: string, head: number): void {
    this.feeds.get(room)?.hint(head);
  }

  /** How far a room's log was read; infinite when nobody reads it. */
  reached(room: string): number {
    const log = this.feeds.get(room)?.log;
    return log?.loaded ? log.last : Infinity;
  }

  /** The key of the row of a message, when its room is open. */
  rowKey(room: string, id: string): string | undefined {
    return this.feeds.get(room)?.log.keyOf(id);
  }

  /** Something in the outbox is new or different. */
  changed(list: readonly Waiting[]): void {
    for (const [room, of] of grouped(list, 'room')) {
      const items = of.flatMap((waiting) => rowOf(waiting) ?? this.row(room, waiting.row) ?? []);
      this.upsert(room, items);
      const sent = Math.max(0, ...of.map((waiting) => waiting.sent?.seq ?? 0));
      if (sent > 0) this.hint(room, sent);
    }
  }

  /** Something of the outbox will never be sent, or is the log's now: its rows are drawn without it. */
  undone(list: readonly Waiting[], how: 'discarded' | 'settled'): void {
    for (const [room, of] of grouped(list, 'room')) {
      this.upsert(room, of.flatMap((waiting) => this.row(room, waiting.row) ?? []));
      const keys = how === 'settled' ? [] : of.map((waiting) => waiting.key).filter((key) => !this.feeds.get(room)?.log.row(key));
      if (keys.length > 0) this.timeline(room, { how: 'remove', keys });
    }
  }

  /** Nothing of this room may be shown any more. */
  drop(room: string): void {
    this.feeds.get(room)?.close();
    this.feeds.delete(room);
    this.cache.dropRoom(room);
  }

  close(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
  }

  private feed(room: string): Feed {
    const found = this.feeds.get(room);
    const feed = found ?? new Feed(room, {
      link: this.link,
      changed: (id, change) => this.drawn(id, change),
      failed: (id, thrown) => console.warn('catching up failed', id, asRefusal(thrown).code),
    });
    this.feeds.delete(room);
    this.feeds.set(room, feed);
    for (const [id, old] of this.feeds) {
      if (this.feeds.size <= FEEDS_MAX) break;
      old.close();
      this.feeds.delete(id);
    }
    return feed;
  }

  /** The log of a room changed. */
  private drawn(room: string, change: TimelineChange): void {
    const feed = this.feeds.get(room);
    if (!feed || change.how === 'remove') return;
    this.cache.keepRoom(room, feed.log);
    for (const { key } of change.items) this.outbox.forget(key);
    this.outbox.reached(this.slug, room, feed.log.last);
    const waiting = this.outbox.of(this.slug, room);
    const items = change.items.map((item) => overlaid(item, waiting));
    if (change.how === 'reset') {
      const known = new Set(items.map((item) => item.key));
      items.push(...waiting.flatMap((own) => rowOf(own) ?? []).filter((item) => !known.has(item.key)));
    }
    this.timeline(room, { ...change, items });
  }

  /** A row of the log as it is drawn now. */
  private row(room: string, key: string): Item | undefined {
    const item = this.feeds.get(room)?.log.row(key);
    return item && overlaid(item, this.outbox.of(this.slug, room));
  }

  private upsert(room: string, items: Item[]): void {
    if (items.length > 0) this.timeline(room, { how: 'upsert', items });
  }

  private timeline(room: string, change: TimelineChange): void {
    this.emit({ type: 'timeline', slug: this.slug, room, change });
  }
}

function overlaid(item: Item, waiting: readonly Waiting[]): Item {
  return withChanges(item, waiting.filter((change) => change.row === item.key && change.key !== item.key));
}
