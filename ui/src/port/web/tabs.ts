// The tabs of one account in this browser: they share one database, tell each other what changed in it, and agree on the
// one that sends. Web Locks decide who that is, and hand over when its tab is closed or crashes. They exist only in secure
// contexts; on a plain address in the LAN a lease in the database does it. Should two tabs ever send at once, the
// server still commits each `cid` once.

import type { Refusal } from '../../lib/error';
import type { Disk } from './disk';
import type { Waiting } from './waiting';

const LEASE_MS = 8_000;
const RENEW_MS = 2_500;

export type Note =
  /** These are new, or further on. */
  | { is: 'waiting'; list: Waiting[] }
  /** These were discarded. */
  | { is: 'discarded'; list: Waiting[] }
  /** The log has these: its entry came before the ack. */
  | { is: 'settled'; list: Waiting[] }
  /** Somebody signs out in that tab, or could not: what the server says of the session until then is no news. */
  | { is: 'leaving'; on: boolean }
  /** Nobody is signed in any more. */
  | { is: 'ended'; error: Refusal | null };

export interface TabsWorld {
  heard(note: Note): void;
  /** This tab sends from now on. */
  lead(): void;
  /** What other tabs said may have been missed: the page was frozen, or hidden for long. */
  woke(): void;
}

export class Tabs {
  private readonly channel: BroadcastChannel | undefined;
  private readonly ending = new AbortController();
  private readonly id = Math.random().toString(36).slice(2);
  private isLeading = false;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    account: string,
    private readonly disk: Disk,
    private readonly world: TabsWorld,
    /** Without a shared database each tab is alone. */
    shared: boolean,
  ) {
    if (!shared) {
      this.isLeading = true;
      return;
    }
    const name = `confab-${account}`;
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }: MessageEvent<Note>) => world.heard(data);
    const { signal } = this.ending;
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && world.woke(), { signal });
    addEventListener('pageshow', (event) => event.persisted && world.woke(), { signal });
    if ('locks' in navigator) void this.queue(name);
    else {
      this.timer = setInterval(() => void this.renew(), RENEW_MS);
      void this.renew();
      addEventListener('pagehide', () => this.isLeading && void this.disk.lease(this.id, 0, 0), { signal });
    }
  }

  get leading(): boolean {
    return this.isLeading;
  }

  post(note: Note): void {
    this.channel?.postMessage(note);
  }

  close(): void {
    this.isLeading = false;
    clearInterval(this.timer);
    this.ending.abort();
    this.channel?.close();
  }

  private async queue(name: string): Promise<void> {
    const { signal } = this.ending;
    await navigator.locks
      .request(`${name}-outbox`, { signal }, async () => {
        this.lead(true);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      })
      .catch(() => undefined);
  }

  private async renew(): Promise<void> {
    const mine = await this.disk.lease(this.id, Date.now(), LEASE_MS).catch(() => false);
    if (!this.ending.signal.aborted) this.lead(mine);
  }

  private lead(on: boolean): void {
    if (this.isLeading === on) return;
    this.isLeading = on;
    if (on) this.world.lead();
  }
}
