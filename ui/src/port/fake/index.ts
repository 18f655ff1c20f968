// A scripted back end: for component tests, and for looking at the UI without a server. It answers from a small world
// in memory, notes every call, and can be told to refuse or to hold what is sent.

import type {
  CredentialStore, Hit, Hosting, Incomplete, Invite, InviteRequest, Item, LobbyServer, Member,
  MessageItem, MessageSearch, NewMessage, Place, Probe, Room, RoomCreate, RoomJoined, RoomUpdate, SearchPage,
  Seat, Session, Settings, Start, Thread, Trust, Update, Personal, PersonalSet, ProfileChange, ReminderSet,
  User, Workspace, WorkspaceCreate, WorkspaceUpdate, Role,
} from '../../bindings';
import { refusal, type Refusal } from '../../lib/error';
import { wanted } from '../../lib/search/query';
import type { DesktopPort, NearbyPort, Notifier, Port, Shell } from '../index';
import { leadsTo } from '../../state/links';
import { FakeFiles } from './files';
import { FakeInspector } from './inspector';
import { memberOf, message, type FakeWorkspace, type FakeWorld } from './model';

export { memberOf, message, type FakeWorkspace, type FakeWorld };

type Both = Shell & Port;
type Method = { [M in keyof Both]: NonNullable<Both[M]> extends (...args: never[]) => unknown ? M : never }[keyof Both];

/** A shell and an account in one; with `beyond`, a second server that its users can find and enter. */
export class FakePort implements Shell, Port {
  readonly kind = 'fake';
  /** The port of another server, under its address. */
  beyond: FakePort | null = null;
  /** A test puts one here. */
  notifier: Notifier | null = null;
  desktop: DesktopPort | null = null;
  nearby: NearbyPort | null = null;
  /** Why this server is taken for the one that is meant; a link that names a certificate vouches for it. */
  proof: Trust = { kind: 'clear' };
  readonly calls: [method: Method, ...args: unknown[]][] = [];
  /** What becomes of a sent message: committed at once, or left queued until `settle`. */
  sending: 'commit' | 'hold' = 'commit';
  readonly inspector = new FakeInspector((update) => this.emit(update));
  readonly files = new FakeFiles((update) => this.emit(update), () => this.world);
  private readonly listeners = new Set<(update: Update) => void>();
  private readonly beside = new Set<(update: Update) => void>();
  private readonly refusals = new Map<Method, Refusal>();
  private readonly shown = new Map<string, number>();
  /** What the server's answers to searches wait for, and what they lack. */
  searching: Promise<void> | undefined;
  incomplete: Incomplete | undefined;
  private slug = '';
  private order = 0;
  private hasOpened: () => void = () => undefined;
  /** The account is drawn up: somebody listens, and its first workspace is open and live. What happens later happens to somebody. */
  readonly opened = new Promise<void>((done) => (this.hasOpened = done));

  constructor(readonly world: FakeWorld, readonly key = 'first', readonly address = 'http://192.168.1.7:7300') {}

  // --- the script ---

  emit(update: Update): void {
    const ofNoAccount = update.type === 'join' || update.type === 'quitting' || update.type === 'dropped' || update.type === 'nearby';
    for (const listener of ofNoAccount ? this.beside : this.listeners) listener(update);
  }

  /** The next call of this method is refused. */
  refuseNext(method: Method, error: Refusal): void {
    this.refusals.set(method, error);
  }

  callsOf(method: Method): unknown[][] {
    return this.calls.filter(([name]) => name === method).map(([, ...args]) => args);
  }

  /** Ends a message that is on its way: committed, or refused for good. */
  settle(key: string, error?: Refusal): void {
    const room = [...this.here().items].find(([, items]) => items.some((item) => item.key === key))?.[0] ?? '';
    const items = this.items(room);
    const at = items.findIndex((item) => item.key === key);
    const old = items[at];
    if (old?.kind !== 'message') throw new Error(`no such message: ${key}`);
    const done: MessageItem = error
      ? { ...old, state: { is: 'failed', error } }
      : { ...old, seq: this.head(room) + 1, id: `m-${key}`, state: { is: 'sent' } };
    this.items(room)[at] = { kind: 'message', ...done };
    this.timeline(room, [{ kind: 'message', ...done }]);
    this.answered(room, done);
  }

  /** Somebody says something. */
  say(room: string, author: string, text: string, thread?: string): void {
    const seq = this.head(room) + 1;
    const item: Item = { ...message(`${author}/c${seq}`, author, text, new Date().toISOString(), seq), ...(thread ? { thread } : {}) };
    this.items(room).push(item);
    this.timeline(room, [item]);
    this.answered(room, item);
  }

  live(): void {
    this.emit({ type: 'link', namespace: '/', state: { is: 'live' } });
    if (this.slug) this.emit({ type: 'link', namespace: `/${this.slug}`, state: { is: 'live' } });
  }

  /** The account on this server, as the shell remembers it. */
  seat(): Seat {
    const known = this.world.start.accounts.find(({ key }) => key === this.key);
    return known ?? { key: this.key, account: { address: this.address, server_name: this.world.server.name, user: this.world.user }, place: { workspace: null, room: null } };
  }

  // --- the shell ---

  listen(listener: (update: Update) => void): () => void {
    this.beside.add(listener);
    return () => this.beside.delete(listener);
  }

  of(account: string): FakePort {
    return this.beyond?.key === account ? this.beyond : this;
  }

  async start(): Promise<Start> {
    this.note('start');
    return this.world.start;
  }

  async saveSettings(settings: Settings): Promise<void> {
    this.note('saveSettings', settings);
  }

  async chooseCredentialStore(choice: 'file' | 'memory'): Promise<CredentialStore> {
    this.note('chooseCredentialStore', choice);
    return choice;
  }

  async probe(address: string): Promise<Probe> {
    this.note('probe', address);
    const invite = /\/join\/(?:[\w.:]+\/)?(\w+)/.exec(address)?.[1] ?? null;
    const { address: found, world, proof } = this.behind(address);
    const workspace_name = invite ? (world.workspaces[0]?.workspace.name ?? null) : null;
    const named = /#[0-9a-f]{64}$/.exec(address)?.[0];
    const trust: Trust = named ? { kind: 'vouched' } : proof;
    const entry = found + (named ?? (trust.kind === 'unknown' ? `#${trust.fingerprint}` : ''));
    return { address: found, entry, trust, invite, workspace_name, server: world.server };
  }

  async host(displayName: string, share: boolean): Promise<Seat> {
    this.note('host', displayName, share);
    return this.seat();
  }

  async joinAsGuest(...args: [string, string, string?]): Promise<Seat> {
    this.note('joinAsGuest', ...args);
    return this.behind(args[0]).seat();
  }

  async signUp(...args: [string, string, string, string, string?]): Promise<Seat> {
    this.note('signUp', ...args);
    return this.behind(args[0]).seat();
  }

  async signIn(...args: [string, string, string]): Promise<Seat> {
    this.note('signIn', ...args);
    return this.behind(args[0]).seat();
  }

  async setUp(...args: [string, string, string, string, string, string]): Promise<Seat> {
    this.note('setUp', ...args);
    return this.seat();
  }

  drawn(): void {
    this.note('drawn');
  }

  // --- the account ---

  subscribe(listener: (update: Update) => void): () => void {
    this.listeners.add(listener);
    queueMicrotask(() => this.lobby());
    return () => this.listeners.delete(listener);
  }

  async toFront(): Promise<void> {
    this.note('toFront');
  }

  async signOut(): Promise<void> {
    this.note('signOut');
    this.emit({ type: 'signed_out' });
  }

  async trust(named: string): Promise<Seat> {
    this.note('trust', named);
    return this.seat();
  }

  async hosting(): Promise<Hosting | null> {
    return this.world.hosting ?? null;
  }

  async connected(): Promise<User[]> {
    return this.world.connected ?? [];
  }

  async createInvite(request: InviteRequest): Promise<Invite> {
    this.note('createInvite', request);
    const expires = new Date(Date.now() + 7 * 86_400_000).toISOString();
    return { code: 'k3v9q2', url: 'http://192.168.1.7:7300/join/k3v9q2', workspace: request.workspace, expires, role: 'member' };
  }

  async sessions(): Promise<Session[]> {
    return this.world.sessions ?? [];
  }

  async revokeSession(id: string): Promise<void> {
    this.note('revokeSession', id);
  }

  async openWorkspace(slug: string): Promise<void> {
    this.note('openWorkspace', slug);
    this.slug = slug;
    const { workspace, me, rooms, members } = this.here();
    queueMicrotask(() => {
      this.emit({ type: 'workspace', workspace, me, rooms, members });
      this.live();
      this.hasOpened();
    });
  }

  async createWorkspace(request: WorkspaceCreate): Promise<Workspace> {
    this.note('createWorkspace', request);
    const workspace: Workspace = {
      slug: request.slug, name: request.name, icon: request.icon ?? null, role: 'owner', open: request.open ?? false, unread: 0, mentions: 0,
    };
    const me = this.world.workspaces[0]?.me ?? memberOf(this.world.user);
    this.world.workspaces.push({ workspace, me: { ...me, role: 'owner' }, rooms: [], members: [me], items: new Map() });
    this.emit({ type: 'workspace_changed', workspace });
    return workspace;
  }

  async listWorkspaces(): Promise<Workspace[]> {
    return this.world.workspaces.map(({ workspace }) => workspace);
  }

  async joinWorkspace(slug: string): Promise<Workspace> {
    this.note('joinWorkspace', slug);
    return this.find(slug).workspace;
  }

  async updateWorkspace(request: WorkspaceUpdate): Promise<Workspace> {
    this.note('updateWorkspace', request);
    const found = this.world.workspaces.find(({ workspace }) => workspace.slug === request.slug);
    if (!found) throw refusal('not_found', 'There is nothing here under that id.');
    const { icon = found.workspace.icon, ...rest } = request;
    found.workspace = { ...found.workspace, ...rest, icon: icon === '' ? null : icon };
    this.emit({ type: 'workspace_changed', workspace: found.workspace });
    return found.workspace;
  }

  async archiveWorkspace(slug: string): Promise<void> {
    this.note('archiveWorkspace', slug);
    this.emit({ type: 'workspace_removed', slug });
  }

  async leaveWorkspace(slug: string): Promise<void> {
    this.note('leaveWorkspace', slug);
    this.emit({ type: 'workspace_removed', slug });
  }

  async openRoom(room: string): Promise<RoomJoined> {
    this.note('openRoom', room);
    const found = this.room(room);
    const all = this.items(room);
    const from = Math.max(0, all.length - (this.world.page ?? 60));
    this.shown.set(room, from);
    this.emit({
      type: 'timeline', slug: this.slug, room, change: { how: 'reset', items: all.slice(from), start: from === 0 },
    });
    const online = this.here().members.filter((member) => member.presence !== 'offline').length;
    return { room: found, members: found.members, online, entries: [], head: found.head, reset: false };
  }

  async listRooms(): Promise<Room[]> {
    return this.here().rooms.filter((room) => room.kind !== 'direct');
  }

  async createRoom(request: RoomCreate): Promise<Room> {
    this.note('createRoom', request);
    const room: Room = {
      id: `r-${request.name}`, name: request.name, topic: request.topic ?? '', kind: request.kind, archived: false, members: 1,
      head: 0, read: 0, unread: 0, mentions: 0, muted: false,
    };
    this.here().rooms.push(room);
    this.emit({ type: 'room_changed', slug: this.slug, room });
    return room;
  }

  async updateRoom(request: RoomUpdate): Promise<Room> {
    this.note('updateRoom', request);
    const { room: id, ...changes } = request;
    const room: Room = { ...this.room(id), ...changes };
    this.emit({ type: 'room_changed', slug: this.slug, room });
    return room;
  }

  async leaveRoom(room: string): Promise<void> {
    this.note('leaveRoom', room);
    this.emit({ type: 'room_removed', slug: this.slug, room });
  }

  async inviteToRoom(room: string, users: string[]): Promise<Room> {
    this.note('inviteToRoom', room, users);
    return this.room(room);
  }

  async updateMember(user: string, role: Role): Promise<void> {
    this.note('updateMember', user, role);
  }

  async removeMember(user: string): Promise<void> {
    this.note('removeMember', user);
  }

  async kickFromRoom(room: string, user: string): Promise<void> {
    this.note('kickFromRoom', room, user);
  }

  async roomMembers(room: string): Promise<Member[]> {
    this.note('roomMembers', room);
    return this.here().members;
  }

  async openDirect(users: string[]): Promise<Room> {
    this.note('openDirect', users);
    const direct = this.here().rooms.find((room) => room.kind === 'direct');
    if (!direct) throw refusal('not_found', 'There is nobody of that name.');
    return direct;
  }

  async loadOlder(room: string): Promise<void> {
    this.note('loadOlder', room);
    const to = this.shown.get(room) ?? 0;
    const from = Math.max(0, to - (this.world.page ?? 60));
    this.shown.set(room, from);
    const change = { how: 'older', items: this.items(room).slice(from, to), start: from === 0 } as const;
    this.emit({ type: 'timeline', slug: this.slug, room, change });
  }

  async send(draft: NewMessage): Promise<string> {
    this.note('send', draft);
    const order = ++this.order;
    const key = `${this.here().me.id}/c-${order}`;
    const item = message(key, this.here().me.id, draft.text, new Date().toISOString());
    const queued: Item = { ...item, order, state: { is: 'queued' }, ...(draft.files?.length ? { files: draft.files } : {}), ...(draft.reply_to ? { reply_to: draft.reply_to } : {}), ...(draft.thread ? { thread: draft.thread } : {}) };
    this.items(draft.room).push(queued);
    this.timeline(draft.room, [queued]);
    if (this.sending === 'commit') queueMicrotask(() => this.settle(key));
    return key;
  }

  async edit(room: string, id: string, text: string): Promise<void> {
    this.note('edit', room, id, text);
    this.change(room, id, (old) => ({ ...old, text, edited_ts: new Date().toISOString() }));
  }

  async delete(room: string, id: string): Promise<void> {
    this.note('delete', room, id);
    this.change(room, id, (old) => ({ ...old, text: '', files: [], deleted: true, reactions: [] }));
  }

  async react(room: string, id: string, emoji: string, on: boolean): Promise<void> {
    this.note('react', room, id, emoji, on);
    const me = this.here().me.id;
    this.change(room, id, (old) => {
      const others = old.reactions.filter((reaction) => reaction.emoji !== emoji);
      return { ...old, reactions: on ? [...others, { emoji, users: [me] }] : others };
    });
  }

  async pin(room: string, id: string, on: boolean): Promise<void> {
    this.note('pin', room, id, on);
    this.change(room, id, (old) => ({ ...old, pinned: on }));
  }

  async thread(room: string, id: string, before = Infinity): Promise<Thread> {
    this.note('thread', room, id, before);
    const all = this.messages(room).filter((message) => message.seq !== undefined);
    const answers = all.filter((message) => message.thread === id && (message.seq ?? 0) < before);
    const from = Math.max(0, answers.length - (this.world.page ?? 60));
    return { messages: [...all.filter((message) => message.id === id), ...answers.slice(from)], start: from === 0 };
  }

  async pins(room: string): Promise<MessageItem[]> {
    this.note('pins', room);
    return this.messages(room).filter((message) => message.pinned);
  }

  async search(request: MessageSearch): Promise<SearchPage> {
    this.note('search', request);
    if (this.searching) await this.searching;
    const all = this.found(request);
    const from = Number(request.cursor ?? 0);
    const to = from + (request.limit ?? 20);
    return { hits: all.slice(from, to), ...(to < all.length ? { cursor: String(to) } : {}), ...(this.incomplete ? { incomplete: this.incomplete } : {}) };
  }

  /** What was shown of a room is what this device has. */
  async searchLocal(request: MessageSearch): Promise<SearchPage> {
    this.note('searchLocal', request);
    return { hits: this.found(request).filter(({ room }) => this.shown.has(room)) };
  }

  async retry(room: string, key: string): Promise<void> {
    this.note('retry', room, key);
    const old = this.items(room).find((item) => item.key === key);
    if (old?.kind === 'message') this.timeline(room, [{ ...old, state: { is: 'sending' } }]);
    this.settle(key);
  }

  async discard(room: string, key: string): Promise<void> {
    this.note('discard', room, key);
    this.emit({ type: 'timeline', slug: this.slug, room, change: { how: 'remove', keys: [key] } });
  }

  async markRead(room: string, seq: number): Promise<void> {
    this.note('markRead', room, seq);
    this.emit({ type: 'read', slug: this.slug, room, head: seq, read: seq, unread: 0, mentions: 0 });
  }

  async setTyping(room: string, on: boolean, thread?: string): Promise<void> {
    this.note('setTyping', room, on, ...(thread ? [thread] : []));
  }

  async setPresence(state: 'online' | 'away'): Promise<void> {
    this.note('setPresence', state);
  }

  async updateProfile(change: ProfileChange): Promise<User> {
    this.note('updateProfile', change);
    const { status, status_until, display_name } = change;
    const ends = status && status_until ? { status_until } : {};
    const own = { ...(display_name ? { display_name } : {}), ...(status === undefined ? {} : { status, ...ends }) };
    this.world.user = { ...this.world.user, ...own };
    const workspace = this.here();
    workspace.me = { ...workspace.me, ...own };
    this.emit({ type: 'member_changed', slug: this.slug, member: workspace.me });
    return this.world.user;
  }

  async setPersonal(request: PersonalSet): Promise<void> {
    this.note('setPersonal', request);
    const { ignored, reminders } = this.personal;
    this.keep({ ignored, reminders, ...request, invisible: request.invisible ?? false });
  }

  async ignoreUser(user: string, on: boolean): Promise<void> {
    this.note('ignoreUser', user, on);
    const others = this.personal.ignored.filter((other) => other !== user);
    this.keep({ ...this.personal, ignored: on ? [...others, user] : others });
  }

  async setReminder(request: ReminderSet): Promise<void> {
    this.note('setReminder', request);
    const reminders = [...this.personal.reminders, { id: `reminder-${++this.order}`, ...request }];
    this.keep({ ...this.personal, reminders: reminders.sort((a, b) => a.at.localeCompare(b.at)) });
  }

  async removeReminder(id: string): Promise<void> {
    this.note('removeReminder', id);
    this.keep({ ...this.personal, reminders: this.personal.reminders.filter((reminder) => reminder.id !== id) });
  }

  async savePlace(place: Place): Promise<void> {
    this.note('savePlace', place);
  }

  // --- inside ---

  private get personal(): Personal {
    return this.world.personal ?? { invisible: false, ignored: [], reminders: [] };
  }

  private keep(personal: Personal): void {
    this.world.personal = personal;
    this.emit({ type: 'personal', personal });
  }

  private note(method: Method, ...args: unknown[]): void {
    this.calls.push([method, ...args]);
    const error = this.refusals.get(method);
    this.refusals.delete(method);
    if (error) throw error;
    this.inspector.called(method, args);
  }

  /** The server behind an address or a link. */
  private behind(address: string): FakePort {
    return this.beyond && leadsTo(address, this.beyond.address) ? this.beyond : this;
  }

  private lobby(): void {
    const { id, name, version, epoch, limits } = this.world.server;
    const server: LobbyServer = { id, name, version, epoch, limits };
    this.emit({ type: 'lobby', user: this.world.user, server, workspaces: this.world.workspaces.map((w) => w.workspace) });
    this.emit({ type: 'personal', personal: this.personal });
    this.live();
  }

  private find(slug: string): FakeWorkspace {
    const found = this.world.workspaces.find(({ workspace }) => workspace.slug === slug);
    if (!found) throw refusal('not_found', 'There is nothing here under that id.');
    return found;
  }

  private here(): FakeWorkspace {
    return this.find(this.slug);
  }

  private room(id: string): Room {
    const room = this.here().rooms.find((other) => other.id === id);
    if (!room) throw refusal('not_found', 'There is nothing here under that id.');
    return room;
  }

  private items(room: string): Item[] {
    const { items } = this.here();
    const found = items.get(room) ?? [];
    items.set(room, found);
    return found;
  }

  private messages(room: string): MessageItem[] {
    return this.items(room).filter((item) => item.kind === 'message');
  }

  /** What is looked for among all rows, newest first. */
  private found(request: MessageSearch): Hit[] {
    const matches = wanted(request);
    const rooms = request.room === undefined ? [...this.here().items.keys()] : [request.room];
    const hits = rooms.flatMap((room) => this.messages(room).flatMap((item): Hit[] => {
      const { key, order, state, seq, id, replies, ...rest } = item;
      if (seq === undefined || id === undefined) return [];
      const message = { ...rest, id, seq, cid: key.split('/').at(-1) ?? key, files: item.files ?? [], ...(replies ? { replies } : {}) };
      const highlights = matches(message);
      return highlights ? [{ room, message, highlights }] : [];
    }));
    return hits.sort((a, b) => Date.parse(b.message.ts) - Date.parse(a.message.ts) || b.message.seq - a.message.seq);
  }

  private head(room: string): number {
    return Math.max(0, ...this.items(room).slice(-20).map((item) => item.seq ?? 0));
  }

  private timeline(room: string, items: Item[]): void {
    this.emit({ type: 'timeline', slug: this.slug, room, change: { how: 'upsert', items } });
  }

  /** The message that a thread began with tells how many answers there are. */
  private answered(room: string, { thread, seq, ts }: MessageItem): void {
    if (thread === undefined || seq === undefined) return;
    this.change(room, thread, (old) => ({ ...old, replies: { count: (old.replies?.count ?? 0) + 1, last_seq: seq, last_ts: ts } }));
  }

  private change(room: string, id: string, change: (old: MessageItem) => MessageItem): void {
    const items = this.items(room);
    const at = items.findIndex((item) => item.kind === 'message' && item.id === id);
    const old = items[at];
    if (old?.kind !== 'message') return;
    const changed: Item = { kind: 'message', ...change(old) };
    items[at] = changed;
    this.timeline(room, [changed]);
  }
}
