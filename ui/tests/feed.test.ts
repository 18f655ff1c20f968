import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Entry, Item, RequestMap, TimelineChange } from '../src/bindings';
import { refusal } from '../src/lib/error';
import type { Requester } from '../src/port/web/connection';
import { Feed } from '../src/port/web/feed';
import { RoomLog } from '../src/port/web/roomlog';
import { TimelineState } from '../src/state/timeline.svelte';
import { history, writeLog } from './log';
import { Chance, seeds } from './random';

/** The items of everything that was ever written. */
function truth(log: readonly Entry[]): Item[] {
  const whole = new RoomLog();
  whole.reset({ messages: [], notices: [], head: 0, start: true });
  whole.receive(log);
  return whole.items();
}

describe('a room log', () => {
  it.each(seeds(60))('is the fold of what it was given, whatever the order and the doubles (seed %i)', (seed) => {
    const chance = new Chance(seed);
    const log = writeLog(chance, 80);
    const base = chance.below(80);
    const room = new RoomLog();
    const drawn = new TimelineState();
    const early = log.slice(base).filter(() => chance.yes(0.3));
    room.receive(early);
    room.reset(history(log.slice(0, base), 500));
    drawn.apply({ how: 'reset', items: room.items(), start: room.start });
    for (const entry of chance.shuffled([...log, ...log.filter(() => chance.yes(0.3))])) {
      drawn.apply({ how: 'upsert', items: room.receive([entry]) });
    }
    expect(room.last).toBe(80);
    expect(room.behind).toBe(false);
    expect(room.items()).toEqual(truth(log));
    expect(drawn.items).toEqual(truth(log));
  });

  it('never shows what stands behind a hole', () => {
    const log = writeLog(new Chance(1), 10);
    const room = new RoomLog();
    room.reset(history(log.slice(0, 3), 500));
    expect(room.receive(log.slice(4))).toEqual([]);
    expect(room.last).toBe(3);
    expect(room.behind).toBe(true);
    room.receive(log.slice(3, 4));
    expect(room.last).toBe(10);
  });

  it('is behind when it hears of a later head, and forgets the hint once it is there', () => {
    const log = writeLog(new Chance(2), 5);
    const room = new RoomLog();
    room.reset(history(log.slice(0, 4), 500));
    room.hint(5);
    expect(room.behind).toBe(true);
    room.receive(log.slice(4));
    expect(room.behind).toBe(false);
  });
});

interface Asked {
  after?: number;
  before?: number;
  limit?: number;
  page?: number;
}

/** A server that answers for one log, and may be told to fail. */
class Server implements Requester {
  readonly asked: string[] = [];
  failing = 0;
  resetAfter = 5_000;
  /** It answers a join with the newest page, as servers do since there is `page`. */
  joinsWithPage = true;
  constructor(readonly log: Entry[], private readonly chance: Chance) {}

  async request<E extends keyof RequestMap>(event: E, payload: RequestMap[E]['request']): Promise<RequestMap[E]['reply']> {
    this.asked.push(event);
    await new Promise((resolve) => setTimeout(resolve, this.chance.below(20)));
    if (this.chance.yes(this.failing)) throw refusal('unavailable', 'lost');
    return this.answer(event, payload as Asked) as RequestMap[E]['reply'];
  }

  private answer(event: string, { after, before, limit, page }: Asked): unknown {
    const head = this.log.length;
    if (event === 'room:history') return history(this.log, limit ?? 50, before);
    const reset = after !== undefined && head - after > this.resetAfter;
    const entries = after === undefined || reset ? [] : this.log.slice(after, after + Math.min(limit ?? 7, 7));
    if (event === 'room:sync') return { entries, head, more: (after ?? 0) + entries.length < head, reset };
    const brings = this.joinsWithPage && page !== undefined && (reset || after === undefined);
    if (event === 'room:join') return { room: {}, members: 1, online: 1, entries, head, reset, ...(brings ? { page: history(this.log, page) } : {}) };
    throw new Error(event);
  }
}

function feedOf(server: Server): { feed: Feed; drawn: TimelineState } {
  const drawn = new TimelineState();
  const feed = new Feed('r', {
    link: server, failed: () => undefined,
    changed: (_, change: TimelineChange) => drawn.apply(change),
  });
  return { feed, drawn };
}

describe('a feed', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(seeds(40))('draws the whole log though pushes are lost, doubled, late and requests fail (seed %i)', async (seed) => {
    const chance = new Chance(seed);
    const whole = writeLog(chance, 120);
    const server = new Server(whole.slice(0, chance.below(60)), chance);
    server.joinsWithPage = seed % 2 === 0;
    const { feed, drawn } = feedOf(server);
    let opened = false;
    feed.join().then(() => (opened = true), () => undefined);
    server.failing = 0;
    while (server.log.length < whole.length) {
      const next = whole[server.log.length];
      if (next) server.log.push(next);
      if (chance.yes(0.3)) await vi.advanceTimersByTimeAsync(chance.below(60));
      server.failing = chance.yes(0.2) ? 0.4 : 0;
      if (next && chance.yes(0.6)) feed.receive([next]);
      if (next && chance.yes(0.1)) feed.receive([next]);
    }
    server.failing = 0;
    await vi.advanceTimersByTimeAsync(200);
    if (!opened) void feed.join();
    // The link came up again, or `room:heads` said how far the log is.
    if (chance.yes(0.5)) feed.hint(whole.length);
    else void feed.join();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(feed.log.last).toBe(whole.length);
    while (!drawn.start) {
      const page = feed.older();
      await vi.advanceTimersByTimeAsync(50);
      await page;
    }
    expect(drawn.items).toEqual(truth(whole));
  });

  it.each([{ joinsWithPage: true, whole: ['room:join'] }, { joinsWithPage: false, whole: ['room:join', 'room:history'] }])('opens with one request where there is nothing to go on from: $whole', async ({ joinsWithPage, whole }) => {
    const log = writeLog(new Chance(3), 200);
    const server = Object.assign(new Server(log.slice(0, 30), new Chance(3)), { joinsWithPage, resetAfter: 50 });
    const { feed } = feedOf(server);
    const asked = async (): Promise<string[]> => {
      server.asked.length = 0;
      void feed.join();
      await vi.advanceTimersByTimeAsync(100);
      expect(feed.log.last).toBe(server.log.length);
      return [...server.asked];
    };
    expect(await asked(), 'for the first time').toEqual(whole);
    server.log.push(...log.slice(30, 33));
    expect(await asked(), 'the entries come with the join').toEqual(['room:join']);
    server.log.push(...log.slice(33));
    expect(await asked(), 'too far behind').toEqual(whole);
  });

  it('starts anew when it is too far behind, and keeps no row of the old one', async () => {
    const whole = writeLog(new Chance(3), 200);
    const server = new Server(whole.slice(0, 30), new Chance(3));
    server.resetAfter = 50;
    const { feed, drawn } = feedOf(server);
    void feed.join();
    await vi.advanceTimersByTimeAsync(100);
    server.log.push(...whole.slice(30));
    void feed.join();
    await vi.advanceTimersByTimeAsync(200);
    expect(feed.log.last).toBe(200);
    expect(drawn.items).toEqual(truth(whole).slice(-drawn.items.length));
    expect(drawn.items[0]?.seq).toBeGreaterThan(30);
  });

  it('asks once for several holes, and one page for several calls', async () => {
    const whole = writeLog(new Chance(4), 100);
    const server = new Server(whole.slice(), new Chance(4));
    const { feed } = feedOf(server);
    void feed.join();
    await vi.advanceTimersByTimeAsync(100);
    server.asked.length = 0;
    const more = writeLog(new Chance(4), 106).slice(100);
    server.log.push(...more);
    for (const at of [1, 3, 5]) feed.receive(more.slice(at, at + 1));
    void feed.older();
    void feed.older();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.asked.sort()).toEqual(['room:history', 'room:sync']);
    expect(feed.log.last).toBe(106);
  });
});
