// How far this device has seen each thread. Devices share one read marker per room and none per thread, so this is a note
// of this device alone. What was answered before somebody came to this device counts as seen: they may have read it on
// another one, and a mark on every thread of the past would say nothing.

import { SvelteMap } from 'svelte/reactivity';

const PREFIX = 'confab.thread.';
const SINCE = 'confab.threads-since.';

export class SeenThreads {
  private readonly noted = new SvelteMap<string, number>();

  /** The `seq` of the newest answer that was seen; 0 when none was. */
  of(user: string, thread: string): number {
    return this.noted.get(`${user}.${thread}`) ?? kept(`${user}.${thread}`);
  }

  /** Whether the newest answer of a thread is news to somebody here. */
  isNews(user: string, thread: string, last: { last_seq: number; last_ts: string }): boolean {
    return last.last_seq > this.of(user, thread) && Date.parse(last.last_ts) >= this.since(user);
  }

  /** Somebody is at this device, for the first time or again. */
  begin(user: string): void {
    try {
      if (localStorage.getItem(`${SINCE}${user}`) === null) localStorage.setItem(`${SINCE}${user}`, `${Date.now()}`);
    } catch {
      // Nothing can be kept here: all of the past counts as new, as it did before.
    }
  }

  private since(user: string): number {
    try {
      return Number(localStorage.getItem(`${SINCE}${user}`)) || 0;
    } catch {
      return 0;
    }
  }

  note(user: string, thread: string, seq: number): void {
    if (seq <= this.of(user, thread)) return;
    this.noted.set(`${user}.${thread}`, seq);
    try {
      localStorage.setItem(`${PREFIX}${user}.${thread}`, `${seq}`);
    } catch {
      // Storage may be full or forbidden: it is known as long as the page is there then.
    }
  }

  forget(user: string): void {
    this.noted.clear();
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}${user}.`) || key === `${SINCE}${user}`) localStorage.removeItem(key);
    } catch {
      // Nothing was kept.
    }
  }
}

function kept(key: string): number {
  try {
    return Number(localStorage.getItem(`${PREFIX}${key}`)) || 0;
  } catch {
    return 0;
  }
}
