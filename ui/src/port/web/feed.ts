// Keeps one room's log level with the server's: joins, catches up, closes holes, and starts anew when it fell too far
// behind. A push is a hint; only a contiguous log is drawn.

import { SYNC_MAX, type Entry, type HistoryPage, type RoomJoined, type TimelineChange } from '../../bindings';
import { Backoff } from './backoff';
import type { Requester } from './connection';
import { RoomLog } from './roomlog';

const PAGE = 60;
/** A push that overtook its neighbours usually has them right behind it: asking at once would ask for nothing. */
const GRACE_MS = 300;

export interface FeedWorld {
  link: Requester;
  changed(room: string, change: TimelineChange): void;
  /** Could not catch up now; it is tried again. */
  failed(room: string, thrown: unknown): void;
}

export class Feed {
  readonly log = new RoomLog();
  private readonly backoff = new Backoff('request');
  private catching: Promise<void> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private loadingOlder: Promise<void> | undefined;
  /** The epoch changed while a request was under way: its answer belongs to another life. */
  private closed = false;

  constructor(readonly room: string, private readonly world: FeedWorld) {}

  /** Draws what is here; false when nothing is. */
  show(): boolean {
    if (this.log.loaded) this.reset();
    return this.log.loaded;
  }

  /** Begins with what this device kept, unless the server was faster. */
  restore(page: HistoryPage): void {
    if (this.log.loaded || this.closed) return;
    this.log.reset(page);
    this.reset();
  }

  /** Joins the room and brings what was missed: when it is opened, and after the link came up again. */
  async join(): Promise<RoomJoined> {
    const joined = await this.enter();
    await this.catchUp();
    return joined;
  }

  receive(entries: readonly Entry[]): void {
    this.draw(this.log.receive(entries));
    if (this.log.behind) this.catchUpSoon();
  }

  /** The log is known to reach this far. */
  hint(head: number): void {
    this.log.hint(head);
    if (this.log.behind) this.catchUpSoon();
  }

  /** One page from before what is here; several calls at once share it. */
  older(): Promise<void> {
    this.loadingOlder ??= this.loadOlder().finally(() => (this.loadingOlder = undefined));
    return this.loadingOlder;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async enter(): Promise<RoomJoined> {
    const { room } = this;
    const joined = await this.world.link.request('room:join', { room, page: PAGE, ...(this.log.loaded ? { after: this.log.last } : {}) });
    if (this.closed) return joined;
    if (!this.log.loaded || joined.reset) await this.restart(joined.page);
    else this.draw(this.log.receive(joined.entries));
    this.log.hint(joined.head);
    return joined;
  }

  /** With the newest page, as it came with the join if it did: a server of before does not know of that. */
  private async restart(came?: HistoryPage): Promise<void> {
    const page = came ?? (await this.world.link.request('room:history', { room: this.room, limit: PAGE }));
    if (this.closed) return;
    this.log.reset(page);
    this.reset();
  }

  private reset(): void {
    this.world.changed(this.room, { how: 'reset', items: this.log.items(), start: this.log.start });
  }

  private catchUpSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.catchUp();
    }, GRACE_MS);
  }

  private catchUp(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.catching ??= this.sync()
      .then(() => this.backoff.reset(), (thrown: unknown) => this.later(thrown))
      .finally(() => (this.catching = undefined));
    return this.catching;
  }

  private later(thrown: unknown): void {
    this.world.failed(this.room, thrown);
    if (this.closed) return;
    this.timer = setTimeout(() => void this.catchUp(), this.backoff.failed(GRACE_MS));
  }

  private async sync(): Promise<void> {
    while (this.log.behind && !this.closed) {
      const before = this.log.last;
      const page = await this.world.link.request('room:sync', { room: this.room, after: before, limit: SYNC_MAX });
      if (this.closed) return;
      if (page.reset) return this.restart();
      this.draw(this.log.receive(page.entries));
      // The server has nothing more for now: a hint that ran ahead of it must not spin.
      if (this.log.last === before) return;
    }
  }

  private async loadOlder(): Promise<void> {
    const page = await this.world.link.request('room:history', { room: this.room, before: this.log.first, limit: PAGE });
    if (!this.closed) this.world.changed(this.room, { how: 'older', items: this.log.older(page), start: page.start });
  }

  private draw(items: ReturnType<RoomLog['items']>): void {
    if (items.length > 0) this.world.changed(this.room, { how: 'upsert', items });
  }
}
