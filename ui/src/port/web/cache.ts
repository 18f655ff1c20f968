// Keeps on this device what the server said, so that the page opens on it when the server cannot be reached. Written a
// moment after it changed, many changes at once: should the moment be lost, the server says it again.

import { asRefusal } from '../../lib/error';
import type { CachedLobby, CachedWorkspace, Disk } from './disk';
import type { RoomLog } from './roomlog';

/** So many rows of each room are kept, the newest; older ones come from the server, page by page. */
const ROWS_MAX = 500;
const MOMENT_MS = 250;

export class Cache {
  private readonly rooms = new Map<string, RoomLog>();
  private readonly workspaces = new Map<string, () => CachedWorkspace | undefined>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writing: Promise<void> = Promise.resolve();
  /** Who waits for the next moment of writing. */
  private readonly waiters: (() => void)[] = [];
  private closed = false;
  private readonly ending = new AbortController();

  constructor(private readonly disk: Disk, private readonly trouble: (thrown: unknown) => void) {
    // A page that is hidden may never be shown again.
    document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && void this.flush(), this.ending);
    addEventListener('pagehide', () => void this.flush(), this.ending);
  }

  lobby = (): Promise<CachedLobby | undefined> => this.read(this.disk.lobby());
  workspace = (slug: string): Promise<CachedWorkspace | undefined> => this.read(this.disk.workspace(slug));
  page = async (room: string) => (await this.read(this.disk.room(room)))?.page;

  keepLobby(lobby: CachedLobby): void {
    this.write(() => this.disk.keepLobby(lobby));
  }

  /** `now` is asked when it is written. */
  keepWorkspace(slug: string, now: () => CachedWorkspace | undefined): void {
    this.workspaces.set(slug, now);
    this.soon();
  }

  keepRoom(room: string, log: RoomLog): void {
    this.rooms.set(room, log);
    this.soon();
  }

  dropRoom(room: string): void {
    this.rooms.delete(room);
    this.write(() => this.disk.dropRoom(room));
  }

  dropWorkspace(slug: string): void {
    this.workspaces.delete(slug);
    this.write(() => this.disk.dropWorkspace(slug));
  }

  /** Nothing of it may be shown again: the database has another life, or the session was ended. */
  clear(): Promise<void> {
    this.rooms.clear();
    this.workspaces.clear();
    this.write(() => this.disk.clearCache());
    return this.flush();
  }

  /** Resolves when what was told of this room until now is on the disk. */
  settled(room: string): Promise<void> {
    return this.rooms.has(room) ? new Promise((resolve) => this.waiters.push(resolve)) : this.writing;
  }

  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const rooms = [...this.rooms].flatMap(([room, log]) => {
      const page = log.newest(ROWS_MAX);
      return page ? [{ room, page, saved: Date.now() }] : [];
    });
    const workspaces = [...this.workspaces.values()].flatMap((now) => now() ?? []);
    this.rooms.clear();
    this.workspaces.clear();
    if (rooms.length > 0) this.write(() => this.disk.keepRooms(rooms));
    for (const workspace of workspaces) this.write(() => this.disk.keepWorkspace(workspace));
    const waiters = this.waiters.splice(0);
    void this.writing.then(() => waiters.forEach((resolve) => resolve()));
    return this.writing;
  }

  close(): void {
    void this.flush();
    this.closed = true;
    this.ending.abort();
    clearTimeout(this.timer);
  }

  private soon(): void {
    if (!this.closed) this.timer ??= setTimeout(() => void this.flush(), MOMENT_MS);
  }

  private write(action: () => Promise<void>): void {
    if (this.closed) return;
    this.writing = this.writing.then(action).catch(this.trouble);
  }

  private async read<T>(answer: Promise<T>): Promise<T | undefined> {
    // Without a cache there is still a server.
    return answer.catch((thrown: unknown) => void console.warn('the cache cannot be read', asRefusal(thrown).code));
  }
}
