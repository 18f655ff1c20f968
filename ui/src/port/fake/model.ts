// What the scripted back end's world is made of.

import type { Hosting, Item, Member, Personal, Room, ServerInfo, Session, Start, User, Workspace } from '../../bindings';

export interface FakeWorkspace {
  workspace: Workspace;
  me: Member;
  rooms: Room[];
  members: Member[];
  /** Rows by room; those that a reset does not bring come as older pages. */
  items: Map<string, Item[]>;
}

export interface FakeWorld {
  start: Start;
  server: ServerInfo;
  user: User;
  workspaces: FakeWorkspace[];
  hosting?: Hosting;
  /** Who is connected to it. */
  connected?: User[];
  personal?: Personal;
  sessions?: Session[];
  /** How many rows a page has. */
  page?: number;
}

/** A message's row, committed when it has a `seq`. */
export function message(key: string, author: string, text: string, ts: string, seq?: number): Item & { kind: 'message' } {
  return {
    kind: 'message', key, order: 0, ts, author, text, deleted: false, mentions: [], reactions: [], pinned: false,
    state: { is: 'sent' }, ...(seq === undefined ? {} : { seq, id: `m${seq}` }),
  };
}

export function memberOf(user: User): Member {
  return {
    id: user.id, login: user.login, display_name: user.display_name, role: user.role, bot: user.bot, guest: user.guest,
    presence: 'online',
  };
}
