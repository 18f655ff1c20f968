// One room of the caller, and what is on its page: the timeline, who types, and the draft.

import type { MessageItem, Room } from '../bindings';
import type { Desk } from './desk';
import type { KeptDraft } from './drafts';
import type { Mark } from './marks';
import type { ThreadState } from './thread.svelte';
import { TimelineState } from './timeline.svelte';

export class RoomState implements Desk {
  info = $state.raw<Room>() as Room;
  members = $state(0);
  /** How many of them are there now; null until the room was opened. */
  online = $state<number | null>(null);
  typing = $state.raw<readonly string[]>([]);
  readonly timeline = new TimelineState();
  /** Where "New" stands: the read marker as it was when the room was opened. */
  divider = $state<number | null>(null);
  /** Marked as unread by hand, on this device. */
  marked = $state.raw<Mark | null>(null);
  draft = $state('');
  kept: KeptDraft | null = null;
  /** Its draft and its mark were looked for in what this device keeps. */
  recalled = false;
  replyTo = $state.raw<MessageItem | null>(null);
  editing = $state.raw<MessageItem | null>(null);
  /** The thread that is open beside the timeline. */
  thread = $state.raw<ThreadState | null>(null);

  /** Somebody looks at its end: what comes now is read as it comes, and is never told as news before its mark is set. */
  watched = $state(false);

  /** Counts how often somebody asked for the end of the timeline. */
  latestAsked = $state(0);

  /** `hushed`: whether it is a conversation with somebody who is ignored. */
  constructor(info: Room, private readonly hushed: (info: Room) => boolean = () => false) {
    this.update(info);
  }

  get draftKey(): string {
    return this.info.id;
  }

  update(info: Room): void {
    this.info = info;
    this.members = info.members;
  }

  /** The room is looked at: what was unread until now stands below "New". */
  opened(): void {
    this.divider = this.marked ? this.marked.from - 1 : this.info.unread > 0 ? this.info.read : null;
    this.marked = null;
  }

  /** Messages of others that are to be read, again or for the first time. */
  get unread(): number {
    return this.watched ? 0 : this.info.unread + (this.marked?.count ?? 0);
  }

  /** How many of them are for the user. */
  get mentions(): number {
    return this.watched ? 0 : this.info.mentions;
  }

  /** The newest `seq` that is known: what reading to the end means. */
  get head(): number {
    return Math.max(this.info.head, this.timeline.lastSeq);
  }

  /** Nothing in it is to be noticed from outside. */
  get quiet(): boolean {
    return this.info.muted || this.hushed(this.info);
  }

  /** Something unread that is to be seen in lists. */
  get signals(): boolean {
    return this.unread > 0 && !this.quiet;
  }
}
