// The back end in a browser: HTTP and Socket.IO to the server that served the page. It does here what the `client`
// crate does in the desktop app, and tells the UI the very same updates.

import type {
  Account, CredentialStore, Hosting, Invite, InviteRequest, Member, MessageItem, MessageSearch,
  NewMessage, Place, Probe, Room, RoomCreate, RoomJoined, RoomUpdate, SearchPage, Seat, Session, Settings, Start, Thread,
  Trust, Update, Workspace, WorkspaceCreate, WorkspaceUpdate, PersonalSet, ProfileChange, ReminderSet, User, Role,
} from '../../bindings';
import { deviceName } from '../../lib/device';
import { asRefusal, refusal, type Refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import type { Port, Shell } from '../index';
import { Device } from './device';
import { WebFiles } from './files';
import { Api } from './http';
import { WebNotifier } from './notifier';
import { WebInspector } from './inspector';
import { forgetPlace, keepPlace, keepSettings, keptPlace, keptSettings } from './kept';
import { messageItem } from './roomlog';
import { AccountSession } from './session';
import { registerShell } from './shell';
import type { WorkspaceSession } from './workspace';

/** The shell and its one account: a page is about the server that served it. */
export class WebPort implements Shell, Port {
  readonly kind = 'web';
  private readonly listeners = new Set<(update: Update) => void>();
  /** What the session said before anybody listened to it. */
  private early: Update[] = [];
  private readonly api = new Api(location.origin);
  private readonly device = new Device();
  private session: AccountSession | undefined;
  readonly notifier = new WebNotifier();
  readonly desktop = null;
  readonly inspector = new WebInspector(() => this.mine(), (update) => this.emit(update));
  readonly nearby = null;
  readonly trust = null;
  readonly files = new WebFiles(this.api, { emit: (update) => this.emit(update) });

  /** Nothing happens here that is of no account. */
  listen = () => (): void => undefined;

  of(): Port {
    return this;
  }

  subscribe(listener: (update: Update) => void): () => void {
    this.listeners.add(listener);
    for (const update of this.early.splice(0)) listener(update);
    return () => this.listeners.delete(listener);
  }

  /** Whoever was signed in here last is, until the server says otherwise: their session is a cookie, and yesterday's
      state is there before any answer. */
  async start(): Promise<Start> {
    registerShell();
    const account = (await this.device.account()) ?? (await this.whoIsThere());
    if (account) await this.begin(account);
    return {
      accounts: this.session ? [this.seat()] : [], front: null, hosting: null, credentials: 'browser',
      settings: keptSettings(), can_host: false, can_add: false,
    };
  }

  async saveSettings(settings: Settings): Promise<void> {
    keepSettings(settings);
  }

  async chooseCredentialStore(): Promise<CredentialStore> {
    return 'browser';
  }

  // --- server ---

  async probe(address: string): Promise<Probe> {
    const { origin } = this.api;
    const trust: Trust = { kind: origin.startsWith('https:') ? 'signed' : 'clear' };
    const found = { address: origin, entry: origin, trust, server: await this.api.server() };
    const code = /\/join\/([^/?#\s]+)/.exec(address)?.[1];
    if (!code) return { ...found, invite: null, workspace_name: null };
    const invite = decodeURIComponent(code);
    const { workspace_name } = await this.api.invite(invite).catch((thrown: unknown) => {
      const error = asRefusal(thrown);
      throw error.code === 'not_found' ? refusal('not_found', t('error.invite_over')) : error;
    });
    return { ...found, invite, workspace_name };
  }

  async host(): Promise<Seat> {
    throw refusal('forbidden', t('error.browser_host'));
  }

  joinAsGuest(_address: string, display_name: string, invite?: string): Promise<Seat> {
    return this.signedIn('/guests', { display_name, ...(invite ? { invite } : {}) });
  }

  signUp(_address: string, login: string, display_name: string, password: string, invite?: string): Promise<Seat> {
    return this.signedIn('/accounts', { login, display_name, password, ...(invite ? { invite } : {}) });
  }

  signIn(_address: string, login: string, password: string): Promise<Seat> {
    return this.signedIn('/sessions', { login, password, device: deviceName(navigator.userAgent) });
  }

  setUp(
    _address: string, setup_token: string, server_name: string, login: string, display_name: string, password: string,
  ): Promise<Seat> {
    return this.signedIn('/setup', { setup_token, server_name, login, display_name, password });
  }

  async toFront(): Promise<void> {
    // There is no other.
  }

  async signOut(): Promise<void> {
    const { session } = this;
    session?.depart(true);
    await this.api.signOut().catch((thrown: unknown) => {
      // A session that is gone already is what was asked for.
      if (asRefusal(thrown).code === 'unauthorized') return;
      session?.depart(false);
      throw thrown;
    });
    await session?.leave();
  }

  async hosting(): Promise<Hosting | null> {
    return null;
  }

  async connected(): Promise<User[]> {
    return [];
  }

  createInvite = (request: InviteRequest): Promise<Invite> => this.api.createInvite(request);
  sessions = (): Promise<Session[]> => this.api.sessions();
  revokeSession = (id: string): Promise<void> => this.api.revokeSession(id);

  // --- namespace ---

  async openWorkspace(slug: string): Promise<void> {
    this.mine().openWorkspace(slug);
  }

  async createWorkspace(request: WorkspaceCreate): Promise<Workspace> {
    return this.mine().lobbyChanged((await this.mine().ask('workspace:create', request)).workspace);
  }

  async listWorkspaces(): Promise<Workspace[]> {
    return (await this.mine().ask('workspace:list', {})).workspaces;
  }

  async joinWorkspace(slug: string): Promise<Workspace> {
    return this.mine().lobbyChanged((await this.mine().ask('workspace:join', { slug })).workspace);
  }

  async updateWorkspace(request: WorkspaceUpdate): Promise<Workspace> {
    return this.mine().lobbyChanged((await this.mine().ask('workspace:update', request)).workspace);
  }

  async archiveWorkspace(slug: string): Promise<void> {
    await this.mine().ask('workspace:archive', { slug });
    this.mine().removed(slug);
  }

  async leaveWorkspace(slug: string): Promise<void> {
    await this.mine().ask('workspace:leave', { slug });
    this.mine().removed(slug);
  }

  // --- room ---

  openRoom = async (room: string): Promise<RoomJoined> => this.mine().openRoom(room);

  async listRooms(): Promise<Room[]> {
    return (await this.here().link.request('room:list', {})).rooms;
  }

  async createRoom(request: RoomCreate): Promise<Room> {
    return this.here().adopt((await this.here().link.request('room:create', request)).room);
  }

  async updateRoom(request: RoomUpdate): Promise<Room> {
    return this.here().adopt((await this.here().link.request('room:update', request)).room);
  }

  async leaveRoom(room: string): Promise<void> {
    await this.here().link.request('room:leave', { room });
    this.emit({ type: 'room_removed', slug: this.here().slug, room });
  }

  async inviteToRoom(room: string, users: string[]): Promise<Room> {
    return this.here().adopt((await this.here().link.request('room:invite', { room, users })).room);
  }

  async updateMember(user: string, role: Role): Promise<void> {
    await this.here().link.request('member:update', { user, role });
  }

  async removeMember(user: string): Promise<void> {
    await this.here().link.request('member:remove', { user });
  }

  async kickFromRoom(room: string, user: string): Promise<void> {
    await this.here().link.request('room:kick', { room, user });
  }

  async roomMembers(room: string): Promise<Member[]> {
    return (await this.here().link.request('room:members', { room })).members;
  }

  async openDirect(users: string[]): Promise<Room> {
    return this.here().adopt((await this.here().link.request('direct:open', { users })).room);
  }

  loadOlder = async (room: string): Promise<void> => this.here().timelines.older(room);

  // --- message ---

  async send({ room, ...message }: NewMessage): Promise<string> {
    return this.mine().write(room, { is: 'message', ...message });
  }

  async edit(room: string, id: string, text: string): Promise<void> {
    await this.mine().write(room, { is: 'edit', id, text });
  }

  async delete(room: string, id: string): Promise<void> {
    await this.mine().write(room, { is: 'delete', id });
  }

  async react(room: string, id: string, emoji: string, on: boolean): Promise<void> {
    await this.mine().write(room, { is: 'reaction', id, emoji, on });
  }

  async pin(room: string, id: string, on: boolean): Promise<void> {
    await this.mine().write(room, { is: 'pin', id, on });
  }

  async thread(room: string, id: string, before?: number): Promise<Thread> {
    const request = { room, id, ...(before === undefined ? {} : { before }) };
    const { messages, start } = await this.here().link.request('message:thread', request);
    return { messages: messages.map(messageItem), start };
  }

  async pins(room: string): Promise<MessageItem[]> {
    let pinned: MessageItem[] = [];
    for (;;) {
      const before = pinned[0]?.seq;
      const request = { room, ...(before === undefined ? {} : { before }) };
      const { messages, start } = await this.here().link.request('room:pins', request);
      pinned = [...messages.map(messageItem), ...pinned];
      if (start || messages.length === 0) return pinned;
    }
  }

  search = async (request: MessageSearch): Promise<SearchPage> => this.here().link.request('message:search', request);
  searchLocal = async (request: MessageSearch): Promise<SearchPage> => this.here().searchKept(request);

  retry = async (_room: string, key: string): Promise<void> => this.mine().retry(key);
  discard = async (_room: string, key: string): Promise<void> => this.mine().discard(key);
  markRead = async (room: string, seq: number): Promise<void> => this.here().markRead(room, seq);

  async setTyping(room: string, on: boolean, thread?: string): Promise<void> {
    this.session?.setTyping(room, on, thread);
  }

  async setPresence(state: 'online' | 'away'): Promise<void> {
    this.session?.setPresence(state);
  }

  updateProfile = (change: ProfileChange): Promise<User> => this.api.updateProfile(change);
  setPersonal = async (request: PersonalSet): Promise<void> => void (await this.mine().ask('personal:set', request));
  ignoreUser = async (user: string, on: boolean): Promise<void> => void (await this.mine().ask('user:ignore', { user, on }));
  setReminder = async (request: ReminderSet): Promise<void> => void (await this.mine().ask('reminder:set', request));
  removeReminder = async (id: string): Promise<void> => void (await this.mine().ask('reminder:remove', { id }));

  drawn(): void {
    performance.mark('first room drawn');
  }

  async savePlace(place: Place): Promise<void> {
    keepPlace(place);
  }

  // --- inside ---

  private emit(update: Update): void {
    if (this.listeners.size === 0) this.early.push(update);
    for (const listener of this.listeners) listener(update);
  }

  private mine(): AccountSession {
    if (!this.session) throw refusal('unauthorized', t('error.signed_out'));
    return this.session;
  }

  private here(): WorkspaceSession {
    return this.mine().here;
  }

  /** Asks the server; undefined when nobody is signed in. */
  private async whoIsThere(): Promise<Account | undefined> {
    try {
      const user = await this.api.me();
      const { name } = await this.api.server();
      return { address: this.api.origin, server_name: name, user };
    } catch (thrown) {
      if (asRefusal(thrown).code === 'unauthorized') return undefined;
      throw thrown;
    }
  }

  private async signedIn(path: Parameters<Api['beginSession']>[0], body: object): Promise<Seat> {
    await this.begin(await this.api.beginSession(path, body));
    return this.seat();
  }

  private seat(): Seat {
    const { account } = this.mine();
    return { key: account.user.id, account, place: keptPlace() };
  }

  private async begin(account: Account): Promise<void> {
    // What an earlier session said to nobody is not of this one.
    this.early = [];
    this.session = await AccountSession.begin(account, this.api.origin, {
      device: this.device,
      emit: (update) => this.emit(update),
      ended: (error) => this.ended(error),
    });
  }

  private ended(error: Refusal | null): void {
    this.inspector.close();
    this.session = undefined;
    this.files.close();
    forgetPlace();
    this.emit({ type: 'signed_out', ...(error ? { error } : {}) });
  }
}
