import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Item } from '../src/bindings';
import { refusal } from '../src/lib/error';
import { IndexedDisk, NoDisk, type Disk } from '../src/port/web/disk';
import { Outbox, OUTBOX_MAX, type Sent } from '../src/port/web/outbox';
import type { Note } from '../src/port/web/tabs';
import { rowOf, type Waiting } from '../src/port/web/waiting';
import { Chance, seeds } from './random';

/** The server: what it committed, per room, in order. A `cid` that it knows gets what it got before. */
class Log {
  readonly rooms = new Map<string, string[]>();

  commit({ room, cid }: Waiting): Sent {
    const list = this.rooms.get(room) ?? [];
    this.rooms.set(room, list);
    if (!list.includes(cid)) list.push(cid);
    const seq = list.indexOf(cid) + 1;
    return { ok: true, sent: { id: `m-${cid}`, seq, ts: new Date(seq).toISOString() } };
  }
}

let ids = 0;

/** One tab: its outbox over the shared disk, and what it draws. */
class Tab {
  static disks = 0;
  readonly rows = new Map<string, Item>();
  readonly drawn: string[] = [];
  readonly requests: Waiting[][] = [];
  readonly counts: number[] = [];
  readonly troubles: unknown[] = [];
  /** How far the log of each room was read; it is not read when missing. */
  readonly read = new Map<string, number>();
  live = true;
  leading = true;
  others: Tab[] = [];
  answer: (batch: readonly Waiting[]) => Promise<Sent[]> = async (batch) => batch.map((waiting) => this.log.commit(waiting));
  readonly outbox: Outbox;

  constructor(readonly log: Log, readonly disk: Disk, frameBytes = 100_000) {
    this.outbox = new Outbox({
      transmit: (_, batch) => {
        this.requests.push([...batch]);
        return this.answer(batch);
      },
      live: () => this.live && this.leading,
      changed: (list) => list.forEach((waiting) => this.draw(waiting)),
      discarded: (list) => list.forEach((waiting) => this.rows.delete(waiting.key)),
      settled: () => undefined,
      count: (pending) => this.counts.push(pending),
      reached: (_, room) => this.read.get(room) ?? 0,
      cached: async () => undefined,
      post: (note) => this.tell(structuredClone(note)),
      trouble: (thrown) => this.troubles.push(thrown),
      frameBytes: () => frameBytes,
      me: () => 'me',
      newId: () => `c${++ids}`,
      now: () => new Date(0),
      random: () => 0.5,
    }, disk);
  }

  state(key: string): string {
    const row = this.rows.get(key);
    return row?.kind === 'message' ? row.state.is : 'missing';
  }

  private draw(waiting: Waiting): void {
    const row = rowOf(waiting);
    if (row) this.rows.set(row.key, row);
    this.drawn.push(waiting.key);
  }

  private tell(note: Note): void {
    if (note.is !== 'ended' && note.is !== 'leaving') for (const other of this.others) queueMicrotask(() => other.outbox.heard(note));
  }
}

const say = (text: string): Waiting['what'] => ({ is: 'message', text });
const textOf = ({ what }: Waiting): string => (what.is === 'message' ? what.text : what.is);
const freshDisk = (): Promise<IndexedDisk> => IndexedDisk.open(`test-${++Tab.disks}`);
/** Everything that needs no timer of the outbox has happened. */
const settled = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms + 50);

// fake-indexeddb works through setImmediate, which stays real: its steps pass between two of a fake timer's.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

/** Waits for the disk, which takes real turns of the loop. */
async function disk(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve));
}
async function run(ms = 0): Promise<void> {
  await disk();
  await settled(ms);
  await disk();
}

describe('the outbox', () => {
  it('has a message on the disk before it is drawn, and marks it sent with its place', async () => {
    const kept = await freshDisk();
    const tab = new Tab(new Log(), kept);
    let safe = false;
    const add = kept.add.bind(kept);
    kept.add = async (waiting) => {
      const order = await add(waiting);
      expect(tab.drawn).toEqual([]);
      safe = true;
      return order;
    };
    const key = await tab.outbox.add('w', 'r', say('hello'));
    expect(safe).toBe(true);
    expect(tab.state(key)).toBe('sending');
    await run();
    expect(tab.rows.get(key)).toMatchObject({ seq: 1, state: { is: 'sent' } });
    expect(tab.counts).toEqual([1, 0]);
    tab.outbox.forget(key);
    await run();
    expect(await kept.waiting()).toEqual([]);
  });

  it('sends what an earlier page left, once and in order, a day later', async () => {
    const kept = await freshDisk();
    const log = new Log();
    const before = new Tab(log, kept);
    before.live = false;
    const keys: string[] = [];
    for (let i = 0; i < 50; i++) keys.push(await before.outbox.add('w', 'r', say(`${i}`)));
    before.outbox.close();
    vi.setSystemTime(24 * 3_600_000);
    const after = new Tab(log, kept);
    await after.outbox.load();
    await run();
    expect(after.requests.map((batch) => batch.map(textOf))).toEqual([Array.from({ length: 50 }, (_, i) => `${i}`)]);
    expect(log.rooms.get('r')).toEqual(keys.map((key) => key.slice('me/'.length)));
    expect([...after.rows.keys()]).toEqual(keys);
  });

  it('sends at most a hundred at once, and no more than fits into a frame', async () => {
    const tab = new Tab(new Log(), await freshDisk());
    tab.live = false;
    await Promise.all(Array.from({ length: 250 }, (_, i) => tab.outbox.add('w', 'r', say(`${i}`))));
    tab.live = true;
    tab.outbox.resume('w');
    await run();
    expect(tab.requests.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(tab.requests.flat().map(textOf)).toEqual(Array.from({ length: 250 }, (_, i) => `${i}`));

    const small = new Tab(new Log(), await freshDisk(), 4_000);
    small.live = false;
    for (let i = 0; i < 6; i++) await small.outbox.add('w', 'r', say('ü'.repeat(500)));
    small.live = true;
    small.outbox.resume('w');
    await run();
    expect(small.requests.map((batch) => batch.length)).toEqual([2, 2, 2]);
  });

  it('sends a change alone and in its turn', async () => {
    const tab = new Tab(new Log(), await freshDisk());
    tab.live = false;
    await tab.outbox.add('w', 'r', say('a'));
    await tab.outbox.add('w', 'r', say('b'));
    await tab.outbox.add('w', 'r', { is: 'edit', id: 'm1', text: 'x' }, 'other/c0');
    await tab.outbox.add('w', 'r', { is: 'reaction', id: 'm1', emoji: 'y', on: true }, 'other/c0');
    await tab.outbox.add('w', 'r', say('c'));
    tab.live = true;
    tab.outbox.resume();
    await run();
    expect(tab.requests.map((batch) => batch.map(textOf))).toEqual([['a', 'b'], ['edit'], ['reaction'], ['c']]);
  });

  it('waits as long as the server says, and then sends the very same message', async () => {
    const tab = new Tab(new Log(), await freshDisk());
    tab.answer = async () => [{ ok: false, error: { ...refusal('rate_limited', 'slow down'), retry_after_ms: 3_000 } }];
    const key = await tab.outbox.add('w', 'r', say('hello'));
    await run(2_800);
    expect(tab.requests).toHaveLength(1);
    expect(tab.state(key)).toBe('queued');
    tab.answer = async (batch) => batch.map((waiting) => tab.log.commit(waiting));
    await run(1_200);
    expect(tab.requests).toHaveLength(2);
    expect(tab.requests[1]?.[0]?.cid).toBe(tab.requests[0]?.[0]?.cid);
    expect(tab.state(key)).toBe('sent');
  });

  it('fails for good what the server refuses, also after a reload, until it is retried or discarded', async () => {
    const kept = await freshDisk();
    const log = new Log();
    const tab = new Tab(log, kept);
    tab.answer = async (batch) => batch.map((waiting) =>
      textOf(waiting).startsWith('bad') ? { ok: false, error: refusal('forbidden', 'The room is closed.') } : log.commit(waiting));
    const bad = await tab.outbox.add('w', 'r', say('bad'));
    const worse = await tab.outbox.add('w', 'r', say('bad too'));
    const good = await tab.outbox.add('w', 'r', say('good'));
    await run();
    expect([bad, worse, good].map((key) => tab.state(key))).toEqual(['failed', 'failed', 'sent']);
    expect(tab.counts.at(-1)).toBe(0);

    tab.outbox.close();
    const again = new Tab(log, kept);
    await again.outbox.load();
    await run();
    expect(again.requests).toEqual([]);
    expect(again.rows.get(bad)).toMatchObject({ state: { is: 'failed', error: { code: 'forbidden' } } });
    await again.outbox.discard(worse);
    expect(again.rows.has(worse)).toBe(false);
    await again.outbox.retry(bad);
    await run();
    expect(again.state(bad)).toBe('sent');
    await again.outbox.discard(bad);
    expect(again.rows.has(bad)).toBe(true);
    expect((await kept.waiting()).map((waiting) => waiting.key)).not.toContain(worse);
  });

  it('fails what waits for a workspace that is gone, but not because the session ended', async () => {
    const tab = new Tab(new Log(), await freshDisk());
    tab.live = false;
    const key = await tab.outbox.add('w', 'r', say('hello'));
    tab.outbox.refuse('w', refusal('unauthorized', 'signed out'));
    expect(tab.state(key)).toBe('queued');
    tab.outbox.refuse('other', refusal('not_found', 'gone'));
    expect(tab.state(key)).toBe('queued');
    tab.outbox.refuse('w', refusal('not_found', 'gone'));
    expect(tab.state(key)).toBe('failed');
    tab.live = true;
    tab.answer = async () => [{ ok: false, error: refusal('unauthorized', 'signed out') }];
    await tab.outbox.retry(key);
    await run();
    expect(tab.state(key)).toBe('queued');
  });

  it('leaves a message to the log once its entry is there, even when that comes before the ack', async () => {
    const kept = await freshDisk();
    const tab = new Tab(new Log(), kept);
    let acked = (_: Sent[]): void => undefined;
    tab.answer = () => new Promise((resolve) => (acked = resolve));
    const key = await tab.outbox.add('w', 'r', say('hello'));
    tab.outbox.forget(key);
    tab.rows.delete(key);
    acked([{ ok: true, sent: { id: 'm', seq: 9, ts: '' } }]);
    await run();
    expect(tab.rows.has(key)).toBe(false);
    expect(tab.outbox.of('w', 'r')).toEqual([]);
    expect(await kept.waiting()).toEqual([]);
  });

  it('says when too much waits', async () => {
    const tab = new Tab(new Log(), new NoDisk());
    tab.live = false;
    for (let i = 0; i < OUTBOX_MAX; i++) await tab.outbox.add('w', 'r', say(`${i}`));
    await expect(tab.outbox.add('w', 'r', say('one more'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('goes on in memory where the browser keeps nothing, in order, and says so', async () => {
    const tab = new Tab(new Log(), new NoDisk());
    tab.live = false;
    const keys = await Promise.all(Array.from({ length: 20 }, (_, i) => tab.outbox.add('w', 'r', say(`${i}`))));
    expect(tab.troubles.length).toBe(20);
    await tab.outbox.load();
    tab.live = true;
    tab.outbox.resume();
    await run();
    expect(tab.log.rooms.get('r')).toEqual(keys.map((key) => key.slice('me/'.length)));
  });
});

describe('two tabs', () => {
  async function two(): Promise<[Tab, Tab]> {
    const kept = await freshDisk();
    const log = new Log();
    const [first, second] = [new Tab(log, kept), new Tab(log, kept)];
    second.leading = false;
    first.others = [second];
    second.others = [first];
    return [first, second];
  }

  it('one sends for both, and both draw every step', async () => {
    const [first, second] = await two();
    const mine = await first.outbox.add('w', 'r', say('from the first'));
    const theirs = await second.outbox.add('w', 'r', say('from the second'));
    await run();
    expect(second.requests).toEqual([]);
    expect(first.requests.flat().map(textOf)).toEqual(['from the first', 'from the second']);
    for (const tab of [first, second]) expect([mine, theirs].map((key) => tab.state(key))).toEqual(['sent', 'sent']);
  });

  it('the other one takes over in the middle of a request', async () => {
    const [first, second] = await two();
    first.answer = () => new Promise(() => undefined);
    const key = await second.outbox.add('w', 'r', say('hello'));
    await run();
    expect(second.state(key)).toBe('sending');
    first.outbox.close();
    second.others = [];
    second.leading = true;
    await second.outbox.load();
    await run();
    expect(second.state(key)).toBe('sent');
    expect(second.log.rooms.get('r')).toHaveLength(1);
  });

  it('believes no old news: neither of what it sends itself, nor of what the log has', async () => {
    const [first, second] = await two();
    let acked = (_: Sent[]): void => undefined;
    first.answer = () => new Promise((resolve) => (acked = resolve));
    const key = await second.outbox.add('w', 'r', say('hello'));
    await run();
    const old = structuredClone(first.outbox.of('w', 'r')).map((waiting): Waiting => ({ ...waiting, state: { is: 'queued' } }));
    expect(first.state(key)).toBe('sending');
    first.outbox.heard({ is: 'waiting', list: old });
    await first.outbox.load();
    expect(first.state(key)).toBe('sending');
    expect(first.requests).toHaveLength(1);
    acked([{ ok: true, sent: { id: 'm', seq: 1, ts: '' } }]);
    await run();
    first.outbox.forget(key);
    first.rows.delete(key);
    first.outbox.heard({ is: 'waiting', list: old });
    await run();
    expect(first.rows.has(key)).toBe(false);
    expect(first.requests).toHaveLength(1);
  });

  it('settles what the log has, though this tab does not read that log', async () => {
    const [first, second] = await two();
    second.read.set('r', Infinity);
    first.answer = () => new Promise(() => undefined);
    const key = await second.outbox.add('w', 'r', say('hello'));
    await run();
    first.outbox.forget(key);
    await run();
    expect(second.counts.at(-1)).toBe(0);
  });

  it('what one discards cannot be retried by the other', async () => {
    const [first, second] = await two();
    first.answer = async () => [{ ok: false, error: refusal('forbidden', 'no') }];
    const key = await first.outbox.add('w', 'r', say('hello'));
    await run();
    expect(second.state(key)).toBe('failed');
    // The second did not hear of it: it was frozen.
    first.others = [];
    await first.outbox.discard(key);
    first.others = [second];
    await second.outbox.retry(key);
    await run();
    expect(first.requests).toHaveLength(1);
    await second.outbox.load();
    expect(second.rows.has(key)).toBe(false);
  });
});

/** The log that has this message. */
function committed(log: Log, key: string): string[] {
  return [...log.rooms.values()].find((cids) => cids.includes(key.slice('me/'.length))) ?? [];
}

describe('any trouble', () => {
  it.each(seeds(40))('ends with each message sent once and in order, drawn once (seed %i)', async (seed) => {
    const chance = new Chance(seed);
    const log = new Log();
    const kept = await freshDisk();
    const written = new Map<string, string[]>();
    let tabs: Tab[] = [];

    const open = async (): Promise<Tab> => {
      const tab = new Tab(log, kept, 2_000);
      tab.leading = tabs.length === 0;
      const underWay = new Set<string>();
      tab.answer = async (batch) => {
        const room = batch[0]?.room ?? '';
        expect(batch.every((waiting) => waiting.room === room)).toBe(true);
        expect(underWay.has(room)).toBe(false);
        underWay.add(room);
        await new Promise((resolve) => setTimeout(resolve, chance.below(300)));
        underWay.delete(room);
        // Lost on the way there: nothing happened. Lost on the way back: everything did.
        if (chance.yes(0.15)) throw refusal('unavailable', 'lost');
        const stop = chance.yes(0.2) ? chance.below(batch.length) : batch.length;
        const results = batch.map((waiting, i): Sent =>
          i < stop ? log.commit(waiting) : { ok: false, error: { ...refusal('rate_limited', 'wait'), retry_after_ms: 50 } });
        // The entry may overtake the ack.
        if (chance.yes(0.3)) for (const { key } of batch.slice(0, stop)) if (chance.yes(0.5)) tab.outbox.forget(key);
        if (chance.yes(0.15)) throw refusal('unavailable', 'lost');
        return results;
      };
      tabs.push(tab);
      connect();
      await tab.outbox.load();
      return tab;
    };
    const connect = (): void => {
      for (const tab of tabs) tab.others = tabs.filter((other) => other !== tab);
    };
    const close = async (tab: Tab): Promise<void> => {
      tab.outbox.close();
      tabs = tabs.filter((other) => other !== tab);
      connect();
      const [heir] = tabs;
      if (!heir) return void (await open());
      if (tabs.some((other) => other.leading)) return;
      heir.leading = true;
      await heir.outbox.load();
    };

    await open();
    for (let i = 0; i < 60; i++) {
      const tab = tabs[chance.below(tabs.length)] as Tab;
      const room = `r${chance.below(3)}`;
      const key = await tab.outbox.add('w', room, say(`message ${i}`));
      written.set(room, [...(written.get(room) ?? []), key.slice('me/'.length)]);
      if (chance.yes(0.2)) await settled(chance.below(800));
      if (chance.yes(0.1)) tab.live = !tab.live;
      if (tab.live && chance.yes(0.3)) tab.outbox.resume('w');
      if (chance.yes(0.05) && tabs.length < 3) await open();
      if (chance.yes(0.06)) await close(tabs[chance.below(tabs.length)] as Tab);
      if (chance.yes(0.05)) await tab.outbox.load();
    }
    for (const tab of tabs) {
      tab.live = true;
      tab.outbox.resume('w');
    }
    for (let i = 0; i < 8; i++) await run(120_000);
    expect(log.rooms).toEqual(written);
    for (const tab of tabs) {
      // Drawn in the order in which they stand in the log.
      const drawn = [...tab.rows.values()].flatMap((row) => (row.kind === 'message' && row.seq !== undefined ? [row] : []));
      for (const row of drawn) expect(committed(log, row.key)[(row.seq ?? 0) - 1]).toBe(row.key.slice(3));
      // Everybody reads all of the log in the end.
      for (const cids of log.rooms.values()) for (const cid of cids) tab.outbox.forget(`me/${cid}`);
    }
    await run();
    const unsent = [...tabs.flatMap((tab) => tab.counts.slice(-1))];
    expect(unsent.every((count) => count === 0)).toBe(true);
    expect(await kept.waiting()).toEqual([]);
  }, 20_000);
});
