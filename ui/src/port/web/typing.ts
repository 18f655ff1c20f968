// Who is typing where. The server's event is volatile: an end that got lost must not leave a ghost, so each ends by
// itself.

const LASTS_MS = 6_500;

interface Spot {
  room: string;
  /** In which thread of it. */
  thread: string | undefined;
  users: Map<string, ReturnType<typeof setTimeout>>;
}

export class Typing {
  private readonly spots = new Map<string, Spot>();

  constructor(private readonly changed: (room: string, users: string[], thread?: string) => void) {}

  set(room: string, user: string, on: boolean, thread?: string): void {
    const key = `${room} ${thread ?? ''}`;
    const spot = this.spots.get(key) ?? { room, thread, users: new Map<string, ReturnType<typeof setTimeout>>() };
    this.spots.set(key, spot);
    const had = spot.users.has(user);
    clearTimeout(spot.users.get(user));
    if (on) spot.users.set(user, setTimeout(() => this.set(room, user, false, thread), LASTS_MS));
    else spot.users.delete(user);
    if (had !== on) this.tell(spot);
    if (spot.users.size === 0) this.spots.delete(key);
  }

  /** Somebody has sent a message: they type nowhere in that room. */
  stopped(room: string, user: string): void {
    for (const spot of [...this.spots.values()]) if (spot.room === room && spot.users.has(user)) this.set(room, user, false, spot.thread);
  }

  clear(): void {
    for (const spot of this.spots.values()) {
      for (const timer of spot.users.values()) clearTimeout(timer);
      spot.users.clear();
      this.tell(spot);
    }
    this.spots.clear();
  }

  private tell({ room, users, thread }: Spot): void {
    this.changed(room, [...users.keys()], thread);
  }
}
