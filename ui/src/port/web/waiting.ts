// One thing that this person wrote and the log may not have yet: a message, or a change to one. Pure: what is kept of
// it, and how it is drawn.

import type { Item, MessageItem, NewMessage, SendState } from '../../bindings';

/** What is written. Changes go through the same queue as messages: an edit must not overtake its message. */
export type What =
  | ({ is: 'message' } & Omit<NewMessage, 'room'>)
  | { is: 'edit'; id: string; text: string }
  | { is: 'delete'; id: string }
  | { is: 'reaction'; id: string; emoji: string; on: boolean }
  | { is: 'pin'; id: string; on: boolean };

/** Where the server put it. */
export interface Committed {
  readonly seq: number;
  readonly ts: string;
  /** Of a message: its id. */
  readonly id?: string;
}

export interface Waiting {
  /** Its place in the queue of all tabs. */
  readonly order: number;
  /** `author/cid`, unique for ever. */
  readonly key: string;
  /** The key of the row that it is drawn in: its own for a message, that of the changed message for a change. */
  readonly row: string;
  readonly cid: string;
  readonly author: string;
  readonly slug: string;
  readonly room: string;
  /** When it was written. */
  readonly ts: string;
  readonly what: What;
  readonly state: SendState;
  /** Committed, but this device has not read its entry yet. */
  readonly sent?: Committed;
  /** The disk did not take it: it lives as long as the page. */
  readonly unkept?: true;
}

export function isUnsent({ state }: Waiting): boolean {
  return state.is === 'queued' || state.is === 'sending';
}

export function grouped(list: readonly Waiting[], by: 'slug' | 'room'): Map<string, Waiting[]> {
  const groups = new Map<string, Waiting[]>();
  for (const waiting of list) groups.set(waiting[by], [...(groups.get(waiting[by]) ?? []), waiting]);
  return groups;
}

/** The row of a message. */
export function rowOf({ key, order, ts, author, what, state, sent }: Waiting): Item | undefined {
  if (what.is !== 'message') return undefined;
  return {
    kind: 'message', key, order, ts: sent?.ts ?? ts, author, text: what.text, deleted: false, mentions: [], reactions: [],
    pinned: false, state,
    ...(sent ? { seq: sent.seq } : {}),
    ...(sent?.id === undefined ? {} : { id: sent.id }),
    ...(what.files?.length ? { files: what.files } : {}),
    ...(what.reply_to === undefined ? {} : { reply_to: what.reply_to }),
    ...(what.thread === undefined ? {} : { thread: what.thread }),
  };
}

/** A row of the log as it will be, once the changes to it are committed; the state tells how far they are. */
export function withChanges(item: Item, changes: readonly Waiting[]): Item {
  if (item.kind !== 'message' || item.deleted) return item;
  return changes.reduce<Extract<Item, { kind: 'message' }>>((row, change) => ({ ...row, ...changed(row, change) }), item);
}

function changed(row: MessageItem, { author, ts, what, state }: Waiting): Partial<MessageItem> {
  const failed = state.is === 'failed';
  // A failure stays in view until it is dealt with. A reaction or a pin on its way is not worth a word.
  const small = what.is === 'reaction' || what.is === 'pin';
  const told = row.state.is === 'failed' || (small && !failed) ? row.state : state;
  switch (what.is) {
    case 'edit':
      return { text: what.text, edited_ts: ts, state: told };
    case 'delete':
      return failed ? { state: told } : { text: '', files: [], deleted: true, reactions: [], mentions: [], pinned: false, state: told };
    case 'reaction':
      return failed ? { state: told } : { reactions: reacted(row.reactions, what.emoji, what.on, author) };
    case 'pin':
      return failed ? { state: told } : { pinned: what.on };
    case 'message':
      return {};
  }
}

function reacted(reactions: MessageItem['reactions'], emoji: string, on: boolean, user: string): MessageItem['reactions'] {
  const known = reactions.some((reaction) => reaction.emoji === emoji);
  const all = known ? reactions : [...reactions, { emoji, users: [] }];
  return all.flatMap((reaction) => {
    if (reaction.emoji !== emoji) return [reaction];
    const others = reaction.users.filter((other) => other !== user);
    const users = on ? (others.length < reaction.users.length ? reaction.users : [...others, user]) : others;
    return users.length > 0 ? [{ emoji, users }] : [];
  });
}
