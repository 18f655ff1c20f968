// Who is typing where. The server's event is volatile: an end that got lost must not leave a ghost, so each ends by
// itself.

const LASTS_MS = 6_500;

export class Typing {
  private readonly rooms = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();

  constructor(private readonly changed: (room: string, users: string[]) => void) {}

  set(room: string, user: string, on: boolean): void {
    const users = this.rooms.get(room) ?? new Map<string, ReturnType<typeof setTimeout>>();
    this.rooms.set(room, users);
    const had = users.has(user);
    clearTimeout(users.get(user));
    if (on) users.set(user, setTimeout(() => this.set(room, user, false), LASTS_MS));
    else users.delete(user);
    if (had !== on) this.changed(room, [...users.keys()]);
  }

  clear(): void {
    for (const [room, users] of this.rooms) {
      for (const timer of users.values()) clearTimeout(timer);
      if (users.size > 0) this.changed(room, []);
    }
    this.rooms.clear();
  }
}
