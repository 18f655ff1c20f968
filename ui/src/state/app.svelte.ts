// The whole of what is drawn of one account, and the few things that one can do across features. Updates come in here and
// go to where they belong; whatever is refused becomes a toast. All accounts live side by side; what they share is in
// `Servers`.

import { SvelteMap } from 'svelte/reactivity';

import type { Account, AttentionWanted, FileInfo, Hosting, LinkState, Member, Picked, Place, Reminder, Room, Seat, Transfer, Update, User } from '../bindings';
import type { Question } from '../lib/ConfirmDialog.svelte';
import { asRefusal, refusal, type Refusal } from '../lib/error';
import type { Anchor } from '../lib/Floating.svelte';
import { keysFirst } from '../lib/keysfirst';
import type { Known } from '../lib/markdown/known';
import type { Port } from '../port';
import type { Choices } from './choices.svelte';
import type { Desk } from './desk';
import { forgetDrafts, keepDraft, keptDraft, wasSent } from './drafts';
import { linkTo, spotOf, type Spot } from './links';
import { LobbyState } from './lobby.svelte';
import { notification, localTime } from '../lib/notify';
import { t } from '../lib/locale/locale.svelte';
import { warningText } from '../lib/warning';
import { forgetMarks, keepMark, keptMark } from './marks';
import { PersonalState } from './personal.svelte';
import type { RoomState } from './room.svelte';
import { SearchState } from './search.svelte';
import { SeenThreads } from './seen.svelte';
import type { Servers } from './servers.svelte';
import type { SettingsState } from './settings.svelte';
import { ThreadState } from './thread.svelte';
import type { Toasts } from './toasts.svelte';
import { Trail, type Visit } from './trail';
import { WorkspaceState } from './workspace.svelte';
import type { Zoom } from './zoom';

/** What may lie over the page, one at a time. */
export type AppDialog = 'switcher' | 'keys' | 'settings' | 'create-room' | 'browse-rooms' | 'new-direct' | 'invite' | 'add-workspace' | 'profile'
  | 'commands' | 'workspace';
/** What may stand beside the timeline, one at a time. */
export type AppPanel = 'files' | 'members' | 'pins' | 'search' | 'thread';
/** A file of a message that is being written. */
export type Attached = Picked & {
  /** The page's own picture of it, until the server has one. */
  preview?: string;
  /** Why its upload could not begin. */
  error?: Refusal;
};
/** What goes over the links, as far as it was not told yet. */
export type Inspected = Extract<Update, { type: 'inspected' }>;
/** What the shell took over when it was dropped on the window. */
export type Dropped = Pick<Extract<Update, { type: 'dropped' }>, 'files' | 'links'>;
export type Connection = 'online' | 'connecting' | 'offline';

export class App {
  /** Names the account among those of this device. */
  readonly key: string;
  account = $state.raw<Account>() as Account;
  pending = $state(0);
  readonly links = new SvelteMap<string, LinkState>();
  /** The server showed another certificate than the one that is known. So it stays while the link is tried again. */
  certificateChanged = $state(false);
  readonly lobby = new LobbyState();
  /** Files on their way, by key; those that are done stay until their message is sent. */
  readonly transfers = new SvelteMap<string, Transfer>();
  /** The files of what is being written, by the draft's key. */
  readonly attached = new SvelteMap<string, readonly Attached[]>();
  /** The last download of each file: the key of its transfer, by the file's id. */
  readonly downloads = new SvelteMap<string, string>();
  /** What was dropped on the window, until the area that it was dropped on has taken it. */
  dropped = $state.raw<Dropped | null>(null);
  /** The images that are looked at, one of them large. */
  lightbox = $state.raw<{ images: readonly FileInfo[]; at: number } | null>(null);
  readonly workspaces = new SvelteMap<string, WorkspaceState>();
  readonly settings: SettingsState;
  readonly choices: Choices;
  readonly toasts: Toasts;
  dialog = $state<AppDialog | null>(null);
  /** Whose profile card floats where. */
  card = $state.raw<{ user: string; anchor: Anchor } | null>(null);
  /** What is asked before it is done, and who waits for the answer. */
  question = $state.raw<{ question: Question; answer: (yes: boolean) => void } | null>(null);
  readonly personal = new PersonalState((reminder) => this.remind(reminder));
  /** The user said that they are away: what they do meanwhile does not bring them back. */
  away = $state(false);
  /** The inspector is open, below everything else. */
  inspecting = $state(false);
  /** Who draws what goes over the links: the inspector, while it is open. */
  inspector: ((seen: Inspected) => void) | null = null;
  /** What stands beside the timeline. */
  panel = $state<AppPanel | null>(null);
  readonly search: SearchState;
  readonly seen = new SeenThreads();
  readonly trail = new Trail();
  readonly zoom: Zoom | null;
  /** An entry to be shown as soon as its room is there: a link was followed. */
  target = $state.raw<Spot | null>(null);
  private slug = $state<string | null>(null);
  private roomId = $state<string | null>(null);
  private stop: (() => void) | undefined;
  private place: Place;

  readonly workspace = $derived(this.slug === null ? null : (this.workspaces.get(this.slug) ?? null));
  readonly room: RoomState | null = $derived(this.roomId === null ? null : (this.workspace?.rooms.get(this.roomId) ?? null));
  readonly connection: Connection = $derived.by(() => {
    const links = [this.links.get('/'), this.slug === null ? undefined : this.links.get(`/${this.slug}`)];
    const known = links.filter((link) => link !== undefined);
    if (known.some((link) => link.is === 'waiting' || link.is === 'refused')) return 'offline';
    return known.length > 0 && known.every((link) => link.is === 'live') ? 'online' : 'connecting';
  });

  /** Mentions in all workspaces: what is open is counted from its rooms, which are told at once; the rest as the lobby has it. */
  readonly mentions: number = $derived(this.lobby.sorted.reduce((sum, { slug, mentions }) => {
    const open = this.workspaces.get(slug);
    return sum + (open?.info ? open.mentions : mentions);
  }, 0));

  /** Something in any workspace is unread that is to be seen in lists. */
  readonly unread: boolean = $derived(this.lobby.sorted.some(({ slug, unread }) => {
    const open = this.workspaces.get(slug);
    return open?.info ? [...open.rooms.values()].some((room) => room.signals) : unread > 0;
  }));

  /** What the words of messages stand for here. */
  readonly known: Known = $derived({
    logins: this.workspace?.logins ?? new Set<string>(),
    me: this.workspace?.me?.login ?? '',
    rooms: this.workspace?.idsByName ?? new Map<string, string>(),
    openRoom: (id) => this.openRoom(id),
    follow: (href) => this.servers.follow(href),
  });

  /** The server of this account, when this app hosts it. */
  readonly hosting: Hosting | null = $derived.by(() => {
    const { hosting } = this.servers;
    return hosting && [hosting.address, ...hosting.network].includes(this.account.address) ? hosting : null;
  });

  constructor(readonly servers: Servers, readonly port: Port, seat: Seat) {
    this.key = seat.key;
    this.account = seat.account;
    this.place = seat.place;
    this.search = new SearchState(port);
    this.settings = servers.settings;
    this.choices = servers.choices;
    this.toasts = servers.toasts;
    this.zoom = servers.zoom;
  }

  /** Its updates arrive from now on, beginning with the lobby. */
  begin(): void {
    this.seen.begin(this.account.user.id);
    this.stop = keysFirst((listener) => this.port.subscribe(listener), (update: Update) => this.apply(update));
    this.chooseWorkspace();
  }

  /** Does something that may be refused; a refusal is shown, and the answer is then undefined. */
  async attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (thrown) {
      this.toasts.refused(asRefusal(thrown));
      return undefined;
    }
  }

  /** Asks before something is done; true when it is to be done. */
  ask(question: Question): Promise<boolean> {
    this.question?.answer(false);
    return new Promise((resolve) => {
      this.question = { question, answer: (yes) => { this.question = null; resolve(yes); } };
    });
  }

  /** Whether somebody is at this device, as its input says; whoever said that they are away stays so. */
  async used(state: 'online' | 'away'): Promise<void> {
    if (!this.away) await this.port.setPresence(state).catch(() => undefined);
  }

  async setAway(away: boolean): Promise<void> {
    this.away = away;
    await this.attempt(() => this.port.setPresence(away ? 'away' : 'online'));
  }

  /** The address of somebody's picture; undefined when they have none. */
  pictureOf(user: string): string | undefined {
    const own = this.account.user.id === user ? this.account.user : undefined;
    const { avatar } = this.workspace?.members.get(user) ?? own ?? {};
    return avatar === undefined ? undefined : this.port.files.thumbUrl(avatar);
  }

  /** Opens the conversation with these people; answers with its room. */
  async openDirect(users: string[]): Promise<Room | undefined> {
    const found = await this.attempt(() => this.port.openDirect(users));
    if (found) this.enter(found);
    return found;
  }

  openWorkspace(slug: string): void {
    if (this.slug === slug) return;
    this.leaveThread();
    this.search.clear();
    if (this.panel === 'search') this.panel = null;
    this.slug = slug;
    this.roomId = null;
    if (!this.workspaces.has(slug)) this.workspaces.set(slug, this.newWorkspace(slug));
    void this.attempt(() => this.port.openWorkspace(slug));
    this.chooseRoom();
  }

  openRoom(id: string): void {
    const room = this.workspace?.rooms.get(id);
    if (!this.workspace || !room) return;
    if (this.roomId === id && room.timeline.loaded) return;
    this.leaveThread();
    this.roomId = id;
    this.recall(this.workspace.slug);
    if (this.servers.isInFront(this)) this.look(room);
    this.workspace.lastRoom = id;
    this.trail.visit(this.workspace.slug, id);
    this.place = { workspace: this.workspace.slug, room: id };
    const { place } = this;
    void this.attempt(() => this.port.savePlace(place));
    void this.loadRoom(id);
  }

  /** The user looks at this account: what came meanwhile stands below "New". */
  cameForward(): void {
    if (this.room) this.look(this.room);
  }

  /** Opens the thread that began with this message, beside its room. */
  openThread(room: RoomState, id: string): void {
    if (room !== this.room) return;
    if (room.thread?.id !== id) {
      const thread = new ThreadState(this.port, room, id);
      this.takeUp(thread);
      room.thread = thread;
      this.compareDrafts(room);
      void thread.load();
    }
    this.panel = 'thread';
  }

  /** Shows a panel, or puts it away when it is there. */
  togglePanel(panel: AppPanel): void {
    const open = this.panel !== panel && this.room !== null;
    this.leaveThread();
    this.panel = open ? panel : null;
  }

  closePanel(): void {
    this.leaveThread();
    this.panel = null;
  }

  /** Looks for messages in this room, or in all of the workspace. */
  openSearch(where: 'here' | 'everywhere'): void {
    if (this.panel !== 'search') this.togglePanel('search');
    this.search.open(where === 'here' ? (this.room?.info.id ?? null) : null);
  }

  /** Shows what others wrote to the user in all of the workspace, or puts it away. */
  toggleMentions(): void {
    const me = this.workspace?.me?.id;
    if (me === undefined) return;
    if (this.panel === 'search' && this.search.isFor(me)) return this.closePanel();
    if (this.panel !== 'search') this.togglePanel('search');
    this.search.only({ kind: 'mentions', user: me });
  }

  /** Shows an entry of a room of the open workspace, wherever it stands. */
  jump(spot: Spot): void {
    void this.attempt(() => this.goTo(spot));
  }

  /** From this entry on, the room counts as unread until it is opened again. */
  markUnread(room: RoomState, from: number): void {
    const me = this.workspace?.me?.id;
    const { read } = room.info;
    const again = room.timeline.all.filter((item) => item.kind === 'message' && item.author !== me && (item.seq ?? 0) >= from && (item.seq ?? Infinity) <= read);
    // Their own message counts too: somebody who marks it wants to come back to it.
    room.marked = { from, count: Math.max(1, again.length) };
    room.divider = from - 1;
    keepMark(this.account.user.id, room.info.id, room.marked);
  }

  /** Everything in the room is read, and its end is in view. */
  readToEnd(room: RoomState): void {
    room.marked = null;
    room.divider = null;
    keepMark(this.account.user.id, room.info.id, null);
    room.latestAsked += 1;
    if (room.head > room.info.read) void this.port.markRead(room.info.id, room.head).catch(() => undefined);
  }

  /** Every room of the open workspace is read. */
  async readAll(): Promise<void> {
    const unread = [...(this.workspace?.rooms.values() ?? [])].filter((room) => room.unread > 0);
    for (const room of unread) {
      room.marked = null;
      keepMark(this.account.user.id, room.info.id, null);
      if (room.info.unread > 0 && !(await this.attempt(async () => { await this.port.markRead(room.info.id, room.head); return true; }))) return;
    }
    if (unread.length > 0) this.toasts.done(t('app.all_read'));
  }

  /** Back (-1) or forward (1) through the rooms that were open. */
  async goAlong(by: -1 | 1): Promise<void> {
    const isThere = (visit: Visit): boolean => (this.workspaces.get(visit.workspace)?.rooms.has(visit.room) ?? false) && this.lobby.workspaces.has(visit.workspace);
    const visit = this.trail.step(by, isThere);
    if (visit) await this.attempt(() => this.goTo(visit));
  }

  /** Leaves a room, after asking where there is no way back. */
  async leaveRoom(room: RoomState): Promise<void> {
    const { id, kind, name } = room.info;
    const question = { title: t('app.leave_room', { name }), text: t('app.leave_private'), action: t('common.leave'), danger: true };
    if (kind !== 'private' || (await this.ask(question))) await this.port.leaveRoom(id);
  }

  /** The address of an entry of the open workspace, for others. */
  linkTo(room: string, seq: number): string {
    const server = this.hosting?.network[0] ?? this.account.address;
    return linkTo(server, { workspace: this.slug ?? '', room, seq });
  }

  /** The place on this server that an address leads to. */
  spotOf(href: string): Spot | null {
    return spotOf(href, [this.account.address, ...(this.hosting ? [this.hosting.address, ...this.hosting.network] : [])]);
  }

  /** Shows an entry of this account, from wherever the user is. */
  visit(spot: Spot): void {
    this.servers.bringForward(this.key);
    this.dialog = null;
    this.jump(spot);
  }

  /** Where the app is to be once it has begun. */
  aim(spot: Spot): void {
    this.target = spot.seq === undefined ? null : spot;
    this.place = { workspace: spot.workspace, room: spot.room };
  }

  /** A room that was just made, joined or found: it may not have come as an update yet. */
  enter(room: Room): void {
    const { workspace } = this;
    if (!workspace) return;
    if (!workspace.rooms.has(room.id)) workspace.apply({ type: 'room_changed', slug: workspace.slug, room });
    this.openRoom(room.id);
  }

  async signOut(): Promise<void> {
    await this.attempt(async () => {
      await this.port.signOut();
      this.signedOut(null);
    });
  }

  /** Nothing arrives any more, and whoever waits for an answer gets one. */
  end(): void {
    this.stop?.();
    this.port.notifier?.clear();
    this.question?.answer(false);
    this.personal.clear();
    for (const { preview } of [...this.attached.values()].flat()) if (preview !== undefined) URL.revokeObjectURL(preview);
  }

  /** What this device kept of the account beside the server is not for whoever comes next. */
  forget(): void {
    const { id } = this.account.user;
    forgetDrafts(id);
    forgetMarks(id);
    this.seen.forget(id);
  }

  apply(update: Update): void {
    switch (update.type) {
      case 'signed_out':
        return this.signedOut(update.error ?? null);
      case 'link':
        return this.linked(update.namespace, update.state);
      case 'outbox':
        this.pending = update.pending;
        return;
      case 'warning':
        return this.toasts.notice(warningText(update.warning));
      case 'notice':
        return this.toasts.notice(update.text);
      case 'lobby':
        this.lobby.apply(update);
        this.account = { ...this.account, user: update.user, server_name: update.server.name };
        // Removed from it while this device was away.
        if (this.slug !== null && !this.lobby.workspaces.has(this.slug)) this.slug = this.roomId = null;
        return this.chooseWorkspace();
      case 'workspace_changed':
        this.lobby.apply(update);
        this.workspaces.get(update.workspace.slug)?.renamed(update.workspace);
        return this.chooseWorkspace();
      case 'workspace_removed':
        this.lobby.apply(update);
        this.workspaces.delete(update.slug);
        this.links.delete(`/${update.slug}`);
        if (this.slug === update.slug) {
          this.slug = this.roomId = null;
          this.chooseWorkspace();
        }
        return;
      case 'personal':
        return this.personal.put(update.personal);
      case 'attention':
        return this.drawAttention(update.attention);
      case 'member_changed':
        if (this.account.user.id === update.member.id) this.account = { ...this.account, user: { ...this.account.user, ...profileOf(update.member) } };
        break;
      case 'transfer':
        if (update.transfer.state.is === 'cancelled') this.transfers.delete(update.transfer.key);
        else this.transfers.set(update.transfer.key, update.transfer);
        return;
      case 'inspected':
        return this.inspector?.(update);
      case 'quitting':
      case 'nearby':
      case 'dropped':
      case 'join':
        // Of no account: `Servers` hears them.
        return;
      case 'go':
        return this.visit(update);
      case 'read':
        this.port.notifier?.read(update.room, update.read);
        if (!this.workspaces.get(update.slug)?.info) return this.lobby.counted(update);
        break;
      default:
    }
    const slug = update.type === 'workspace' ? update.workspace.slug : update.slug;
    if (update.type === 'workspace' && !this.workspaces.has(slug)) this.workspaces.set(slug, this.newWorkspace(slug));
    this.workspaces.get(slug)?.apply(update);
    if (update.type === 'workspace' || update.type === 'room_changed') this.recall(slug);
    if (update.type === 'timeline') {
      const room = this.workspaces.get(slug)?.rooms.get(update.room);
      if (room) this.compareDrafts(room);
    }
    if (update.type === 'workspace' || update.type === 'room_removed') this.chooseRoom();
  }

  /** A notification of the system when nobody is at the page, and a line over the page otherwise. */
  private drawAttention(wanted: AttentionWanted): void {
    const now = new Date();
    const { room, workspace } = this;
    const present = document.hasFocus();
    const lookingAt = room && workspace && present && this.servers.isInFront(this) ? { workspace: workspace.slug, room: room.info.id } : null;
    const shown = notification(wanted, { personal: this.personal.kept, lookingAt, now, ...localTime(now) });
    if (!shown) return;
    const go = (): void => this.visit(shown.target);
    const { notifications, previews } = this.settings;
    const outside = { ...shown, body: previews ? shown.body : t('app.new_message') };
    if (!present && notifications && this.port.notifier?.show(outside, go)) return;
    const title = this.servers.several ? t('servers.title_on', { title: shown.title, server: this.account.server_name }) : shown.title;
    this.toasts.message(title, shown.body, go);
  }

  /** The line over the page says it too, until it is put away; in a desktop app the shell tells the system. */
  private remind(reminder: Reminder): void {
    const { notifications, previews } = this.settings;
    if (document.hasFocus() || !notifications || this.personal.quietNow()) return;
    const { workspace, room, seq = 0 } = reminder;
    const shown = { title: t('toast.reminder'), body: previews ? reminder.text : '', target: { workspace, room, seq } };
    this.port.notifier?.show(shown, () => this.visit(reminder));
  }

  private look(room: RoomState): void {
    room.opened();
    keepMark(this.account.user.id, room.info.id, null);
  }

  private async goTo(spot: Spot): Promise<void> {
    this.target = spot.seq === undefined ? null : spot;
    if (!this.lobby.workspaces.has(spot.workspace)) throw refusal('not_found', t('error.link_workspace'));
    if (this.slug !== spot.workspace) {
      const workspace = this.workspaces.get(spot.workspace) ?? this.newWorkspace(spot.workspace);
      workspace.lastRoom = spot.room;
      this.workspaces.set(spot.workspace, workspace);
      return this.openWorkspace(spot.workspace);
    }
    if (this.workspace?.rooms.has(spot.room)) return this.openRoom(spot.room);
    const joinable = (await this.port.listRooms()).find((room) => room.id === spot.room);
    if (!joinable) throw refusal('not_found', t('error.link_room'));
    this.enter(joinable);
  }

  private newWorkspace(slug: string): WorkspaceState {
    return new WorkspaceState(slug, () => this.personal.ignored);
  }

  /** An open thread goes with its room, and other panels stay. */
  private leaveThread(): void {
    if (this.room) this.room.thread = null;
    if (this.panel === 'thread') this.panel = null;
  }

  /** What this device knows about rooms beside what the server tells. */
  private recall(slug: string): void {
    const user = this.account.user.id;
    for (const [id, room] of this.workspaces.get(slug)?.rooms ?? []) {
      if (room.recalled) continue;
      room.recalled = true;
      if (room.draft === '') this.takeUp(room);
      room.marked ??= keptMark(user, id);
    }
  }

  /** Goes on with what this device has kept of it. */
  private takeUp(desk: Desk): void {
    desk.kept = keptDraft(this.account.user.id, desk.draftKey);
    desk.draft = desk.kept.text;
  }

  /** No kept draft stays that turns out to be among what was sent. */
  private compareDrafts(room: RoomState): void {
    const user = this.account.user.id;
    for (const desk of [room, room.thread]) {
      if (!desk?.kept || desk.draft === '' || desk.draft !== desk.kept.text || !wasSent(desk.kept, user, room.timeline.all)) continue;
      desk.draft = '';
      keepDraft(user, desk.draftKey, '');
    }
  }

  private linked(namespace: string, state: LinkState): void {
    this.links.set(namespace, state);
    if (namespace === '/' && state.is === 'live') this.certificateChanged = false;
    if (namespace === '/' && state.is === 'refused') this.certificateChanged = state.error.cause === 'certificate_changed';
    // A room that was opened while there was no link, and could not be loaded then.
    const { room } = this;
    if (state.is === 'live' && namespace === `/${this.slug}` && room && !room.timeline.loaded) void this.loadRoom(room.info.id);
  }

  private async loadRoom(id: string): Promise<void> {
    try {
      const joined = await this.port.openRoom(id);
      const room = this.workspace?.rooms.get(id);
      if (room) {
        room.members = joined.members;
        room.online = joined.online;
      }
    } catch (thrown) {
      const error = asRefusal(thrown);
      // Offline is a state, not an error: the chip says so, and the room is loaded when the link is up.
      if (error.code !== 'unavailable' && this.roomId === id) this.toasts.refused(error);
    }
  }

  private chooseWorkspace(): void {
    if (this.slug !== null) return;
    const { workspaces, ready, sorted } = this.lobby;
    const last = this.place.workspace;
    if (last !== null && (!ready || workspaces.has(last))) this.openWorkspace(last);
    else if (sorted[0]) this.openWorkspace(sorted[0].slug);
  }

  private chooseRoom(): void {
    const { workspace } = this;
    if (!workspace || (this.roomId !== null && workspace.rooms.has(this.roomId))) return;
    this.roomId = null;
    const last = workspace.lastRoom ?? (this.place.workspace === workspace.slug ? this.place.room : null);
    if (last !== null && workspace.rooms.has(last)) return this.openRoom(last);
    const first = workspace.named.find((room) => room.info.name === 'general') ?? workspace.named[0] ?? workspace.direct[0];
    if (first) this.openRoom(first.info.id);
  }

  private signedOut(error: Refusal | null): void {
    this.servers.signedOut(this, error);
  }
}

function profileOf({ display_name, status, status_until }: Member): Partial<User> {
  return { display_name, ...(status === undefined ? {} : { status }), ...(status_until === undefined ? {} : { status_until }) };
}
