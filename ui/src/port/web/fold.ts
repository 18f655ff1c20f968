// Folding: from the entries of a log to the messages that people see. The same rules, names and answers as
// `protocol/src/fold.rs`; both are held against `protocol/vectors/fold.json`.

import type { Entry, Message, Reaction } from '../../bindings';

/** What one entry did to a fold. */
export type FoldChange = { is: 'message' | 'notice'; seq: number } | { is: 'none' };

const NONE: FoldChange = { is: 'none' };

export class Fold {
  readonly messages = new Map<number, Message>();
  readonly notices = new Map<number, Entry>();
  private readonly byId = new Map<string, number>();

  /** Adds a page of `room:history`. What the fold already has stays: it may be changed by later entries. */
  addPage(messages: readonly Message[], notices: readonly Entry[]): void {
    for (const message of messages) {
      this.byId.set(message.id, message.seq);
      if (!this.messages.has(message.seq)) this.messages.set(message.seq, message);
    }
    for (const message of this.messages.values()) this.reply(message.thread, message.seq, message.ts);
    for (const notice of notices) if (!this.notices.has(notice.seq)) this.notices.set(notice.seq, notice);
  }

  /** Applies the next entry. Twice is harmless; the caller sees to the order. */
  apply(entry: Entry): FoldChange {
    switch (entry.kind) {
      case 'message': {
        this.byId.set(entry.id, entry.seq);
        this.reply(entry.thread, entry.seq, entry.ts);
        if (!this.messages.has(entry.seq)) this.messages.set(entry.seq, message(entry));
        return { is: 'message', seq: entry.seq };
      }
      case 'edit':
        return this.change(entry.id, (old) => ({ ...old, text: entry.text, edited_ts: entry.ts }));
      case 'delete':
        return this.change(entry.id, deleted);
      case 'reaction':
        return this.change(entry.id, (old) => ({
          ...old, reactions: react(old.reactions, entry.emoji, entry.on, entry.author),
        }));
      case 'pin':
        return this.change(entry.id, (old) => ({ ...old, pinned: entry.on }));
      case 'membership':
      case 'room':
        this.notices.set(entry.seq, entry);
        return { is: 'notice', seq: entry.seq };
    }
  }

  byMessageId(id: string): Message | undefined {
    const seq = this.byId.get(id);
    return seq === undefined ? undefined : this.messages.get(seq);
  }

  /** The `seq` of the first message of the thread that a message belongs to: it changes with every answer. */
  rootOf(seq: number): number | undefined {
    const root = this.messages.get(seq)?.thread;
    return root === undefined ? undefined : this.byId.get(root);
  }

  /** Counts an answer, once: answers come in the order of `seq`, so that the last one counted tells the rest. */
  private reply(thread: string | undefined, seq: number, ts: string): void {
    const root = thread === undefined ? undefined : this.byMessageId(thread);
    if (!root || (root.replies?.last_seq ?? 0) >= seq) return;
    const replies = { count: (root.replies?.count ?? 0) + 1, last_seq: seq, last_ts: ts };
    this.messages.set(root.seq, { ...root, replies });
  }

  private change(id: string, change: (old: Message) => Message): FoldChange {
    const old = this.byMessageId(id);
    if (!old || old.deleted) return NONE;
    this.messages.set(old.seq, change(old));
    return { is: 'message', seq: old.seq };
  }
}

function message(entry: Extract<Entry, { kind: 'message' }>): Message {
  const { id, seq, ts, cid, author, text, reply_to, thread, files, mentions } = entry;
  return {
    id, seq, ts, cid, author, text, deleted: false, mentions: mentions ?? [], files: files ?? [], reactions: [], pinned: false,
    ...(reply_to === undefined ? {} : { reply_to }),
    ...(thread === undefined ? {} : { thread }),
  };
}

function deleted(old: Message): Message {
  const { edited_ts: _, ...kept } = old;
  return { ...kept, deleted: true, text: '', files: [], mentions: [], reactions: [], pinned: false };
}

function react(reactions: readonly Reaction[], emoji: string, on: boolean, user: string): Reaction[] {
  const at = reactions.findIndex((reaction) => reaction.emoji === emoji);
  const found = reactions[at];
  if (!found) return on ? [...reactions, { emoji, users: [user] }] : [...reactions];
  const users = on
    ? found.users.includes(user) ? found.users : [...found.users, user]
    : found.users.filter((other) => other !== user);
  return users.length === 0 ? reactions.filter((_, i) => i !== at) : reactions.with(at, { emoji, users });
}
