// What one can do with a message: the toolbar, the menu and the keys of a row all come here.

import type { MessageItem } from '../../bindings';
import { copy } from '../../lib/clipboard';
import type { Anchor } from '../../lib/Floating.svelte';
import { t } from '../../lib/locale/locale.svelte';
import { moment } from '../../lib/time';
import type { App } from '../../state/app.svelte';
import type { Desk } from '../../state/desk';
import type { RoomState } from '../../state/room.svelte';
import type { ThreadState } from '../../state/thread.svelte';
import { gist } from '../files/gist';

/** Characters of a message that its reminder shows; the server takes 512 bytes. */
const REMINDED_CHARS = 120;

export class MessageActions {
  /** The message whose menu is open, and where. */
  menu = $state.raw<{ item: MessageItem; anchor: Anchor } | null>(null);
  /** The message that an emoji is picked for. */
  picking = $state.raw<{ item: MessageItem; anchor: Anchor } | null>(null);
  /** The message that somebody wants to be reminded of, once they say when. */
  reminding = $state.raw<{ item: MessageItem; anchor: Anchor } | null>(null);

  /** A pointer is down on the timeline: what gets the focus now did not get it from the keyboard. */
  pressed = false;
  /** The focused row was clicked at. Then letters are words for the composer, not keys for the message. */
  byPointer = false;

  /** Where replies and edits are written. */
  readonly desk: Desk;

  /** With a `thread`, the messages are those of its panel. */
  constructor(private readonly app: App, private readonly room: RoomState, readonly thread: ThreadState | null = null) {
    this.desk = thread ?? room;
  }

  /** Committed and not deleted: only then is there something to do. */
  canAct(item: MessageItem): boolean {
    return item.id !== undefined && !item.deleted;
  }

  canEdit(item: MessageItem): boolean {
    return this.canAct(item) && item.author === this.me;
  }

  canDelete(item: MessageItem): boolean {
    return this.canAct(item) && (item.author === this.me || (this.app.workspace?.isAdmin ?? false));
  }

  async react(item: MessageItem, emoji: string): Promise<void> {
    const on = !item.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.includes(this.me));
    await this.app.attempt(() => this.app.port.react(this.room.info.id, item.id ?? '', emoji, on));
  }

  /** The emoji for the message that is waiting for one. */
  pick(emoji: string): void {
    const item = this.picking?.item;
    this.picking = null;
    if (item) void this.react(item, emoji);
  }

  reply(item: MessageItem): void {
    this.desk.editing = null;
    this.desk.replyTo = item;
  }

  edit(item: MessageItem): void {
    this.desk.replyTo = null;
    this.desk.editing = item;
  }

  /** Opens the thread that the message belongs to, or begins one with it. */
  openThread(item: MessageItem): void {
    const id = item.thread ?? item.id;
    if (id !== undefined) this.app.openThread(this.room, id);
  }

  async pin(item: MessageItem): Promise<void> {
    await this.app.attempt(() => this.app.port.pin(this.room.info.id, item.id ?? '', !item.pinned));
  }

  async copyText(item: MessageItem): Promise<void> {
    this.copied(await copy(item.text), t('message.copied'));
  }

  async copyLink(item: MessageItem): Promise<void> {
    if (item.seq !== undefined) this.copied(await copy(this.app.linkTo(this.room.info.id, item.seq)), t('message.link_copied'));
  }

  markUnread(item: MessageItem): void {
    if (item.seq !== undefined) this.app.markUnread(this.room, item.seq);
  }

  /** Reminds of the message that is waiting for a time. */
  async remind(at: Date): Promise<void> {
    const item = this.reminding?.item;
    const workspace = this.app.workspace?.slug;
    if (item?.seq === undefined || workspace === undefined) return;
    const when = at.toISOString();
    const words = [...`${this.app.workspace?.nameOf(item.author) ?? ''}: ${gist(item)}`];
    const text = words.length > REMINDED_CHARS ? `${words.slice(0, REMINDED_CHARS - 1).join('')}…` : words.join('');
    const request = { workspace, room: this.room.info.id, seq: item.seq, text, at: when };
    await this.app.attempt(() => this.app.port.setReminder(request).then(() => this.app.toasts.done(t('command.remind_set', { when: moment(when) }))));
  }

  async remove(item: MessageItem): Promise<void> {
    if (await this.app.ask({ title: t('message.delete_ask'), text: t('message.delete_text'), action: t('message.delete_do'), danger: true })) {
      await this.app.attempt(() => this.app.port.delete(this.room.info.id, item.id ?? ''));
    }
  }

  /** A key on a focused message; false when it means nothing here. */
  key(key: string, item: MessageItem, row: HTMLElement): boolean {
    if (this.byPointer || !this.canAct(item)) return false;
    switch (key) {
      case 'Enter':
        this.menu = { item, anchor: row };
        return true;
      case 'r':
        this.reply(item);
        return true;
      case 't':
        if (!this.thread) this.openThread(item);
        return !this.thread;
      case 'p':
        void this.pin(item);
        return true;
      case '+':
        this.picking = { item, anchor: row };
        return true;
      case 'c':
        void this.copyText(item);
        return true;
      case 'l':
        void this.copyLink(item);
        return true;
      case 'u':
        this.markUnread(item);
        return true;
      case 'm':
        this.reminding = { item, anchor: row };
        return true;
      case 'e':
        if (this.canEdit(item)) this.edit(item);
        return this.canEdit(item);
      case 'Delete':
        if (this.canDelete(item)) void this.remove(item);
        return this.canDelete(item);
      default:
        return false;
    }
  }

  private get me(): string {
    return this.app.workspace?.me?.id ?? '';
  }

  private copied(done: boolean, words: string): void {
    if (done) this.app.toasts.done(words);
    else this.app.toasts.notice(t('common.no_clipboard'));
  }
}
