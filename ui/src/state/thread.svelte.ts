// One thread that is open: the message that it began with, its answers, and what is being written to it.

import type { Item, MessageItem, TimelineChange } from '../bindings';
import { asRefusal, type Refusal } from '../lib/error';
import type { Port } from '../port';
import type { Desk } from './desk';
import type { KeptDraft } from './drafts';
import type { RoomState } from './room.svelte';
import { TimelineState } from './timeline.svelte';

type MessageRowItem = Extract<Item, { kind: 'message' }>;

export class ThreadState implements Desk {
  draft = $state('');
  kept: KeptDraft | null = null;
  replyTo = $state.raw<MessageItem | null>(null);
  editing = $state.raw<MessageItem | null>(null);
  readonly draftKey: string;
  /** Why the answers could not be asked for; those that the room has loaded are there anyway. */
  problem = $state.raw<Refusal | null>(null);
  loading = $state(false);
  /** Who types an answer. */
  typing = $state.raw<readonly string[]>([]);
  private readonly rows = new TimelineState();
  private asked = 0;

  /** `id` is of the message that it began with. */
  constructor(private readonly port: Port, private readonly room: RoomState, readonly id: string) {
    this.draftKey = `${room.info.id}#${id}`;
    this.take(room.timeline.all);
  }

  readonly root = $derived(this.rows.all.find((item): item is MessageRowItem => item.kind === 'message' && item.id === this.id));
  /** Oldest first, those that are on their way last. */
  readonly answers = $derived(this.rows.all.filter((item): item is MessageRowItem => item.kind === 'message' && item.thread === this.id));

  /** No answer comes before the first one. */
  get start(): boolean {
    return this.rows.start;
  }

  /** How many answers there are, as far as is known: those that are not loaded count too. */
  get count(): number {
    return Math.max(this.root?.replies?.count ?? 0, this.answers.filter((answer) => answer.seq !== undefined).length);
  }

  /** The `seq` of the newest answer; 0 while there is none. */
  get last(): number {
    return this.answers.findLast((answer) => answer.seq !== undefined)?.seq ?? 0;
  }

  /** Asks for the newest answers. */
  load(): Promise<void> {
    return this.ask(undefined, (messages, start) => {
      this.rows.apply({ how: 'reset', items: messages, start });
      // What came while that was on its way is in the room's timeline, and what was not sent yet is only there.
      this.take(this.room.timeline.all);
    });
  }

  /** Asks for the answers before the first one. */
  loadOlder(): Promise<void> {
    return this.ask(this.first, (messages, start) => {
      // The first message comes with every page; the newest word about it is here already.
      this.rows.apply({ how: 'older', items: messages.filter((item) => item.kind === 'message' && !this.rows.byMessageId(item.id ?? '')), start });
    });
  }

  /** The room's timeline changed. */
  apply(change: TimelineChange): void {
    // Another stretch of the log: between it and what is here, answers may be missing.
    if (change.how === 'reset') void this.load();
    else if (change.how === 'upsert') this.take(change.items);
    else if (change.how === 'remove') this.rows.apply(change);
  }

  private get first(): number | undefined {
    return this.answers.find((answer) => answer.seq !== undefined)?.seq;
  }

  /** Takes what belongs here, but nothing from before the first answer: what is between would be missing. */
  private take(items: readonly Item[]): void {
    const first = this.rows.start ? 0 : (this.first ?? 0);
    const mine = items.filter((item) => item.kind === 'message' && (item.id === this.id || (item.thread === this.id && (item.seq ?? Infinity) >= first)));
    if (mine.length > 0) this.rows.apply({ how: 'upsert', items: mine });
  }

  private async ask(before: number | undefined, put: (items: Item[], start: boolean) => void): Promise<void> {
    const asked = ++this.asked;
    this.loading = true;
    this.problem = null;
    try {
      const { messages, start } = await this.port.thread(this.room.info.id, this.id, before);
      if (asked === this.asked) put(messages.map((message) => ({ kind: 'message', ...message })), start);
    } catch (thrown) {
      if (asked === this.asked) this.problem = asRefusal(thrown);
    } finally {
      if (asked === this.asked) this.loading = false;
    }
  }
}
