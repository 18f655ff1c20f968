// What belongs to the room that is looked at, and goes when another one is: the rows of the page stay for that one.

import { asRefusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';
import { gist } from '../files/gist';
import { MessageActions } from './actions.svelte';
import { Reach } from './reach.svelte';
import { firstUnread, type Row, rowKeeper } from './rows';
import { TimelineView } from './view.svelte';

export class Visit {
  readonly view: TimelineView;
  readonly actions: MessageActions;
  readonly reach: Reach;
  /** What somebody else wrote last: it is said aloud, each message once. */
  heard = $state('');
  /** The row that had the focus last. */
  visited = $state('');
  private readonly rowsOf = rowKeeper();
  /** It was opened where what is new begins. */
  private placed = false;
  private spoken = -1;
  private ownLast = '';
  private asked: number;

  constructor(private readonly app: App, private readonly room: RoomState) {
    const { timeline } = room;
    this.view = new TimelineView({
      start: () => timeline.start,
      loaded: () => timeline.all.length,
      loadOlder: async () => {
        try {
          await app.port.loadOlder(room.info.id);
        } catch (thrown) {
          // Offline there is nothing to load; scrolling up again asks again.
          if (asRefusal(thrown).code !== 'unavailable') app.toasts.refused(asRefusal(thrown));
        }
      },
    });
    this.actions = new MessageActions(app, room);
    this.reach = new Reach(app, room, this.view);
    this.asked = room.latestAsked;
  }

  rows(me: string): Row[] {
    const { room, view, reach } = this;
    const { items, base } = room.timeline;
    return this.rowsOf(items, { from: view.from, to: view.to, base, divider: reach.newIsAbove ? null : room.divider, me });
  }

  /** The timeline has other items now. It opens where what is new begins, not only with what is last. */
  changed(me: string): void {
    const { room, view, reach } = this;
    const { items, loaded } = room.timeline;
    const opens = loaded && !this.placed;
    this.placed ||= loaded;
    view.changed(items, opens ? firstUnread(items, room.divider, me)?.key : undefined);
    if (opens) void reach.openAtNew(me);
  }

  /** The last message is one's own, and was just written here. */
  wrote(me: string): boolean {
    const last = this.room.timeline.items.at(-1);
    if (last?.kind !== 'message' || last.author !== me || last.key === this.ownLast) return false;
    const isNews = this.ownLast !== '' || last.state.is !== 'sent';
    this.ownLast = last.key;
    return isNews;
  }

  /** Somebody asked for the end since this was asked last. */
  wantsEnd(): boolean {
    const { latestAsked } = this.room;
    const wanted = latestAsked > this.asked;
    this.asked = latestAsked;
    return wanted;
  }

  /** Says the last message, when it is somebody else's and came while the room was looked at. */
  hear(me: string): void {
    const { app, room, spoken } = this;
    const last = room.timeline.items.at(-1);
    if (!room.timeline.loaded || !last) return;
    const seq = last.seq ?? 0;
    this.spoken = Math.max(spoken, seq);
    if (spoken < 0 || seq <= spoken || last.kind !== 'message' || last.author === me || app.personal.ignored.has(last.author)) return;
    this.heard = t('timeline.heard', { author: app.workspace?.nameOf(last.author) ?? '', text: gist(last) });
  }
}
