// Where somebody has been, for going back and forward, and for offering the last places first.

export interface Visit {
  workspace: string;
  room: string;
}

const MOST = 100;

export class Trail {
  private visits: Visit[] = [];
  private at = -1;

  /** A room was opened. Where one has come by going back or forward, the trail stays as it is. */
  visit(workspace: string, room: string): void {
    const here = this.visits[this.at];
    if (here?.workspace === workspace && here.room === room) return;
    this.visits = [...this.visits.slice(0, this.at + 1), { workspace, room }].slice(-MOST);
    this.at = this.visits.length - 1;
  }

  /** The place one step back (-1) or forward (1) that is still there. */
  step(by: -1 | 1, isThere: (visit: Visit) => boolean): Visit | undefined {
    for (let at = this.at + by; at >= 0 && at < this.visits.length; at += by) {
      const visit = this.visits[at];
      if (!visit || !isThere(visit)) continue;
      this.at = at;
      return visit;
    }
    return undefined;
  }

  /** Rooms of a workspace, the last one first. */
  recent(workspace: string): string[] {
    return [...new Set(this.visits.filter((visit) => visit.workspace === workspace).map(({ room }) => room).reverse())];
  }

  clear(): void {
    this.visits = [];
    this.at = -1;
  }
}
