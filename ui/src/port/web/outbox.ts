// What this person wrote and the server has not yet committed: messages, and edits, deletions and reactions of messages.
// Each is safe on this device before it is drawn. First in, first out per room, one request per room under way at a
// time, batches while draining. Whatever may succeed later is tried again for ever; any other refusal ends it visibly.
//
// All tabs of an account draw the same queue; one of them, the leading one, sends (`live` is false in the others).

import { BATCH_MAX } from '../../bindings';
import { asRefusal, isRetryable, refusal, type Refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import { Backoff } from './backoff';
import type { Disk } from './disk';
import { itemKey } from './roomlog';
import type { Note } from './tabs';
import { isUnsent, type Committed, type Waiting, type What } from './waiting';

/** So many may wait, as in the desktop app: then it says so, and the composer keeps the text. */
export const OUTBOX_MAX = 1_000;

/** What could not be put on the disk has a place between those that are. */
const BETWEEN = 2 ** -20;

export type Sent = { ok: true; sent: Committed } | { ok: false; error: Refusal };
export type OutboxDisk = Pick<Disk, 'add' | 'progress' | 'remove' | 'waiting'>;

export interface OutboxWorld {
  /** Hands a run of messages of one room, or one change, to the server; answers for each, or rejects for all. */
  transmit(slug: string, batch: readonly Waiting[]): Promise<Sent[]>;
  /** This tab sends, and the namespace's link is up. When it is not, the link is wanted. */
  live(slug: string): boolean;
  /** These are new or different. */
  changed(list: readonly Waiting[]): void;
  /** These were discarded. */
  discarded(list: readonly Waiting[]): void;
  /** The log has these now. */
  settled(list: readonly Waiting[]): void;
  /** So many are unsent. */
  count(pending: number): void;
  /** How far this tab has read a room's log; infinite when it does not read it. */
  reached(slug: string, room: string): number;
  /** What was read of a room's log is safe on this device. */
  cached(room: string): Promise<void>;
  /** The other tabs should know. */
  post(note: Note): void;
  /** Something could not be kept on this device. */
  trouble(thrown: unknown): void;
  /** The most bytes that one request may have. */
  frameBytes(): number;
  me(): string;
  newId(): string;
  now(): Date;
  random?(): number;
}

interface Lane {
  busy: boolean;
  backoff: Backoff;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Outbox {
  private readonly pending = new Map<string, Waiting>();
  private readonly underWay = new Set<string>();
  /** Keys that the log has: what is heard of them later is old. */
  private readonly settled = new Set<string>();
  private readonly lanes = new Map<string, Lane>();
  private highest = 0;
  private lastCount = 0;
  private closed = false;

  constructor(private readonly world: OutboxWorld, private readonly disk: OutboxDisk) {}

  /** Reads what is kept: at the start, when this tab begins to send, and when it may have missed what others did. */
  async load(): Promise<void> {
    const known = new Set(this.pending.keys());
    const kept = await this.disk.waiting();
    if (this.closed) return;
    const there = new Set(kept.map((waiting) => waiting.key));
    const gone = [...this.pending.values()].filter(
      (waiting) => known.has(waiting.key) && !there.has(waiting.key) && !waiting.unkept && !waiting.sent && !this.underWay.has(waiting.key),
    );
    for (const waiting of gone) this.pending.delete(waiting.key);
    this.world.discarded(gone);
    this.adopt(kept);
    this.resume();
  }

  /** Queues it. Once this answers it is safe, as far as this browser keeps anything at all. */
  async add(slug: string, room: string, what: What, row?: string): Promise<string> {
    if (this.pending.size >= OUTBOX_MAX) {
      throw refusal('unavailable', t('error.outbox_full'));
    }
    const cid = this.world.newId();
    const key = itemKey(this.world.me(), cid);
    const fresh = {
      key, row: row ?? key, cid, author: this.world.me(), slug, room, ts: this.world.now().toISOString(), what,
      state: { is: 'queued' },
    } as const;
    const waiting = await this.disk.add(fresh).then(
      (order): Waiting => ({ ...fresh, order }),
      (thrown: unknown): Waiting => {
        this.world.trouble(thrown);
        return { ...fresh, order: this.highest + BETWEEN, unkept: true };
      },
    );
    this.world.post({ is: 'waiting', list: [waiting] });
    this.adopt([waiting]);
    this.pump(slug, room);
    return key;
  }

  /** Puts what failed in this row back into the queue. */
  async retry(row: string): Promise<void> {
    const failed = this.failedIn(row);
    const again = failed.map((waiting): Waiting => ({ ...waiting, state: { is: 'queued' } }));
    const there = await this.disk.progress(again.map(({ order, state }) => ({ order, state })));
    // What another tab discarded meanwhile stays discarded.
    this.put(again.filter((waiting) => waiting.unkept || there.includes(waiting.order)));
    for (const { slug, room } of again) this.pump(slug, room);
  }

  /** Drops what failed in this row. */
  async discard(row: string): Promise<void> {
    const failed = this.failedIn(row);
    if (failed.length === 0) return;
    await this.disk.remove(failed.map((waiting) => waiting.order));
    this.world.post({ is: 'discarded', list: failed });
    this.dropped(failed);
  }

  /** Another tab said so. */
  heard(note: Exclude<Note, { is: 'ended' | 'leaving' }>): void {
    if (note.is === 'discarded') return this.dropped(note.list);
    // A tab that reads that log sees for itself.
    if (note.is === 'settled') return this.settle(note.list.filter(({ slug, room }) => this.world.reached(slug, room) === Infinity));
    this.adopt(note.list);
    for (const { slug, room } of note.list) this.pump(slug, room);
  }

  /** The log has the message with this key: it is no longer the outbox's. */
  forget(key: string): void {
    if (!key.startsWith(itemKey(this.world.me(), ''))) return;
    this.settled.add(key);
    const waiting = this.pending.get(key);
    if (!waiting) return;
    if (!waiting.sent) this.world.post({ is: 'settled', list: [waiting] });
    this.settle([waiting]);
  }

  /** This tab has read a room's log up to here. */
  reached(slug: string, room: string, last: number): void {
    this.settle(this.of(slug, room).filter((waiting) => waiting.sent && waiting.sent.seq <= last));
  }

  /** A link came up, or this tab sends from now on: nothing waits for a timer any more. */
  resume(slug?: string): void {
    const lanes = new Map([...this.pending.values()].map((waiting) => [laneKey(waiting.slug, waiting.room), waiting]));
    for (const waiting of lanes.values()) {
      if (slug !== undefined && waiting.slug !== slug) continue;
      const lane = this.lane(waiting.slug, waiting.room);
      clearTimeout(lane.timer);
      lane.timer = undefined;
      this.pump(waiting.slug, waiting.room);
    }
  }

  /** A workspace cannot be had any more: what waits for it never will be sent. */
  refuse(slug: string, error: Refusal): void {
    if (!isFinal(error)) return;
    const list = [...this.pending.values()].filter((waiting) => waiting.slug === slug && isUnsent(waiting) && !this.underWay.has(waiting.key));
    this.advance(list.map((waiting): Waiting => ({ ...waiting, state: { is: 'failed', error } })));
  }

  /** What the log of a room may not have yet, in the order in which it was written. */
  of(slug: string, room: string): Waiting[] {
    const list = [...this.pending.values()].filter((waiting) => waiting.slug === slug && waiting.room === room);
    return list.sort((a, b) => a.order - b.order);
  }

  /** Something of this workspace is still unsent. */
  waits(slug: string): boolean {
    return [...this.pending.values()].some((waiting) => waiting.slug === slug && isUnsent(waiting));
  }

  /** This tab is done with it; what is kept stays. */
  close(): void {
    this.closed = true;
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
    this.lanes.clear();
    this.pending.clear();
    this.tellCount();
  }

  private pump(slug: string, room: string): void {
    if (this.closed) return;
    const lane = this.lane(slug, room);
    if (lane.busy || lane.timer !== undefined) return;
    const batch = this.batch(slug, room);
    if (batch.length === 0 || !this.world.live(slug)) return;
    lane.busy = true;
    for (const { key } of batch) this.underWay.add(key);
    this.put(batch.map((waiting): Waiting => ({ ...waiting, state: { is: 'sending' } })));
    this.world
      .transmit(slug, batch)
      .catch((thrown: unknown) => batch.map((): Sent => ({ ok: false, error: asRefusal(thrown) })))
      .then((results) => this.answered(lane, slug, room, batch, results));
  }

  private answered(lane: Lane, slug: string, room: string, batch: readonly Waiting[], results: readonly Sent[]): void {
    if (this.closed) return;
    lane.busy = false;
    let again: Refusal | undefined;
    const news = batch.flatMap(({ key }, i): Waiting[] => {
      const result: Sent = results[i] ?? { ok: false, error: refusal('internal', t('error.batch_part')) };
      this.underWay.delete(key);
      if (!result.ok && !isFinal(result.error)) again ??= result.error;
      // Of some the entry came before the ack: they are the log's already.
      const waiting = this.pending.get(key);
      if (!waiting) return [];
      if (result.ok) return [{ ...waiting, state: { is: 'sent' }, sent: result.sent }];
      return [{ ...waiting, state: isFinal(result.error) ? { is: 'failed', error: result.error } : { is: 'queued' } }];
    });
    this.advance(news);
    if (!again) {
      lane.backoff.reset();
      return this.pump(slug, room);
    }
    const wait = lane.backoff.failed(again.retry_after_ms ?? 0);
    lane.timer = setTimeout(() => {
      lane.timer = undefined;
      this.pump(slug, room);
    }, wait);
  }

  /** Draws it, keeps it, and tells the other tabs. */
  private advance(list: readonly Waiting[]): void {
    const kept = list.filter((waiting) => waiting.state.is !== 'queued' && !waiting.unkept);
    if (kept.length > 0) {
      this.disk
        .progress(kept.map(({ order, state, sent }) => ({ order, state, ...(sent ? { sent } : {}) })))
        .catch((thrown: unknown) => this.world.trouble(thrown));
    }
    this.put(list);
    this.settleRead(list);
  }

  /** Of some the entry came before the ack, or nobody here reads that log. */
  private settleRead(list: readonly Waiting[]): void {
    for (const { slug, room } of list.filter((waiting) => waiting.sent)) this.reached(slug, room, this.world.reached(slug, room));
  }

  /** The next that go together: a run of messages that fits into a frame, or one change. */
  private batch(slug: string, room: string): Waiting[] {
    const queued = this.of(slug, room).filter(isUnsent);
    const change = queued.findIndex((waiting) => waiting.what.is !== 'message');
    if (change === 0) return queued.slice(0, 1);
    const messages = queued.slice(0, Math.min(BATCH_MAX, change < 0 ? queued.length : change));
    const most = this.world.frameBytes() * 0.75;
    let bytes = 0;
    const fits = messages.findIndex(({ cid, what }, i) => {
      bytes += new TextEncoder().encode(JSON.stringify({ room, cid, what })).length + 1;
      return i > 0 && bytes > most;
    });
    return fits < 0 ? messages : messages.slice(0, fits);
  }

  private lane(slug: string, room: string): Lane {
    const key = laneKey(slug, room);
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { busy: false, backoff: new Backoff('request', this.world.random), timer: undefined }));
    return lane;
  }

  private failedIn(row: string): Waiting[] {
    return [...this.pending.values()].filter((waiting) => waiting.row === row && waiting.state.is === 'failed');
  }

  /** Takes what the disk or another tab says, unless this tab knows better: it is sending it, or has read its entry. */
  private adopt(list: readonly Waiting[]): void {
    const news = list.filter(({ key }) => !this.settled.has(key) && !this.underWay.has(key) && !this.pending.get(key)?.sent);
    this.show(news);
    this.settleRead(news);
    const late = list.filter(({ key }) => this.settled.has(key));
    if (late.length > 0) this.removeLater(late);
  }

  private put(list: readonly Waiting[]): void {
    if (list.length > 0) this.world.post({ is: 'waiting', list: [...list] });
    this.show(list);
  }

  private show(list: readonly Waiting[]): void {
    for (const waiting of list) {
      this.highest = Math.max(this.highest, waiting.order);
      this.pending.set(waiting.key, waiting);
    }
    if (list.length > 0) this.world.changed(list);
    this.tellCount();
  }

  private dropped(list: readonly Waiting[]): void {
    const mine = list.filter(({ key }) => this.pending.delete(key));
    if (mine.length > 0) this.world.discarded(mine);
    this.tellCount();
  }

  private settle(list: readonly Waiting[]): void {
    if (list.length === 0) return;
    for (const { key } of list) {
      this.settled.add(key);
      this.pending.delete(key);
    }
    this.tellCount();
    this.world.settled(list);
    this.removeLater(list);
  }

  /** Not before the log that has it is safe here: a message must not vanish from a page that opens offline. */
  private removeLater(list: readonly Waiting[]): void {
    for (const room of new Set(list.map((waiting) => waiting.room))) {
      const orders = list.filter((waiting) => waiting.room === room).map((waiting) => waiting.order);
      // Should it stay: it is sent once more, and the server answers as before.
      this.world.cached(room).then(() => this.disk.remove(orders)).catch((thrown: unknown) => console.warn('the outbox keeps what was sent', thrown));
    }
  }

  private tellCount(): void {
    const count = [...this.pending.values()].filter(isUnsent).length;
    if (count !== this.lastCount) this.world.count((this.lastCount = count));
  }
}

/** It will never be committed. A session that ended says nothing about what was written in it: its person may come back. */
function isFinal({ code }: Refusal): boolean {
  return !isRetryable(code) && code !== 'unauthorized';
}

function laneKey(slug: string, room: string): string {
  return `${slug}/${room}`;
}
