import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Account, Item, LobbyServer, Member, MessageItem, Room, User, Workspace } from '../src/bindings';
import { refusal } from '../src/lib/error';
import { Cache } from '../src/port/web/cache';
import { Device } from '../src/port/web/device';
import { IndexedDisk, type CachedLobby, type CachedWorkspace } from '../src/port/web/disk';
import { RoomLog } from '../src/port/web/roomlog';
import { withChanges, type Waiting } from '../src/port/web/waiting';
import { history, writeLog } from './log';
import { Chance, seeds } from './random';

let count = 0;
let disk: IndexedDisk;
beforeEach(async () => void (disk = await IndexedDisk.open(`cache-${++count}`)));

const loaded = (length: number, seed = 1): RoomLog => {
  const log = new RoomLog();
  log.reset({ messages: [], notices: [], head: 0, start: true });
  log.receive(writeLog(new Chance(seed), length));
  return log;
};
const user: User = { id: 'u1', login: 'ada', display_name: 'Ada', role: 'member', bot: false, guest: false };
const workspace: Workspace = { slug: 'w', name: 'W', icon: '', role: 'member', open: true, unread: 0, mentions: 0 };
const member: Member = { ...user, presence: 'online' };
const room: Room = {
  id: 'r', name: 'general', topic: '', kind: 'public', archived: false, members: 1, head: 9, read: 7, unread: 2, mentions: 1, muted: false,
};
const lobby: CachedLobby = { user, server: { id: 's', name: 'S', version: '1', epoch: 'e1', limits: {} } as unknown as LobbyServer, workspaces: [workspace] };
const inside: CachedWorkspace = { workspace, me: member, rooms: [room], members: [member] };

describe('what is kept of a room', () => {
  it.each(seeds(30))('goes on exactly where it stopped (seed %i)', async (seed) => {
    const chance = new Chance(seed);
    const whole = writeLog(chance, 150);
    const stop = 1 + chance.below(149);
    const live = new RoomLog();
    live.reset(history(whole.slice(0, stop), 20 + chance.below(40)));
    const page = live.newest(500);
    const opened = new RoomLog();
    if (page) opened.reset(page);
    expect(opened.items()).toEqual(live.items());
    expect([opened.last, opened.first, opened.start]).toEqual([live.last, live.first, live.start]);
    for (const log of [live, opened]) log.receive(chance.shuffled(whole.slice(stop)));
    expect(opened.items()).toEqual(live.items());
    expect(opened.last).toBe(150);
  });

  it('is the newest part of a long one, and says that something comes before', () => {
    const log = loaded(400);
    const page = log.newest(50);
    expect(page?.start).toBe(false);
    const rows = [...(page?.messages ?? []), ...(page?.notices ?? [])];
    expect(rows.length).toBeLessThanOrEqual(50);
    expect(rows.length).toBeGreaterThan(40);
    const opened = new RoomLog();
    if (page) opened.reset(page);
    expect(opened.items()).toEqual(log.items().slice(-opened.items().length));
    // An older page joins without a hole.
    opened.older(history(writeLog(new Chance(1), 400), 500, opened.first));
    expect(opened.items()).toEqual(log.items());
  });

  it('is not replaced by what another tab knew before', async () => {
    const [earlier, later] = [loaded(10).newest(500), loaded(20).newest(500)];
    if (!earlier || !later) throw new Error('nothing to keep');
    await disk.keepRooms([{ room: 'r', page: later, saved: 1 }]);
    await disk.keepRooms([{ room: 'r', page: earlier, saved: 2 }]);
    expect((await disk.room('r'))?.page.head).toBe(20);
  });

  it('goes for the room written longest ago when there are too many', async () => {
    const page = loaded(3).newest(500);
    if (!page) throw new Error('nothing to keep');
    await disk.keepRooms(Array.from({ length: 130 }, (_, i) => ({ room: `r${i}`, page, saved: i })));
    expect(await disk.room('r29')).toBeUndefined();
    expect(await disk.room('r30')).toBeDefined();
    expect(await disk.room('r129')).toBeDefined();
  });
});

describe('the cache', () => {
  it('gives the next page what this one was told', async () => {
    const cache = new Cache(disk, (thrown) => { throw thrown; });
    cache.keepLobby(lobby);
    cache.keepWorkspace('w', () => inside);
    cache.keepRoom('r', loaded(30));
    cache.close();
    const next = new Cache(await IndexedDisk.open(`cache-${count}`), (thrown) => { throw thrown; });
    await expect.poll(() => next.lobby()).toEqual(lobby);
    await expect.poll(() => next.workspace('w')).toEqual(inside);
    await expect.poll(async () => (await next.page('r'))?.head).toBe(30);
    next.close();
  });

  it('forgets everything but the outbox, and what was about to be written too', async () => {
    const cache = new Cache(disk, (thrown) => { throw thrown; });
    cache.keepLobby(lobby);
    cache.keepRoom('r', loaded(30));
    await cache.flush();
    cache.keepRoom('r', loaded(40));
    await disk.add(waiting({ is: 'message', text: 'mine' }));
    await cache.clear();
    await cache.flush();
    expect(await disk.lobby()).toBeUndefined();
    expect(await disk.room('r')).toBeUndefined();
    expect(await disk.waiting()).toHaveLength(1);
    cache.close();
  });

  it('says when the disk takes no more, and goes on', async () => {
    const troubles: unknown[] = [];
    const cache = new Cache(disk, (thrown) => troubles.push(thrown));
    const keep = disk.keepLobby.bind(disk);
    disk.keepLobby = async () => { throw new DOMException('full', 'QuotaExceededError'); };
    cache.keepLobby(lobby);
    await cache.flush();
    expect(troubles).toHaveLength(1);
    disk.keepLobby = keep;
    cache.keepLobby(lobby);
    await cache.flush();
    expect(await disk.lobby()).toEqual(lobby);
    cache.close();
  });
});

describe('the device', () => {
  it('knows who was here, until they leave', async () => {
    const account: Account = { address: 'http://x', server_name: 'S', user };
    await new Device().keep(account);
    expect(await new Device().account()).toEqual(account);
    await new Device().forget('somebody else', 'left');
    expect(await new Device().account()).toEqual(account);
    await new Device().forget('u1', 'left');
    expect(await new Device().account()).toBeUndefined();
  });

  it('keeps what an ended session did not send, but not for ever', async () => {
    let now = 0;
    const device = new Device(() => now);
    const { disk: theirs } = await device.disk('u9');
    await theirs.add(waiting({ is: 'message', text: 'mine' }));
    theirs.close();
    await device.forget('u9', 'ended');
    now = 29 * 24 * 3_600_000;
    await device.keep({ address: 'http://x', server_name: 'S', user });
    const kept = (await device.disk('u9')).disk;
    expect(await kept.waiting()).toHaveLength(1);
    kept.close();
    now = 31 * 24 * 3_600_000;
    await device.keep({ address: 'http://x', server_name: 'S', user });
    expect(await (await device.disk('u9')).disk.waiting()).toEqual([]);
  });

  it('goes on where the browser has no database', async () => {
    const there = globalThis.indexedDB;
    Reflect.deleteProperty(globalThis, 'indexedDB');
    try {
      const device = new Device();
      expect(await device.account()).toBeUndefined();
      const { disk: none, durable } = await device.disk('u1');
      expect(durable).toBe(false);
      await expect(none.add(waiting({ is: 'message', text: 'mine' }))).rejects.toThrow();
    } finally {
      globalThis.indexedDB = there;
    }
  });
});

describe('the disk', () => {
  it('makes room for what is written by dropping what can be asked for again', async () => {
    await disk.keepLobby(lobby);
    let full = true;
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (...args) {
      if (full) {
        full = false;
        throw new DOMException('full', 'QuotaExceededError');
      }
      return add.apply(this, args);
    };
    try {
      await disk.add(waiting({ is: 'message', text: 'mine' }));
    } finally {
      IDBObjectStore.prototype.add = add;
    }
    expect(await disk.waiting()).toHaveLength(1);
    expect(await disk.lobby()).toBeUndefined();
  });

  it('leases the right to send to one tab at a time', async () => {
    expect(await disk.lease('a', 0, 100)).toBe(true);
    expect(await disk.lease('b', 50, 100)).toBe(false);
    expect(await disk.lease('a', 60, 100)).toBe(true);
    expect(await disk.lease('b', 159, 100)).toBe(false);
    expect(await disk.lease('b', 160, 100)).toBe(true);
    expect(await disk.lease('a', 170, 100)).toBe(false);
    expect(await disk.lease('b', 0, 0)).toBe(true);
    expect(await disk.lease('a', 171, 100)).toBe(true);
  });
});

function waiting(what: Waiting['what'], state: Waiting['state'] = { is: 'queued' }): Omit<Waiting, 'order'> & { order: number } {
  const made = { order: 1, key: `u1/c${++count}`, row: 'u2/c0', cid: `c${count}`, author: 'u1', slug: 'w', room: 'r', ts: 'now', what, state };
  const { order: _, ...fresh } = made;
  return fresh as typeof made;
}

describe('a row and the changes to it', () => {
  const row: MessageItem = {
    key: 'u2/c0', seq: 4, order: 0, id: 'm4', ts: 'then', author: 'u2', text: 'old', deleted: false, mentions: [], pinned: false,
    reactions: [{ emoji: '👍', users: ['u2'] }], state: { is: 'sent' },
  };
  const drawn = (...changes: Waiting[]): Item => withChanges({ kind: 'message', ...row }, changes);
  const failed = { is: 'failed', error: refusal('forbidden', 'no') } as const;

  it('is drawn as it will be', () => {
    expect(drawn(waiting({ is: 'edit', id: 'm4', text: 'new' }))).toMatchObject({ text: 'new', edited_ts: 'now', state: { is: 'queued' } });
    expect(drawn(waiting({ is: 'delete', id: 'm4' }, { is: 'sending' }))).toMatchObject({ text: '', deleted: true, reactions: [], state: { is: 'sending' } });
    expect(drawn(waiting({ is: 'reaction', id: 'm4', emoji: '👍', on: true }))).toMatchObject({
      reactions: [{ emoji: '👍', users: ['u2', 'u1'] }], state: { is: 'sent' },
    });
  });

  it('takes several in their order, and a reaction back', () => {
    const put = waiting({ is: 'reaction', id: 'm4', emoji: '🎉', on: true });
    expect(drawn(put, put)).toMatchObject({ reactions: [{ emoji: '👍' }, { emoji: '🎉', users: ['u1'] }] });
    expect(drawn(put, waiting({ is: 'reaction', id: 'm4', emoji: '🎉', on: false }))).toMatchObject({ reactions: [{ emoji: '👍', users: ['u2'] }] });
    expect(drawn(waiting({ is: 'edit', id: 'm4', text: 'a' }), waiting({ is: 'edit', id: 'm4', text: 'b' }))).toMatchObject({ text: 'b' });
  });

  it('shows a failure until it is dealt with: the text that was meant, but no deletion that did not happen', () => {
    expect(drawn(waiting({ is: 'edit', id: 'm4', text: 'new' }, failed))).toMatchObject({ text: 'new', state: failed });
    expect(drawn(waiting({ is: 'delete', id: 'm4' }, failed))).toMatchObject({ text: 'old', deleted: false, state: failed });
    expect(drawn(waiting({ is: 'reaction', id: 'm4', emoji: '👍', on: true }, failed), waiting({ is: 'edit', id: 'm4', text: 'new' }))).toMatchObject({ text: 'new', state: failed });
  });
});
