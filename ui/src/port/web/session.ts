// One signed-in account in this page: its connection, lobby and open workspaces, its outbox, and what this device keeps.

import type { Account, LinkState, RequestMap, RoomJoined, Update, Workspace } from '../../bindings';
import { refusal, type Refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import { Cache } from './cache';
import { Connection, type Link } from './connection';
import type { Device } from './device';
import { NoDisk, type CachedLobby, type Disk } from './disk';
import { Outbox } from './outbox';
import { Tabs, type Note } from './tabs';
import { transmit } from './transmit';
import { uuid7 } from './uuid';
import { grouped, type Waiting } from './waiting';
import { WorkspaceSession } from './workspace';

const CLIENT = 'confab-web/0.1.0';
/** Workspaces whose links stay up; the least recently opened one with nothing to send goes first. */
const OPEN_MAX = 5;
const FRAME_BYTES = 128 * 1024;
/** The tab in which somebody signs out tells the others before they believe that it was another device. */
const GRACE_MS = 1_000;

export interface SessionWorld {
  device: Device;
  emit(update: Update): void;
  /** Nobody is signed in any more. */
  ended(error: Refusal | null): void;
}

export class AccountSession {
  private readonly outbox: Outbox;
  private readonly cache: Cache;
  private readonly tabs: Tabs;
  readonly connection: Connection;
  readonly client = CLIENT;
  private lobby: Link | undefined;
  private known: CachedLobby | undefined;
  private readonly open = new Map<string, WorkspaceSession>();
  private current: WorkspaceSession | undefined;
  private frameBytes = FRAME_BYTES;
  private admitted = false;
  /** Another life of the database was turned to: until then no workspace is there to open a room in. */
  private turned: Promise<void> = Promise.resolve();
  private over = false;
  /** Where they sign out just now. The server ends the session for all tabs before that one can say that it is done. */
  private leaving: 'here' | 'elsewhere' | null = null;
  private readonly told = new Set<string>();

  /** Opens what this device keeps of the account, tells it, and begins to connect. */
  static async begin(account: Account, origin: string, world: SessionWorld): Promise<AccountSession> {
    await world.device.keep(account);
    const { disk, durable } = await world.device.disk(account.user.id);
    const session = new AccountSession(account, origin, world, disk, durable);
    if (!durable) session.notice(t('storage.nothing'));
    session.restore(await session.cache.lobby());
    session.connect();
    await session.outbox.load().catch((thrown: unknown) => session.trouble(thrown, t('storage.unread')));
    return session;
  }

  private constructor(
    public account: Account,
    origin: string,
    private readonly world: SessionWorld,
    private readonly disk: Disk,
    durable: boolean,
  ) {
    this.cache = new Cache(disk, (thrown) => this.trouble(thrown, t('storage.full_cache')));
    this.outbox = new Outbox({
      transmit: (slug, batch) => transmit(this.open.get(slug)?.link, batch),
      live: (slug) => this.tabs.leading && this.linkTo(slug).ready,
      changed: (list) => this.changed(list),
      discarded: (list) => this.undone(list, 'discarded'),
      settled: (list) => this.undone(list, 'settled'),
      count: (pending) => this.world.emit({ type: 'outbox', pending }),
      reached: (slug, room) => this.open.get(slug)?.timelines.reached(room) ?? Infinity,
      cached: (room) => this.cache.settled(room),
      post: (note) => this.tabs.post(note),
      trouble: (thrown) => this.trouble(thrown, t('storage.full')),
      frameBytes: () => this.frameBytes,
      me: () => this.account.user.id,
      newId: uuid7,
      now: () => new Date(),
    }, disk);
    this.tabs = new Tabs(account.user.id, disk, {
      heard: (note) => this.heard(note),
      lead: () => this.reload(),
      woke: () => this.reload(),
    }, durable);
    this.connection = new Connection(origin, CLIENT);
  }

  // --- what the port asks for ---

  /** The workspace that is looked at. */
  get here(): WorkspaceSession {
    if (!this.current) throw refusal('not_found', t('error.no_workspace'));
    return this.current;
  }

  async openRoom(room: string): Promise<RoomJoined> {
    await this.turned;
    return this.here.openRoom(room);
  }

  openWorkspace(slug: string): void {
    const known = this.open.has(slug);
    const workspace = this.linkTo(slug);
    if (known) workspace.show();
    this.current = workspace;
    this.open.delete(slug);
    this.open.set(slug, workspace);
    for (const [other, session] of this.open) {
      if (this.open.size <= OPEN_MAX) break;
      if (session !== workspace && !this.outbox.waits(other)) this.shut(other);
    }
  }

  /** Queues a message or a change to one; answers once it is safe on this device. */
  write(room: string, what: Waiting['what']): Promise<string> {
    const { slug, timelines } = this.here;
    return this.outbox.add(slug, room, what, what.is === 'message' ? undefined : timelines.rowKey(room, what.id));
  }

  retry = (row: string): Promise<void> => this.outbox.retry(row);
  discard = (row: string): Promise<void> => this.outbox.discard(row);

  setTyping(room: string, on: boolean, thread?: string): void {
    if (this.current?.ready) this.current.link.volatile('typing:set', { room, on, ...(thread ? { thread } : {}) });
  }

  setPresence(state: 'online' | 'away'): void {
    for (const workspace of this.open.values()) workspace.setPresence(state);
  }

  ask<E extends keyof RequestMap>(event: E, body: RequestMap[E]['request']): Promise<RequestMap[E]['reply']> {
    if (!this.lobby) throw refusal('unavailable', t('error.no_connection'));
    return this.lobby.request(event, body);
  }

  lobbyChanged(workspace: Workspace): Workspace {
    const others = this.known?.workspaces.filter(({ slug }) => slug !== workspace.slug) ?? [];
    this.keepLobby(workspace.role === null ? others : [...others, workspace]);
    this.world.emit({ type: 'workspace_changed', workspace });
    return workspace;
  }

  /** The caller is no longer in that workspace. */
  removed(slug: string): void {
    this.shut(slug);
    this.cache.dropWorkspace(slug);
    this.keepLobby(this.known?.workspaces.filter((workspace) => workspace.slug !== slug) ?? []);
    this.world.emit({ type: 'workspace_removed', slug });
    this.outbox.refuse(slug, refusal('not_found', t('error.workspace_left')));
  }

  /** They are about to sign out, or could not. */
  depart(on: boolean): void {
    this.leaving = on ? 'here' : null;
    this.tabs.post({ is: 'leaving', on });
  }

  /** They signed out: nothing stays. */
  async leave(): Promise<void> {
    this.tabs.post({ is: 'ended', error: null });
    this.close();
    await this.world.device.forget(this.account.user.id, 'left');
    // Another tab may still hold it open for a moment; the browser deletes it then.
    await this.disk.destroy().catch((thrown: unknown) => console.warn('the account stays on this device', thrown));
    this.world.ended(null);
  }

  // --- inside ---

  /** The session was ended elsewhere. What others wrote goes at once; what this person wrote and was not sent waits
      for them to sign in again, and only for them. */
  private async end(error: Refusal): Promise<void> {
    if (this.over || this.leaving === 'here') return;
    if (this.leaving) return this.heard({ is: 'ended', error: null });
    const cleared = this.cache.clear();
    this.close();
    await cleared;
    this.disk.close();
    await this.world.device.forget(this.account.user.id, 'ended');
    this.world.ended(error);
  }

  private close(): void {
    this.over = true;
    for (const slug of [...this.open.keys()]) this.shut(slug);
    this.connection.close();
    this.outbox.close();
    this.cache.close();
    this.tabs.close();
  }

  private restore(lobby: CachedLobby | undefined): void {
    this.known = lobby;
    if (lobby) this.draw(lobby);
  }

  private draw({ user, server, workspaces, personal }: CachedLobby): void {
    this.world.emit({ type: 'lobby', user, server, workspaces });
    if (personal) this.world.emit({ type: 'personal', personal });
  }

  private connect(): void {
    this.lobby = this.connection.open('/', {
      'lobby:ready': (lobby) => void this.arrived(lobby),
      'workspace:added': ({ workspace }) => {
        if (workspace.role !== null) this.lobbyChanged(workspace);
      },
      'workspace:changed': ({ workspace }) => this.lobbyChanged(workspace),
      'workspace:removed': ({ workspace: { slug } }) => this.removed(slug),
      'unread:changed': ({ workspace, room, head, unread, mentions }) => {
        const open = this.open.get(workspace);
        // A workspace that is not open has no read marker here; the counts are what its badge needs.
        if (open) open.read(room, 0, { unread, mentions, head });
        else this.world.emit({ type: 'read', slug: workspace, room, head, read: 0, unread, mentions });
      },
      'attention:wanted': (attention) => this.world.emit({ type: 'attention', attention }),
      'personal:changed': ({ personal }) => {
        if (this.known) this.cache.keepLobby((this.known = { ...this.known, personal }));
        this.world.emit({ type: 'personal', personal });
      },
      'session:revoked': () => {
        setTimeout(() => void this.end(refusal('unauthorized', t('error.session_ended'))), GRACE_MS);
      },
      'notice:posted': (notice) => this.world.emit({ type: 'notice', ...notice }),
    }, (state) => this.lobbyState(state));
  }

  private async arrived(lobby: CachedLobby): Promise<void> {
    const { user, server, workspaces } = lobby;
    this.account = { ...this.account, server_name: server.name };
    if (user.id !== this.account.user.id) {
      // Somebody else signed in in another tab: the cookie is theirs now, and so is this page.
      await this.world.device.keep({ ...this.account, user });
      return location.reload();
    }
    this.account = { ...this.account, user };
    if (this.known && lifeOf(this.known) !== lifeOf(lobby)) await (this.turned = this.otherLife());
    if (this.over || !this.lobby?.live) return;
    this.known = lobby;
    this.frameBytes = server.limits.frame_bytes;
    this.admitted = true;
    this.draw(lobby);
    this.world.emit({ type: 'link', namespace: '/', state: { is: 'live' } });
    this.keepLobby(workspaces);
    void this.world.device.keep(this.account);
    for (const workspace of this.open.values()) workspace.admit();
  }

  private lobbyState(state: LinkState): void {
    this.admitted = false;
    if (state.is === 'refused' && state.error.code === 'unauthorized') void this.end(state.error);
    else if (!this.over) this.world.emit({ type: 'link', namespace: '/', state });
  }

  /** The database was restored from a backup, or is another one: what is kept of it may contradict it. The outbox stays:
      a `cid` is committed once in any life. */
  private async otherLife(): Promise<void> {
    const { current } = this;
    for (const slug of [...this.open.keys()]) this.shut(slug);
    await this.cache.clear();
    if (!current || this.over) return;
    this.openWorkspace(current.slug);
    if (current.currentRoom !== undefined) this.here.openRoom(current.currentRoom).catch(() => undefined);
  }

  private linkTo(slug: string): WorkspaceSession {
    let workspace = this.open.get(slug);
    if (!workspace) {
      const { connection, outbox, cache } = this;
      workspace = new WorkspaceSession(slug, {
        connection, outbox, cache,
        emit: (update) => this.world.emit(update),
        admitted: () => this.admitted,
        refused: (which, error) => this.outbox.refuse(which, error),
      });
      this.open.set(slug, workspace);
    }
    return workspace;
  }

  private shut(slug: string): void {
    const workspace = this.open.get(slug);
    if (!workspace) return;
    workspace.close();
    this.open.delete(slug);
    if (this.current === workspace) this.current = undefined;
  }

  private keepLobby(workspaces: Workspace[]): void {
    if (this.known) this.cache.keepLobby((this.known = { ...this.known, workspaces }));
  }

  private heard(note: Note): void {
    if (this.over) return;
    if (note.is === 'leaving') {
      this.leaving = note.on ? 'elsewhere' : null;
      return;
    }
    if (note.is !== 'ended') return this.outbox.heard(note);
    this.close();
    this.disk.close();
    this.world.ended(note.error);
  }

  private reload(): void {
    this.outbox.load().catch((thrown: unknown) => this.trouble(thrown, t('storage.unread')));
  }

  private changed(list: readonly Waiting[]): void {
    for (const [slug, of] of grouped(list, 'slug')) {
      const workspace = this.open.get(slug);
      workspace?.timelines.changed(of);
      for (const waiting of of) if (!workspace?.has(waiting.room)) this.unseen(waiting);
    }
  }

  private undone(list: readonly Waiting[], how: 'discarded' | 'settled'): void {
    for (const [slug, of] of grouped(list, 'slug')) this.open.get(slug)?.timelines.undone(of, how);
  }

  /** It failed in a room that is no longer shown: this is the one way left to see it. */
  private unseen({ what, row, state }: Waiting): void {
    if (state.is !== 'failed' || !this.admitted) return;
    this.notice(what.is === 'message' || what.is === 'edit' ? t('storage.unsent', { text: what.text }) : t('storage.unsent_change'));
    void this.outbox.discard(row);
  }

  private trouble(thrown: unknown, text: string): void {
    if (this.over) return;
    console.warn('this device could not keep something', thrown);
    if (!(this.disk instanceof NoDisk)) this.notice(text);
  }

  private notice(text: string): void {
    if (this.told.has(text)) return;
    this.told.add(text);
    this.world.emit({ type: 'notice', text, level: 'node' });
  }
}

function lifeOf({ server: { id, epoch } }: CachedLobby): string {
  return `${id} ${epoch}`;
}
