// One open workspace: its link, rooms, members, and the feeds of the rooms that were looked at.

import type { Hit, LinkState, Member, MessageSearch, Presence, PushMap, Room, RoomJoined, SearchPage, Update, Workspace } from '../../bindings';
import { isRetryable, asRefusal, refusal, type Refusal } from '../../lib/error';
import { wanted } from '../../lib/search/query';
import { t } from '../../lib/locale/locale.svelte';
import type { Cache } from './cache';
import type { Connection, Link, PushHandlers } from './connection';
import type { CachedWorkspace } from './disk';
import type { Outbox } from './outbox';
import { Timelines } from './timelines';
import { Typing } from './typing';

/** Hits among what is kept: as many as a page of the server has. */
const KEPT_HITS = 50;

/** What changes too often to be kept, or is kept by the timelines. */
const FLEETING: ReadonlySet<Update['type']> = new Set(['link', 'presence_changed', 'typing', 'room_count', 'timeline'] as const);

export interface WorkspaceWorld {
  connection: Connection;
  outbox: Outbox;
  cache: Cache;
  emit(update: Update): void;
  /** The lobby vouched for the server's database: it is the one that the cache is of. */
  admitted(): boolean;
  /** The server does not let this caller in. */
  refused(slug: string, error: Refusal): void;
}

export class WorkspaceSession {
  readonly link: Link;
  readonly timelines: Timelines;
  private readonly rooms = new Map<string, Room>();
  private readonly members = new Map<string, Member>();
  private readonly typing: Typing;
  private workspace: Workspace | undefined;
  private me: Member | undefined;
  private current: string | undefined;
  /** Who is in the current room: what its live count is made of. */
  private present: Set<string> | undefined;
  private readonly waiters: { ready(): void; refused(thrown: unknown): void }[] = [];
  private isReady = false;
  private wantsPresence: Presence = 'online';

  /** It is ready, and waits for the lobby. */
  private arrived: PushMap['workspace:ready'] | undefined;
  private closed = false;

  constructor(readonly slug: string, private readonly world: WorkspaceWorld) {
    const { connection, outbox, cache } = world;
    this.typing = new Typing((room, users, thread) => this.emit({ type: 'typing', slug, room, users, ...(thread ? { thread } : {}) }));
    this.link = connection.open(`/${slug}`, this.handlers(), (state) => this.state(state));
    this.timelines = new Timelines(slug, this.link, outbox, cache, (update) => this.emit(update));
    void cache.workspace(slug).then((kept) => this.restore(kept));
  }

  get ready(): boolean {
    return this.isReady && this.link.live;
  }

  /** Sends the workspace as it is known once more: it is looked at again. */
  show(): void {
    const { workspace, me } = this;
    if (!workspace || !me) return;
    const rooms = [...this.rooms.values()];
    this.emit({ type: 'workspace', workspace, me, rooms, members: [...this.members.values()] });
  }

  async openRoom(room: string): Promise<RoomJoined> {
    if (this.current !== room) {
      this.current = room;
      this.present = undefined;
    }
    await this.timelines.show(room);
    await this.whenReady();
    const joined = await this.timelines.join(room);
    this.joined(joined);
    return joined;
  }

  /** What this browser keeps of the caller's rooms, looked through room by room, so that nothing else waits for long. */
  async searchKept(request: MessageSearch): Promise<SearchPage> {
    const matches = wanted(request);
    const hits: Hit[] = [];
    for (const room of request.room === undefined ? this.rooms.keys() : [request.room]) {
      const page = this.rooms.has(room) ? await this.world.cache.page(room) : undefined;
      for (const message of page?.messages ?? []) {
        const highlights = matches(message);
        if (highlights) hits.push({ room, message, highlights });
      }
    }
    hits.sort((a, b) => Date.parse(b.message.ts) - Date.parse(a.message.ts) || b.message.seq - a.message.seq);
    return { hits: hits.slice(0, KEPT_HITS) };
  }

  /** Offline the marker moves here, and there once the link is up again. */
  async markRead(room: string, seq: number): Promise<void> {
    try {
      const { read } = await this.link.request('read:mark', { room, seq });
      this.read(room, read);
    } catch (thrown) {
      if (!isRetryable(asRefusal(thrown).code)) throw thrown;
      this.read(room, seq);
    }
  }

  setPresence(state: Presence): void {
    this.wantsPresence = state;
    if (this.ready) this.link.request('presence:set', { state }).catch(() => undefined);
  }

  /** The marker moved: by this device, or by another one. */
  read(room: string, read: number, counts?: { unread: number; mentions: number; head?: number }): void {
    const old = this.rooms.get(room);
    if (!old) return;
    const { unread, mentions, head } = counts ?? (read >= old.head ? { unread: 0, mentions: 0 } : old);
    const next = { ...old, read: Math.max(read, old.read), unread, mentions, head: Math.max(head ?? 0, old.head) };
    this.rooms.set(room, next);
    this.emit({ type: 'read', slug: this.slug, room, head: next.head, read: next.read, unread, mentions });
  }

  /** The room that is looked at. */
  get currentRoom(): string | undefined {
    return this.current;
  }

  /** It may be shown: `room` belongs to the caller. */
  has(room: string): boolean {
    return this.rooms.has(room);
  }

  /** The lobby is ready, and the server's database is the one that the cache is of. */
  admit(): void {
    if (this.arrived) this.becameReady(this.arrived);
  }

  close(): void {
    this.closed = true;
    this.timelines.close();
    this.typing.clear();
    this.refuse(refusal('unavailable', t('error.workspace_closed')));
    this.link.close();
  }

  private emit(update: Update): void {
    if (this.closed && update.type !== 'link') return;
    this.world.emit(update);
    if (!FLEETING.has(update.type)) this.world.cache.keepWorkspace(this.slug, () => this.snapshot());
  }

  private snapshot(): CachedWorkspace | undefined {
    const { workspace, me } = this;
    return workspace && me && { workspace, me, rooms: [...this.rooms.values()], members: [...this.members.values()] };
  }

  private restore(kept: CachedWorkspace | undefined): void {
    if (!kept || this.workspace || this.closed) return;
    this.workspace = kept.workspace;
    this.me = kept.me;
    for (const room of kept.rooms) this.rooms.set(room.id, room);
    // Who was there yesterday says nothing about now.
    for (const member of kept.members) this.members.set(member.id, { ...member, presence: 'offline' });
    this.show();
  }

  private state(state: LinkState): void {
    // Connected is not yet live: what is drawn is the server's only after `workspace:ready`.
    this.isReady = false;
    this.arrived = undefined;
    if (state.is !== 'connecting') this.typing.clear();
    if (state.is === 'refused') {
      this.refuse(state.error);
      this.world.refused(this.slug, state.error);
    }
    this.emit({ type: 'link', namespace: `/${this.slug}`, state });
  }

  private handlers(): PushHandlers {
    const { slug } = this;
    const emit = (update: Update): void => this.emit(update);
    return {
      'workspace:ready': (ready) => {
        this.arrived = ready;
        if (this.world.admitted()) this.becameReady(ready);
      },
      'room:entry': (entry) => this.entry(entry),
      'room:heads': ({ heads }) => {
        for (const [room, head] of Object.entries(heads)) if (this.isReady) this.timelines.hint(room, head);
      },
      'room:added': ({ room }) => void this.roomAdded(room),
      'room:changed': ({ room }) => {
        if (this.rooms.has(room.id)) this.adopt(room);
      },
      'room:removed': ({ room }) => {
        this.rooms.delete(room);
        this.timelines.drop(room);
        if (this.current === room) this.current = undefined;
        emit({ type: 'room_removed', slug, room });
      },
      'member:joined': ({ member }) => this.memberChanged(member),
      'member:changed': ({ member }) => this.memberChanged(member),
      'member:left': ({ user }) => {
        this.members.delete(user);
        emit({ type: 'member_left', slug, user });
        if (this.present?.delete(user)) this.count();
      },
      'presence:changed': (change) => this.presenceChanged([change]),
      'presence:batch': ({ changes }) => this.presenceChanged(changes),
      'typing:changed': ({ room, user, on, thread }) => this.typing.set(room, user, on, thread),
      'read:changed': ({ room, read, unread, mentions }) => this.read(room, read, { unread, mentions }),
    };
  }

  private presenceChanged(changes: PushMap['presence:batch']['changes']): void {
    for (const { user, state, status } of changes) {
      const old = this.members.get(user);
      if (old) this.members.set(user, { ...old, presence: state, ...(status === undefined ? {} : { status }) });
      this.emit({ type: 'presence_changed', slug: this.slug, user, state, ...(status === undefined ? {} : { status }) });
    }
    if (changes.some(({ user }) => this.present?.has(user))) this.count();
  }

  private becameReady({ workspace, me, rooms, members, heads }: PushMap['workspace:ready']): void {
    this.arrived = undefined;
    this.workspace = workspace;
    this.me = me;
    const before = new Map(this.rooms);
    this.rooms.clear();
    for (const room of rooms) this.rooms.set(room.id, room);
    this.members.clear();
    for (const member of members) this.members.set(member.id, member);
    this.isReady = true;
    this.show();
    this.emit({ type: 'link', namespace: `/${this.slug}`, state: { is: 'live' } });
    for (const { ready } of this.waiters.splice(0)) ready();
    if (this.wantsPresence !== 'online') this.setPresence(this.wantsPresence);
    for (const room of this.timelines.rooms) {
      if (room === this.current) this.timelines.join(room).then((joined) => this.joined(joined), () => undefined);
      else this.timelines.hint(room, heads[room] ?? 0);
    }
    for (const [id, { read }] of before) {
      const room = this.rooms.get(id);
      if (!room) this.timelines.drop(id);
      // Read while there was no link.
      else if (read > room.read) void this.markRead(id, Math.min(read, room.head)).catch(() => undefined);
    }
    this.world.outbox.resume(this.slug);
  }

  private entry(entry: PushMap['room:entry']): void {
    if (!this.isReady) {
      if (this.arrived) this.arrived.heads[entry.room] = entry.seq;
      return;
    }
    const old = this.rooms.get(entry.room);
    if (old && entry.seq > old.head) this.rooms.set(entry.room, { ...old, head: entry.seq });
    this.timelines.receive(entry);
    if (entry.kind === 'message') this.typing.stopped(entry.room, entry.author);
    else if (entry.kind === 'membership' && entry.room === this.current) {
      const came = entry.change === 'joined' || entry.change === 'invited';
      if (came) this.present?.add(entry.user);
      else this.present?.delete(entry.user);
      this.count();
    }
  }

  /** The caller's own new room, or a public one that they may join: only the former belongs into the list. */
  private async roomAdded(room: Room): Promise<void> {
    if (room.kind === 'public' && !this.rooms.has(room.id)) {
      const reply = await this.link.request('room:members', { room: room.id }).catch(() => ({ members: [] }));
      if (!reply.members.some((member) => member.id === this.me?.id)) return;
    }
    this.adopt(room);
  }

  /** A room that this caller made or came into, answered to a request. */
  adopt(room: Room): Room {
    this.rooms.set(room.id, room);
    this.emit({ type: 'room_changed', slug: this.slug, room });
    return room;
  }

  private memberChanged(member: Member): void {
    this.members.set(member.id, member);
    this.emit({ type: 'member_changed', slug: this.slug, member });
    if (this.present?.has(member.id)) this.count();
  }

  private joined({ room, members, online }: RoomJoined): void {
    this.adopt(room);
    this.emit({ type: 'room_count', slug: this.slug, room: room.id, members, online });
    if (this.current !== room.id) return;
    this.link.request('room:members', { room: room.id }).then(
      (reply) => {
        if (this.current !== room.id) return;
        this.present = new Set(reply.members.map((member) => member.id));
        for (const member of reply.members) this.members.set(member.id, member);
        this.count();
      },
      () => undefined,
    );
  }

  private count(): void {
    if (!this.present || !this.current) return;
    const online = [...this.present].filter((id) => (this.members.get(id)?.presence ?? 'offline') !== 'offline');
    this.emit({
      type: 'room_count', slug: this.slug, room: this.current, members: this.present.size, online: online.length,
    });
  }

  private whenReady(): Promise<void> {
    if (this.ready) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ ready: resolve, refused: reject }));
  }

  private refuse(thrown: unknown): void {
    for (const { refused } of this.waiters.splice(0)) refused(thrown);
  }
}
