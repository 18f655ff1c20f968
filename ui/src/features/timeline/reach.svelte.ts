// Goes to a message that may have to be loaded first: one that a link or a quote names, or the first that is new.

import { tick } from 'svelte';

import type { Item } from '../../bindings';
import { t } from '../../lib/locale/locale.svelte';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';
import { firstUnread } from './rows';
import { seek } from './seek';
import type { TimelineView } from './view.svelte';

/** A room with more messages after the read marker opens with its last page at once, and offers the way to the first. */
const UNASKED = 600;
const MARKED_MS = 1_600;

export class Reach {
  /** Older pages are asked for, until what is looked for is there. */
  seeking = $state(false);
  /** The row that was brought into view last, for as long as it is marked. */
  found = $state('');

  constructor(private readonly app: App, private readonly room: RoomState, private readonly view: TimelineView) {}

  /** Brings a row into view and marks it; an answer is in the panel of its thread. */
  async to(find: () => Item | undefined): Promise<void> {
    const { app, room, view } = this;
    const item = await this.seek(find);
    if (item?.kind === 'message' && item.thread !== undefined) return app.openThread(room, item.thread);
    const key = item?.key;
    if (key === undefined || !(await view.reveal(key))) return app.toasts.notice(t('timeline.unreachable'));
    await tick();
    this.found = key;
    view.rowOf(key)?.querySelector<HTMLElement>('article')?.focus({ preventScroll: true });
    setTimeout(() => {
      if (this.found === key) this.found = '';
    }, MARKED_MS);
  }

  /** The row of the link's message, or of the first after it: it may have been deleted. */
  async toSeq(seq: number): Promise<void> {
    const { timeline } = this.room;
    await this.to(() => ((timeline.all[0]?.seq ?? 0) <= seq ? timeline.all.find((item) => (item.seq ?? Infinity) >= seq) : undefined));
  }

  /** What is new begins above what is loaded. */
  get newIsAbove(): boolean {
    const { timeline, divider } = this.room;
    return divider !== null && !timeline.start && (timeline.all[0]?.seq ?? 0) > divider;
  }

  /** Opens the room where what is new begins, when that is above its first page. Who scrolls meanwhile stays where they are. */
  async openAtNew(me: string): Promise<void> {
    const { room, view } = this;
    if (!this.newIsAbove || room.head - (room.divider ?? 0) > UNASKED) return;
    await this.seek(() => (this.newIsAbove ? undefined : true));
    if (!this.newIsAbove && !view.touched) await this.showNew(me);
  }

  /** The same, asked for: however far it is. */
  async toNew(me: string): Promise<void> {
    await this.seek(() => (this.newIsAbove ? undefined : true));
    if (this.newIsAbove || !(await this.showNew(me))) this.app.toasts.notice(t('timeline.unreachable'));
  }

  private async showNew(me: string): Promise<boolean> {
    const { timeline, divider } = this.room;
    const first = firstUnread(timeline.items, divider, me);
    if (first) await this.view.reopen(first.key);
    return first !== undefined;
  }

  private async seek<T>(find: () => T | undefined): Promise<T | undefined> {
    const { app, room } = this;
    const { timeline } = room;
    this.seeking = true;
    try {
      return await seek(find, { loaded: () => timeline.all.length, start: () => timeline.start, loadOlder: () => app.port.loadOlder(room.info.id) });
    } catch {
      // Offline there is no more than what is here.
      return find();
    } finally {
      this.seeking = false;
    }
  }
}
