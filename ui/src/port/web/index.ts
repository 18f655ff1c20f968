// The back end in a browser: HTTP and Socket.IO to the server that served the page. It does here what the `client`
// crate does in the desktop app, and tells the UI the very same updates.

import type {
  Account, CredentialStore, HistoryPage, Hosting, Invite, InviteRequest, LinkState, Member, MessageSend, NewMessage,
  Place, Probe, RequestMap, Room, RoomCreate, RoomJoined, RoomUpdate, Session, Settings, Start, Update, Workspace,
  WorkspaceCreate,
} from '../../bindings';
import { deviceName } from '../../lib/device';
import { asRefusal, isRetryable, refusal, type Refusal } from '../../lib/error';
import type { Port } from '../index';
import { backoff } from './backoff';
import { Connection, type Link } from './connection';
import { Api } from './http';
import { forgetPlace, keepPlace, keepSettings, keptPlace, keptSettings } from './kept';
import { Outbox, type Sent } from './outbox';
import { uuid7 } from './uuid';
import { WorkspaceSession } from './workspace';

const CLIENT = 'confab-web/0.1.0';
/** Workspaces whose links stay up; the least recently opened one with nothing to send goes first. */
const OPEN_MAX = 5;
const FRAME_BYTES = 128 * 1024;
/** Edits and the like are repeated under one `cid`: harmless, and it rides over a short break. */
const WRITE_ATTEMPTS = 3;

export class WebPort implements Port {
  readonly kind = 'web';
  private readonly listeners = new Set<(update: Update) => void>();
  private readonly api = new Api(location.origin);
  private readonly outbox: Outbox;
  private readonly open = new Map<string, WorkspaceSession>();
  private account: Account | null = null;
  private connection: Connection | undefined;
  private lobby: Link | undefined;
  private current: WorkspaceSession | undefined;
  private epoch: string | undefined;
  private frameBytes = FRAME_BYTES;

  constructor() {
    this.outbox = new Outbox({
      transmit: (slug, messages) => this.transmit(slug, messages),
      live: (slug) => this.open.get(slug)?.ready ?? false,
      changed: (slug, room, items) => this.open.get(slug)?.upsert(room, items),
      count: (pending) => this.emit({ type: 'outbox', pending }),
      frameBytes: () => this.frameBytes,
      me: () => this.account?.user.id ?? '',
      newId: uuid7,
      now: () => new Date(),
    });
  }

  subscribe(listener: (update: Update) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async start(): Promise<Start> {
    try {
      const user = await this.api.me();
      const { name } = await this.api.server();
      this.connect({ address: this.api.origin, server_name: name, user });
    } catch (thrown) {
      if (asRefusal(thrown).code !== 'unauthorized') throw thrown;
    }
    return {
      account: this.account, place: keptPlace(), hosting: null, credentials: 'browser', settings: keptSettings(),
      can_host: false,
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
    const server = await this.api.server();
    const code = /\/join\/([^/?#\s]+)/.exec(address)?.[1];
    if (!code) return { address: this.api.origin, invite: null, workspace_name: null, server };
    const invite = decodeURIComponent(code);
    const { workspace_name } = await this.api.invite(invite).catch((thrown: unknown) => {
      const error = asRefusal(thrown);
      throw error.code === 'not_found' ? refusal('not_found', 'This invite link is used up or has expired. Ask for a new one.') : error;
    });
    return { address: this.api.origin, invite, workspace_name, server };
  }

  async host(): Promise<Account> {
    throw refusal('forbidden', 'A browser cannot host. Use the desktop app, or run confab-server.');
  }

  joinAsGuest(_address: string, display_name: string, invite?: string): Promise<Account> {
    return this.begin('/guests', { display_name, ...(invite ? { invite } : {}) });
  }

  signUp(_address: string, login: string, display_name: string, password: string, invite?: string): Promise<Account> {
    return this.begin('/accounts', { login, display_name, password, ...(invite ? { invite } : {}) });
  }

  signIn(_address: string, login: string, password: string): Promise<Account> {
    return this.begin('/sessions', { login, password, device: deviceName(navigator.userAgent) });
  }

  setUp(
    _address: string, setup_token: string, server_name: string, login: string, display_name: string, password: string,
  ): Promise<Account> {
    return this.begin('/setup', { setup_token, server_name, login, display_name, password });
  }

  async signOut(): Promise<void> {
    await this.api.signOut().catch((thrown: unknown) => {
      // A session that is gone already is what was asked for.
      if (asRefusal(thrown).code !== 'unauthorized') throw thrown;
    });
    this.end();
  }

  async hosting(): Promise<Hosting | null> {
    return null;
  }

  createInvite = (request: InviteRequest): Promise<Invite> => this.api.createInvite(request);
  sessions = (): Promise<Session[]> => this.api.sessions();
  revokeSession = (id: string): Promise<void> => this.api.revokeSession(id);

  // --- namespace ---

  async openWorkspace(slug: string): Promise<void> {
    const { connection } = this;
    if (!connection) throw signedOut();
    let workspace = this.open.get(slug);
    if (workspace) workspace.show();
    else workspace = new WorkspaceSession(slug, connection, this.outbox, (update) => this.emit(update));
    this.current = workspace;
    this.open.delete(slug);
    this.open.set(slug, workspace);
    for (const [other, session] of this.open) {
      if (this.open.size <= OPEN_MAX) break;
      if (session !== workspace && !this.outbox.waits(other)) this.shut(other);
    }
  }

  async createWorkspace(request: WorkspaceCreate): Promise<Workspace> {
    return this.lobbyChanged((await this.ask('workspace:create', request)).workspace);
  }

  async listWorkspaces(): Promise<Workspace[]> {
    return (await this.ask('workspace:list', {})).workspaces;
  }

  async joinWorkspace(slug: string): Promise<Workspace> {
    return this.lobbyChanged((await this.ask('workspace:join', { slug })).workspace);
  }

  async leaveWorkspace(slug: string): Promise<void> {
    await this.ask('workspace:leave', { slug });
    this.shut(slug);
    this.emit({ type: 'workspace_removed', slug });
  }

  // --- room ---

  openRoom = (room: string): Promise<RoomJoined> => this.here().openRoom(room);

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

  async kickFromRoom(room: string, user: string): Promise<void> {
    await this.here().link.request('room:kick', { room, user });
  }

  async roomMembers(room: string): Promise<Member[]> {
    return (await this.here().link.request('room:members', { room })).members;
  }

  async openDirect(users: string[]): Promise<Room> {
    return this.here().adopt((await this.here().link.request('direct:open', { users })).room);
  }

  loadOlder = (room: string): Promise<HistoryPage> => this.here().older(room);

  // --- message ---

  async send(message: NewMessage): Promise<string> {
    return this.outbox.add(this.here().slug, message);
  }

  async edit(room: string, id: string, text: string): Promise<void> {
    await this.write('message:edit', { room, id, text, cid: uuid7() });
  }

  async delete(room: string, id: string): Promise<void> {
    await this.write('message:delete', { room, id, cid: uuid7() });
  }

  async react(room: string, id: string, emoji: string, on: boolean): Promise<void> {
    await this.write('message:react', { room, id, emoji, on, cid: uuid7() });
  }

  async retry(_room: string, key: string): Promise<void> {
    this.outbox.retry(key);
  }

  async discard(room: string, key: string): Promise<void> {
    const { slug } = this.here();
    if (this.outbox.discard(key)) this.emit({ type: 'timeline', slug, room, change: { how: 'remove', keys: [key] } });
  }

  async markRead(room: string, seq: number): Promise<void> {
    const workspace = this.here();
    const { read } = await workspace.link.request('read:mark', { room, seq });
    workspace.read(room, read);
  }

  async setTyping(room: string, on: boolean): Promise<void> {
    if (this.current?.ready) this.current.link.volatile('typing:set', { room, on });
  }

  async setPresence(state: 'online' | 'away'): Promise<void> {
    for (const workspace of this.open.values()) workspace.setPresence(state);
  }

  async savePlace(place: Place): Promise<void> {
    keepPlace(place);
  }

  // --- inside ---

  private emit(update: Update): void {
    for (const listener of this.listeners) listener(update);
  }

  private here(): WorkspaceSession {
    if (!this.current) throw refusal('not_found', 'No workspace is open.');
    return this.current;
  }

  private async begin(path: Parameters<Api['beginSession']>[0], body: object): Promise<Account> {
    const account = await this.api.beginSession(path, body);
    this.connect(account);
    return account;
  }

  private connect(account: Account): void {
    this.end('quietly');
    this.account = account;
    this.connection = new Connection(this.api.origin, CLIENT);
    this.lobby = this.connection.open('/', {
      'lobby:ready': ({ user, server, workspaces }) => {
        if (this.epoch !== undefined && this.epoch !== server.epoch) this.otherEpoch();
        this.epoch = server.epoch;
        this.frameBytes = server.limits.frame_bytes;
        if (this.account) this.account = { ...this.account, user, server_name: server.name };
        this.emit({ type: 'lobby', user, server, workspaces });
        this.emit({ type: 'link', namespace: '/', state: { is: 'live' } });
      },
      'workspace:added': ({ workspace }) => {
        if (workspace.role !== null) this.lobbyChanged(workspace);
      },
      'workspace:changed': ({ workspace }) => this.lobbyChanged(workspace),
      'workspace:removed': ({ workspace: { slug } }) => {
        this.shut(slug);
        this.emit({ type: 'workspace_removed', slug });
      },
      'unread:changed': ({ workspace, room, head, unread, mentions }) => {
        const open = this.open.get(workspace);
        // A workspace that is not open has no read marker here; the counts are what its badge needs.
        if (open) open.read(room, 0, { unread, mentions, head });
        else this.emit({ type: 'read', slug: workspace, room, head, read: 0, unread, mentions });
      },
      'session:revoked': () => this.end(refusal('unauthorized', 'This session was ended from another device.')),
      'notice:posted': (notice) => this.emit({ type: 'notice', ...notice }),
    }, (state) => this.lobbyState(state));
  }

  private lobbyState(state: LinkState): void {
    if (state.is === 'refused' && state.error.code === 'unauthorized') this.end(state.error);
    else this.emit({ type: 'link', namespace: '/', state });
  }

  private lobbyChanged(workspace: Workspace): Workspace {
    this.emit({ type: 'workspace_changed', workspace });
    return workspace;
  }

  /** The database was restored from a backup: what is here may contradict it. */
  private otherEpoch(): void {
    const place = this.current?.slug;
    for (const slug of [...this.open.keys()]) this.shut(slug);
    if (place) void this.openWorkspace(place);
  }

  private shut(slug: string): void {
    const workspace = this.open.get(slug);
    if (!workspace) return;
    workspace.close();
    this.open.delete(slug);
    if (this.current === workspace) this.current = undefined;
  }

  /** Nobody is signed in any more. */
  private end(why?: Refusal | 'quietly'): void {
    const wasSignedIn = this.account !== null;
    for (const slug of [...this.open.keys()]) this.shut(slug);
    this.connection?.close();
    this.connection = this.lobby = this.current = this.epoch = undefined;
    this.account = null;
    if (why === 'quietly' || !wasSignedIn) return;
    this.outbox.clear();
    forgetPlace();
    this.emit({ type: 'signed_out', ...(why ? { error: why } : {}) });
  }

  private ask<E extends keyof RequestMap>(event: E, body: RequestMap[E]['request']): Promise<RequestMap[E]['reply']> {
    return this.lobby ? this.lobby.request(event, body) : Promise.reject(signedOut());
  }

  private async write<E extends 'message:edit' | 'message:delete' | 'message:react'>(
    event: E, body: RequestMap[E]['request'],
  ): Promise<void> {
    const { link } = this.here();
    for (let attempt = 1; ; attempt++) {
      try {
        await link.request(event, body);
        return;
      } catch (thrown) {
        const error = asRefusal(thrown);
        if (!isRetryable(error.code) || attempt >= WRITE_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, backoff(attempt, error.retry_after_ms)));
      }
    }
  }

  private async transmit(slug: string, messages: MessageSend[]): Promise<Sent[]> {
    const link = this.open.get(slug)?.link;
    const [only] = messages;
    if (!link || !only) throw refusal('unavailable', 'The workspace is not open.');
    if (messages.length > 1) {
      const { results } = await link.request('message:send_batch', { messages });
      return results.map(sentIn);
    }
    try {
      return [{ ok: true, sent: await link.request('message:send', only) }];
    } catch (thrown) {
      return [{ ok: false, error: asRefusal(thrown) }];
    }
  }
}

/** One message's answer in a batch has the shape of any other. */
function sentIn(result: unknown): Sent {
  const { ok, error, ...sent } = result as { ok?: unknown; error?: unknown } & RequestMap['message:send']['reply'];
  return ok === true ? { ok, sent } : { ok: false, error: asRefusal(error) };
}

function signedOut(): Refusal {
  return refusal('unauthorized', 'You are signed out. Sign in again.');
}
