// One open workspace: its link, rooms, members, and the feeds of the rooms that were looked at.

import type { Item, LinkState, Member, Presence, PushMap, Room, RoomJoined, Update, Workspace } from '../../bindings';
import { asRefusal, refusal } from '../../lib/error';
import type { Connection, Link, PushHandlers } from './connection';
import { Feed } from './feed';
import type { Outbox } from './outbox';
import { itemKey } from './roomlog';
import { Typing } from './typing';

/** Feeds kept for rooms that are not looked at; the least recently used goes first. */
const FEEDS_MAX = 12;

export class WorkspaceSession {
  readonly link: Link;
  private readonly feeds = new Map<string, Feed>();
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

  constructor(
    readonly slug: string,
    connection: Connection,
    private readonly outbox: Outbox,
    private readonly emit: (update: Update) => void,
  ) {
    this.typing = new Typing((room, users) => emit({ type: 'typing', slug, room, users }));
    this.link = connection.open(`/${slug}`, this.handlers(), (state) => this.state(state));
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
    await this.whenReady();
    const feed = this.feed(room);
    const joined = await feed.open();
    this.settle(feed);
    this.joined(joined);
    return joined;
  }

  older(room: string): ReturnType<Feed['older']> {
    return this.feed(room).older();
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

  /** Rows of the outbox changed. */
  upsert(room: string, items: Item[]): void {
    this.emit({ type: 'timeline', slug: this.slug, room, change: { how: 'upsert', items } });
    const sent = Math.max(0, ...items.map((item) => (item.kind === 'message' && item.seq) || 0));
    if (sent > 0) this.feeds.get(room)?.hint(sent);
  }

  /** The database has another life: nothing of the old one may be merged. */
  forget(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
  }

  close(): void {
    this.forget();
    this.typing.clear();
    this.refuse(refusal('unavailable', 'The workspace was closed.'));
    this.link.close();
  }

  private state(state: LinkState): void {
    // Connected is not yet live: what is drawn is the server's only after `workspace:ready`.
    this.isReady = false;
    if (state.is !== 'connecting') this.typing.clear();
    if (state.is === 'refused') this.refuse(state.error);
    this.emit({ type: 'link', namespace: `/${this.slug}`, state });
  }

  private handlers(): PushHandlers {
    const { slug, emit } = this;
    return {
      'workspace:ready': (ready) => this.becameReady(ready),
      'room:entry': (entry) => this.entry(entry),
      'room:heads': ({ heads }) => {
        for (const [room, head] of Object.entries(heads)) this.feeds.get(room)?.hint(head);
      },
      'room:added': ({ room }) => void this.roomAdded(room),
      'room:changed': ({ room }) => {
        if (this.rooms.has(room.id)) this.adopt(room);
      },
      'room:removed': ({ room }) => {
        this.rooms.delete(room);
        this.feeds.get(room)?.close();
        this.feeds.delete(room);
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
      'presence:changed': ({ user, state, status }) => {
        const old = this.members.get(user);
        if (old) this.members.set(user, { ...old, presence: state, ...(status === undefined ? {} : { status }) });
        emit({ type: 'presence_changed', slug, user, state, ...(status === undefined ? {} : { status }) });
        if (this.present?.has(user)) this.count();
      },
      'typing:changed': ({ room, user, on }) => this.typing.set(room, user, on),
      'read:changed': ({ room, read, unread, mentions }) => this.read(room, read, { unread, mentions }),
    };
  }

  private becameReady({ workspace, me, rooms, members, heads }: PushMap['workspace:ready']): void {
    this.workspace = workspace;
    this.me = me;
    this.rooms.clear();
    for (const room of rooms) this.rooms.set(room.id, room);
    this.members.clear();
    for (const member of members) this.members.set(member.id, member);
    this.isReady = true;
    this.show();
    this.emit({ type: 'link', namespace: `/${this.slug}`, state: { is: 'live' } });
    for (const { ready } of this.waiters.splice(0)) ready();
    if (this.wantsPresence !== 'online') this.setPresence(this.wantsPresence);
    for (const feed of this.feeds.values()) {
      if (feed.room === this.current) feed.rejoin().then((joined) => this.joined(joined), () => undefined);
      else feed.hint(heads[feed.room] ?? 0);
    }
    this.outbox.resume(this.slug);
  }

  private entry(entry: PushMap['room:entry']): void {
    const old = this.rooms.get(entry.room);
    if (old && entry.seq > old.head) this.rooms.set(entry.room, { ...old, head: entry.seq });
    this.feeds.get(entry.room)?.receive([entry]);
    if (entry.kind === 'message') {
      this.outbox.forget(itemKey(entry.author, entry.cid));
      this.typing.set(entry.room, entry.author, false);
    } else if (entry.kind === 'membership' && entry.room === this.current) {
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

  /** Pending messages that the log covers are the log's. */
  private settle(feed: Feed): void {
    for (const item of feed.log.items()) this.outbox.forget(item.key);
  }

  private feed(room: string): Feed {
    const found = this.feeds.get(room);
    const feed = found ?? new Feed(room, {
      link: this.link,
      changed: (id, change) => this.emit({ type: 'timeline', slug: this.slug, room: id, change }),
      pending: (id) => this.outbox.items(this.slug, id),
      failed: (id, thrown) => console.warn('catching up failed', id, asRefusal(thrown).code),
    });
    this.feeds.delete(room);
    this.feeds.set(room, feed);
    for (const [id, old] of this.feeds) {
      if (this.feeds.size <= FEEDS_MAX) break;
      if (id === this.current) continue;
      old.close();
      this.feeds.delete(id);
    }
    return feed;
  }

  private whenReady(): Promise<void> {
    if (this.ready) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ ready: resolve, refused: reject }));
  }

  private refuse(thrown: unknown): void {
    for (const { refused } of this.waiters.splice(0)) refused(thrown);
  }
}
