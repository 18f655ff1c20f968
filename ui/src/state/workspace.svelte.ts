// One workspace that was opened: its rooms and the people in it.

import { SvelteMap } from 'svelte/reactivity';

import type { Member, Room, Update, Workspace } from '../bindings';
import { locale, t } from '../lib/locale/locale.svelte';
import { RoomState } from './room.svelte';

type Of<T extends Update['type']> = Extract<Update, { type: T }>;
export type WorkspaceUpdate = Of<
  | 'workspace' | 'room_changed' | 'room_removed' | 'read' | 'room_count' | 'member_changed' | 'member_left'
  | 'presence_changed' | 'typing' | 'timeline'
>;

export class WorkspaceState {
  info = $state.raw<Workspace | null>(null);
  me = $state.raw<Member | null>(null);
  readonly rooms = new SvelteMap<string, RoomState>();
  readonly members = new SvelteMap<string, Member>();

  /** The room to come back to. */
  lastRoom: string | null = null;

  constructor(readonly slug: string, private readonly ignored: () => ReadonlySet<string> = () => new Set()) {}

  /** Rooms by name, as the list shows them. */
  readonly named = $derived.by(() => this.sorted((room) => room.info.kind !== 'direct'));
  /** Conversations by the names of the people in them. */
  readonly direct = $derived.by(() => this.sorted((room) => room.info.kind === 'direct'));
  readonly logins = $derived(new Set([...this.members.values()].map((member) => member.login)));
  readonly idsByName = $derived(new Map(this.named.map((room) => [room.info.name, room.info.id])));
  readonly unread = $derived(this.sum((room) => room.unread));
  readonly mentions = $derived(this.sum((room) => room.mentions));

  apply(update: WorkspaceUpdate): void {
    switch (update.type) {
      case 'workspace': {
        this.info = update.workspace;
        this.me = update.me;
        const rooms = new Set(update.rooms.map((room) => room.id));
        for (const id of this.rooms.keys()) if (!rooms.has(id)) this.rooms.delete(id);
        for (const room of update.rooms) this.putRoom(room);
        const members = new Set(update.members.map((member) => member.id));
        for (const id of this.members.keys()) if (!members.has(id)) this.members.delete(id);
        for (const member of update.members) this.members.set(member.id, member);
        return;
      }
      case 'room_changed':
        return this.putRoom(update.room);
      case 'room_removed':
        return void this.rooms.delete(update.room);
      case 'member_changed':
        this.members.set(update.member.id, update.member);
        if (update.member.id === this.me?.id) this.me = update.member;
        return;
      case 'member_left':
        return void this.members.delete(update.user);
      case 'presence_changed': {
        const old = this.members.get(update.user);
        const status = update.status === undefined ? {} : { status: update.status };
        if (old) this.members.set(update.user, { ...old, presence: update.state, ...status });
        return;
      }
      default:
        return this.applyToRoom(update);
    }
  }

  /** The lobby tells of another name or icon; the namespace tells its own only when its link comes up. */
  renamed(workspace: Workspace): void {
    if (this.info) this.info = workspace;
  }

  /** The name that people know someone by. */
  nameOf(user: string): string {
    return this.members.get(user)?.display_name ?? t('common.someone_left');
  }

  /** What a room is called: conversations go by the others in them. */
  titleOf(room: Room): string {
    if (room.kind !== 'direct') return room.name;
    const others = (room.users ?? []).filter((user) => user !== this.me?.id);
    const [first, ...more] = others.map((user) => this.nameOf(user));
    if (first === undefined) return t('common.notes_to_self');
    return more.length === 0 ? first : [first, ...more].map((name) => locale.value(name)).join(t('list.comma'));
  }

  /** The other one in a conversation of two. */
  partner(room: Room): Member | undefined {
    const others = (room.users ?? []).filter((user) => user !== this.me?.id);
    return others.length === 1 ? this.members.get(others[0] ?? '') : undefined;
  }

  /** Came by name alone, or with the least role: writes where they were invited, and makes nothing. */
  get isGuest(): boolean {
    return this.me?.role === 'guest' || this.me?.guest === true;
  }

  get isAdmin(): boolean {
    return this.me?.role === 'owner' || this.me?.role === 'admin';
  }

  private applyToRoom(update: Of<'read' | 'room_count' | 'typing' | 'timeline'>): void {
    const room = this.rooms.get(update.room);
    if (!room) return;
    switch (update.type) {
      case 'read': {
        const { head, read, unread, mentions } = update;
        room.update({ ...room.info, head: Math.max(head, room.info.head), read: Math.max(read, room.info.read), unread, mentions });
        return;
      }
      case 'room_count':
        room.members = update.members;
        room.online = update.online;
        return;
      case 'typing': {
        const users = update.users.filter((user) => user !== this.me?.id && !this.ignored().has(user));
        if (update.thread === undefined) room.typing = users;
        else if (room.thread?.id === update.thread) room.thread.typing = users;
        return;
      }
      case 'timeline':
        room.timeline.apply(update.change);
        room.thread?.apply(update.change);
        return;
    }
  }

  private putRoom(info: Room): void {
    const room = this.rooms.get(info.id);
    if (room) room.update(info);
    else this.rooms.set(info.id, new RoomState(info, (room) => this.ignored().has(this.partner(room)?.id ?? '')));
  }

  private sorted(keep: (room: RoomState) => boolean): RoomState[] {
    const { collate } = locale;
    const order = (a: RoomState, b: RoomState): number => collate(this.titleOf(a.info), this.titleOf(b.info));
    return [...this.rooms.values()].filter(keep).sort(order);
  }

  private sum(count: (room: RoomState) => number): number {
    return [...this.rooms.values()].reduce((sum, room) => sum + (room.quiet ? 0 : count(room)), 0);
  }
}
