// What one account keeps in this browser: a database of its own, which signing out deletes. The outbox is written
// strictly: its transactions end when the data is on the disk, so that nothing is drawn that a crash can take back.

import { openDB, deleteDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { HistoryPage, LobbyServer, Member, Personal, Room, SendState, User, Workspace } from '../../bindings';
import type { Committed, Waiting } from './waiting';

/** Timelines are kept of so many rooms; the one written longest ago goes first. */
const ROOMS_MAX = 100;

export interface CachedLobby {
  user: User;
  /** Its `epoch` is that of everything in the cache. */
  server: LobbyServer;
  workspaces: Workspace[];
  personal?: Personal;
}

export interface CachedWorkspace {
  workspace: Workspace;
  me: Member;
  rooms: Room[];
  members: Member[];
}

/** A contiguous run of one room's log, folded: from its first message up to `page.head`. */
export interface CachedRoom {
  room: string;
  page: HistoryPage;
  saved: number;
}

/** What changes of something that waits. */
export interface Progress {
  order: number;
  state: SendState;
  sent?: Committed;
}

export interface Disk {
  /** Puts it at the end of the queue; answers with its place once it is safe. */
  add(waiting: Omit<Waiting, 'order'>): Promise<number>;
  /** Answers with the places that are still there. */
  progress(list: readonly Progress[]): Promise<number[]>;
  remove(orders: readonly number[]): Promise<void>;
  /** The whole queue, first in first. */
  waiting(): Promise<Waiting[]>;

  lobby(): Promise<CachedLobby | undefined>;
  workspace(slug: string): Promise<CachedWorkspace | undefined>;
  room(room: string): Promise<CachedRoom | undefined>;
  keepLobby(lobby: CachedLobby): Promise<void>;
  keepWorkspace(workspace: CachedWorkspace): Promise<void>;
  /** A run that ends before the one that is there is ignored: another tab is further. */
  keepRooms(rooms: readonly CachedRoom[]): Promise<void>;
  dropRoom(room: string): Promise<void>;
  dropWorkspace(slug: string): Promise<void>;
  /** Forgets all but the outbox. */
  clearCache(): Promise<void>;

  /** Takes or renews the right to send; false while another tab has it. For pages that have no Web Locks. */
  lease(holder: string, now: number, lasts: number): Promise<boolean>;
  close(): void;
  /** Deletes everything. */
  destroy(): Promise<void>;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Omit<Waiting, 'order'> & { order?: number } };
  lobby: { key: string; value: CachedLobby };
  workspaces: { key: string; value: CachedWorkspace };
  rooms: { key: string; value: CachedRoom; indexes: { saved: number } };
  lease: { key: string; value: { holder: string; until: number } };
}

const ONE = 'one';
const CACHE = ['lobby', 'workspaces', 'rooms'] as const;
const STRICT = { durability: 'strict' } as const;

export class IndexedDisk implements Disk {
  private constructor(private readonly name: string, private readonly db: IDBPDatabase<Schema>) {}

  /** Rejects where the browser keeps nothing: some private windows, storage that is switched off. */
  static async open(account: string): Promise<IndexedDisk> {
    const name = `confab-${account}`;
    const db = await openDB<Schema>(name, 1, {
      upgrade(made) {
        made.createObjectStore('outbox', { keyPath: 'order', autoIncrement: true });
        made.createObjectStore('lobby');
        made.createObjectStore('workspaces', { keyPath: 'workspace.slug' });
        made.createObjectStore('rooms', { keyPath: 'room' }).createIndex('saved', 'saved');
        made.createObjectStore('lease');
      },
      // Another tab deletes the database, or brings a later version of it.
      blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
    });
    return new IndexedDisk(name, db);
  }

  static destroy(account: string): Promise<void> {
    return deleteDB(`confab-${account}`);
  }

  async add(waiting: Omit<Waiting, 'order'>): Promise<number> {
    return this.append(waiting).catch(async (thrown: unknown) => {
      if (!isFull(thrown)) throw thrown;
      // What was written matters more than what can be asked for again.
      await this.clearCache();
      return this.append(waiting);
    });
  }

  async progress(list: readonly Progress[]): Promise<number[]> {
    const tx = this.db.transaction('outbox', 'readwrite', STRICT);
    const there: number[] = [];
    for (const { order, ...news } of list) {
      const old = await tx.store.get(order);
      if (!old) continue;
      there.push(order);
      await tx.store.put({ ...old, ...news });
    }
    await tx.done;
    return there;
  }

  async remove(orders: readonly number[]): Promise<void> {
    const tx = this.db.transaction('outbox', 'readwrite');
    await Promise.all([...orders.map((order) => tx.store.delete(order)), tx.done]);
  }

  async waiting(): Promise<Waiting[]> {
    return (await this.db.getAll('outbox')) as Waiting[];
  }

  lobby = (): Promise<CachedLobby | undefined> => this.db.get('lobby', ONE);
  workspace = (slug: string): Promise<CachedWorkspace | undefined> => this.db.get('workspaces', slug);
  room = (room: string): Promise<CachedRoom | undefined> => this.db.get('rooms', room);

  async keepLobby(lobby: CachedLobby): Promise<void> {
    await this.db.put('lobby', lobby, ONE);
  }

  async keepWorkspace(workspace: CachedWorkspace): Promise<void> {
    await this.db.put('workspaces', workspace);
  }

  async keepRooms(rooms: readonly CachedRoom[]): Promise<void> {
    const tx = this.db.transaction('rooms', 'readwrite');
    for (const room of rooms) {
      const old = await tx.store.get(room.room);
      if (!old || old.page.head <= room.page.head) await tx.store.put(room);
    }
    let surplus = (await tx.store.count()) - ROOMS_MAX;
    for (let at = surplus > 0 ? await tx.store.index('saved').openCursor() : null; at && surplus > 0; surplus--) {
      await at.delete();
      at = await at.continue();
    }
    await tx.done;
  }

  dropRoom = (room: string): Promise<void> => this.db.delete('rooms', room);
  dropWorkspace = (slug: string): Promise<void> => this.db.delete('workspaces', slug);

  async clearCache(): Promise<void> {
    const tx = this.db.transaction(CACHE, 'readwrite');
    await Promise.all([...CACHE.map((store) => tx.objectStore(store).clear()), tx.done]);
  }

  async lease(holder: string, now: number, lasts: number): Promise<boolean> {
    const tx = this.db.transaction('lease', 'readwrite');
    const old = await tx.store.get(ONE);
    const mine = !old || old.holder === holder || old.until <= now;
    if (mine) await tx.store.put({ holder, until: now + lasts }, ONE);
    await tx.done;
    return mine;
  }

  close(): void {
    this.db.close();
  }

  async destroy(): Promise<void> {
    this.db.close();
    await deleteDB(this.name);
  }

  private async append(waiting: Omit<Waiting, 'order'>): Promise<number> {
    const tx = this.db.transaction('outbox', 'readwrite', STRICT);
    const [order] = await Promise.all([tx.store.add(waiting), tx.done]);
    return order;
  }
}

/** Where nothing can be kept: the app goes on in memory. */
export class NoDisk implements Disk {
  async add(): Promise<number> {
    throw new Error('this browser keeps nothing');
  }
  progress = async (): Promise<number[]> => [];
  remove = async (): Promise<void> => undefined;
  waiting = async (): Promise<Waiting[]> => [];
  lobby = async (): Promise<undefined> => undefined;
  workspace = async (): Promise<undefined> => undefined;
  room = async (): Promise<undefined> => undefined;
  keepLobby = async (): Promise<void> => undefined;
  keepWorkspace = async (): Promise<void> => undefined;
  keepRooms = async (): Promise<void> => undefined;
  dropRoom = async (): Promise<void> => undefined;
  dropWorkspace = async (): Promise<void> => undefined;
  clearCache = async (): Promise<void> => undefined;
  lease = async (): Promise<boolean> => true;
  close(): void {}
  destroy = async (): Promise<void> => undefined;
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'QuotaExceededError';
}
