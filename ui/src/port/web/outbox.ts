// What this person wrote and the server has not yet committed. First in, first out per room, one request per room
// under way at a time, batches while draining. Whatever may succeed later is tried again for ever; any other refusal
// ends a message visibly.

import { BATCH_MAX, type Item, type MessageSend, type MessageSent, type NewMessage, type SendState } from '../../bindings';
import { asRefusal, isRetryable, type Refusal } from '../../lib/error';
import { backoff } from './backoff';
import { itemKey } from './roomlog';

export type Sent = { ok: true; sent: MessageSent } | { ok: false; error: Refusal };

export interface Pending {
  readonly key: string;
  readonly slug: string;
  readonly order: number;
  readonly ts: string;
  readonly message: MessageSend;
  state: SendState;
  /** Committed, but its entry has not come yet. */
  sent?: MessageSent;
}

/** Where pending messages survive a reload. In memory for now: they live as long as the page. */
export interface OutboxStore {
  put(pending: Pending): void;
  remove(key: string): void;
}

export interface OutboxWorld {
  /** Hands messages of one room to the server, in order; answers for each, or rejects for all. */
  transmit(slug: string, messages: MessageSend[]): Promise<Sent[]>;
  /** The namespace's link is up. */
  live(slug: string): boolean;
  /** These rows of a room are new or different. */
  changed(slug: string, room: string, items: Item[]): void;
  /** So many wait. */
  count(pending: number): void;
  /** The most bytes that one request may have. */
  frameBytes(): number;
  me(): string;
  newId(): string;
  now(): Date;
  random?(): number;
  store?: OutboxStore;
}

interface Lane {
  busy: boolean;
  failures: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Outbox {
  private readonly pending = new Map<string, Pending>();
  private readonly lanes = new Map<string, Lane>();
  private order = 0;
  private lastCount = 0;

  constructor(private readonly world: OutboxWorld) {}

  /** Queues a message: its row is there before the network knows. Answers with its key. */
  add(slug: string, draft: NewMessage): string {
    const cid = this.world.newId();
    const pending: Pending = {
      key: itemKey(this.world.me(), cid), slug, order: ++this.order, ts: this.world.now().toISOString(),
      message: { ...draft, cid }, state: { is: 'queued' },
    };
    this.pending.set(pending.key, pending);
    this.world.store?.put(pending);
    this.tell([pending]);
    this.pump(slug, draft.room);
    return pending.key;
  }

  /** Puts a failed message back into the queue. */
  retry(key: string): void {
    const pending = this.pending.get(key);
    if (pending?.state.is !== 'failed') return;
    pending.state = { is: 'queued' };
    this.tell([pending]);
    this.pump(pending.slug, pending.message.room);
  }

  /** Drops a failed message; false when it is none. */
  discard(key: string): boolean {
    if (this.pending.get(key)?.state.is !== 'failed') return false;
    this.forget(key);
    return true;
  }

  /** The log has this message: it is no longer the outbox's. */
  forget(key: string): void {
    if (!this.pending.delete(key)) return;
    this.world.store?.remove(key);
    this.tellCount();
  }

  /** The link of a namespace came up: nothing waits for a timer any more. */
  resume(slug: string): void {
    for (const room of new Set(this.of(slug).map((pending) => pending.message.room))) {
      const lane = this.lane(slug, room);
      clearTimeout(lane.timer);
      lane.timer = undefined;
      this.pump(slug, room);
    }
  }

  /** The rows of a room that the log may not have yet. */
  items(slug: string, room: string): Item[] {
    return this.of(slug).filter((pending) => pending.message.room === room).map((pending) => this.item(pending));
  }

  /** Something of this workspace still waits for the server. */
  waits(slug: string): boolean {
    return this.of(slug).some(isWaiting);
  }

  /** Forgets everything: somebody else signs in. */
  clear(): void {
    for (const lane of this.lanes.values()) clearTimeout(lane.timer);
    this.lanes.clear();
    for (const key of this.pending.keys()) this.world.store?.remove(key);
    this.pending.clear();
    this.tellCount();
  }

  private pump(slug: string, room: string): void {
    const lane = this.lane(slug, room);
    if (lane.busy || lane.timer !== undefined || !this.world.live(slug)) return;
    const batch = this.batch(slug, room);
    if (batch.length === 0) return;
    lane.busy = true;
    for (const pending of batch) pending.state = { is: 'sending' };
    this.tell(batch);
    this.world
      .transmit(slug, batch.map((pending) => pending.message))
      .catch((thrown: unknown) => batch.map((): Sent => ({ ok: false, error: asRefusal(thrown) })))
      .then((results) => this.answered(lane, slug, room, batch, results));
  }

  private answered(lane: Lane, slug: string, room: string, batch: Pending[], results: Sent[]): void {
    lane.busy = false;
    let again: Refusal | undefined;
    batch.forEach((pending, i) => {
      const result = results[i] ?? { ok: false, error: asRefusal(new Error('a batch was answered in part')) };
      if (result.ok) {
        pending.sent = result.sent;
        pending.state = { is: 'sent' };
      } else if (isRetryable(result.error.code)) {
        again ??= result.error;
        pending.state = { is: 'queued' };
      } else pending.state = { is: 'failed', error: result.error };
    });
    // Those whose entry came before the ack are the log's already.
    this.tell(batch.filter((pending) => this.pending.has(pending.key)));
    if (!again) {
      lane.failures = 0;
      return this.pump(slug, room);
    }
    const wait = backoff(lane.failures, again.retry_after_ms ?? 0, this.world.random);
    lane.failures += 1;
    lane.timer = setTimeout(() => {
      lane.timer = undefined;
      this.pump(slug, room);
    }, wait);
  }

  private batch(slug: string, room: string): Pending[] {
    const queued = this.of(slug).filter((p) => p.message.room === room && p.state.is === 'queued');
    queued.sort((a, b) => a.order - b.order);
    const most = this.world.frameBytes() * 0.75;
    let bytes = 0;
    const fits = queued.slice(0, BATCH_MAX).findIndex((pending, i) => {
      bytes += new TextEncoder().encode(JSON.stringify(pending.message)).length + 1;
      return i > 0 && bytes > most;
    });
    return queued.slice(0, fits < 0 ? BATCH_MAX : fits);
  }

  private lane(slug: string, room: string): Lane {
    const key = `${slug}/${room}`;
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { busy: false, failures: 0, timer: undefined }));
    return lane;
  }

  private of(slug: string): Pending[] {
    return [...this.pending.values()].filter((pending) => pending.slug === slug);
  }

  private tell(changed: Pending[]): void {
    const first = changed[0];
    if (first) this.world.changed(first.slug, first.message.room, changed.map((pending) => this.item(pending)));
    this.tellCount();
  }

  private tellCount(): void {
    const count = [...this.pending.values()].filter(isWaiting).length;
    if (count !== this.lastCount) this.world.count((this.lastCount = count));
  }

  private item({ key, order, ts, message, state, sent }: Pending): Item {
    return {
      kind: 'message', key, order, ts: sent?.ts ?? ts, author: this.world.me(), text: message.text, deleted: false,
      mentions: [], reactions: [], pinned: false, state,
      ...(sent ? { seq: sent.seq, id: sent.id } : {}),
      ...(message.reply_to === undefined ? {} : { reply_to: message.reply_to }),
    };
  }
}

function isWaiting({ state }: Pending): boolean {
  return state.is === 'queued' || state.is === 'sending';
}
