// How far this device has seen each thread. Devices share one read marker per room and none per thread, so this is a note
// of this device alone.

import { SvelteMap } from 'svelte/reactivity';

const PREFIX = 'confab.thread.';

export class SeenThreads {
  private readonly noted = new SvelteMap<string, number>();

  /** The `seq` of the newest answer that was seen; 0 when none was. */
  of(user: string, thread: string): number {
    return this.noted.get(`${user}.${thread}`) ?? kept(`${user}.${thread}`);
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

  forget(): void {
    this.noted.clear();
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
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
