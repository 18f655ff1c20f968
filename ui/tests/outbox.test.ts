import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Item, MessageSend } from '../src/bindings';
import { refusal } from '../src/lib/error';
import { Outbox, type Sent } from '../src/port/web/outbox';
import { Chance, seeds } from './random';

interface Rig {
  outbox: Outbox;
  /** What the server committed, per room, in order: cids. */
  log: Map<string, string[]>;
  rows: Map<string, Item>;
  requests: MessageSend[][];
  live: boolean;
  counts: number[];
  answer: (messages: MessageSend[]) => Promise<Sent[]>;
  /** Commits and answers as the server does: a `cid` that it knows gets what it got before. */
  commit: (message: MessageSend) => Sent;
}

function rig(frameBytes = 100_000): Rig {
  const log = new Map<string, string[]>();
  let id = 0;
  const made: Rig = {
    log, rows: new Map(), requests: [], live: true, counts: [],
    answer: async (messages) => messages.map((message) => made.commit(message)),
    commit: ({ room, cid }) => {
      const list = log.get(room) ?? [];
      log.set(room, list);
      if (!list.includes(cid)) list.push(cid);
      const seq = list.indexOf(cid) + 1;
      return { ok: true, sent: { cid, id: `m-${cid}`, seq, ts: new Date(seq).toISOString() } };
    },
    outbox: new Outbox({
      transmit: (_, messages) => {
        made.requests.push(messages);
        return made.answer(messages);
      },
      live: () => made.live,
      changed: (_, __, items) => items.forEach((item) => made.rows.set(item.key, item)),
      count: (pending) => made.counts.push(pending),
      frameBytes: () => frameBytes,
      me: () => 'me',
      newId: () => `c${++id}`,
      now: () => new Date(0),
      random: () => 0.5,
    }),
  };
  return made;
}

const say = (room: string, text: string): { room: string; text: string } => ({ room, text });
const stateOf = (made: Rig, key: string): string => {
  const row = made.rows.get(key);
  return row?.kind === 'message' ? row.state.is : 'missing';
};

describe('the outbox', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('draws a message before it is sent, and marks it sent with its place', async () => {
    const made = rig();
    const key = made.outbox.add('w', say('r', 'hello'));
    expect(key).toBe('me/c1');
    expect(stateOf(made, key)).toBe('sending');
    await vi.advanceTimersByTimeAsync(0);
    expect(made.rows.get(key)).toMatchObject({ seq: 1, id: 'm-c1', state: { is: 'sent' } });
    expect(made.counts).toEqual([1, 0]);
  });

  it('keeps everything while there is no link, and drains it in one batch in order', async () => {
    const made = rig();
    made.live = false;
    for (let i = 0; i < 5; i++) made.outbox.add('w', say('r', `${i}`));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made.requests).toEqual([]);
    expect(made.counts.at(-1)).toBe(5);
    made.live = true;
    made.outbox.resume('w');
    await vi.advanceTimersByTimeAsync(0);
    expect(made.requests.map((batch) => batch.map((message) => message.text))).toEqual([['0', '1', '2', '3', '4']]);
  });

  it('sends at most a hundred at once, and no more than fits into a frame', async () => {
    const made = rig();
    made.live = false;
    for (let i = 0; i < 250; i++) made.outbox.add('w', say('r', `${i}`));
    made.live = true;
    made.outbox.resume('w');
    await vi.advanceTimersByTimeAsync(0);
    expect(made.requests.map((batch) => batch.length)).toEqual([100, 100, 50]);

    const small = rig(4_000);
    small.live = false;
    for (let i = 0; i < 6; i++) small.outbox.add('w', say('r', 'ü'.repeat(500)));
    small.live = true;
    small.outbox.resume('w');
    await vi.advanceTimersByTimeAsync(0);
    expect(small.requests.map((batch) => batch.length)).toEqual([2, 2, 2]);
  });

  it('waits as long as the server says, and then sends the very same message', async () => {
    const made = rig();
    made.answer = async () => [{ ok: false, error: { ...refusal('rate_limited', 'slow down'), retry_after_ms: 3_000 } }];
    const key = made.outbox.add('w', say('r', 'hello'));
    await vi.advanceTimersByTimeAsync(2_990);
    expect(made.requests).toHaveLength(1);
    expect(stateOf(made, key)).toBe('queued');
    made.answer = async (messages) => messages.map((message) => made.commit(message));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made.requests).toHaveLength(2);
    expect(made.requests[1]).toEqual(made.requests[0]);
    expect(stateOf(made, key)).toBe('sent');
  });

  it('fails a message that the server refuses for good, goes on with the next, and retries or drops it on demand', async () => {
    const made = rig();
    made.answer = async (messages) => messages.map((message) =>
      message.text === 'bad' ? { ok: false, error: refusal('forbidden', 'The room is closed.') } : made.commit(message));
    const bad = made.outbox.add('w', say('r', 'bad'));
    const good = made.outbox.add('w', say('r', 'good'));
    await vi.advanceTimersByTimeAsync(0);
    expect(stateOf(made, bad)).toBe('failed');
    expect(stateOf(made, good)).toBe('sent');
    expect(made.counts.at(-1)).toBe(0);
    made.answer = async (messages) => messages.map((message) => made.commit(message));
    expect(made.outbox.discard(good)).toBe(false);
    made.outbox.retry(bad);
    await vi.advanceTimersByTimeAsync(0);
    expect(stateOf(made, bad)).toBe('sent');
    expect(made.outbox.discard(bad)).toBe(false);
  });

  it('leaves a message to the log once its entry is there, even when that comes before the ack', async () => {
    const made = rig();
    let acked = (_: Sent[]): void => undefined;
    made.answer = () => new Promise((resolve) => (acked = resolve));
    const key = made.outbox.add('w', say('r', 'hello'));
    made.outbox.forget(key);
    made.rows.delete(key);
    acked([{ ok: true, sent: { cid: 'c1', id: 'm', seq: 9, ts: '' } }]);
    await vi.advanceTimersByTimeAsync(0);
    expect(made.rows.has(key)).toBe(false);
    expect(made.outbox.items('w', 'r')).toEqual([]);
  });

  it.each(seeds(30))('commits each message once and in order per room through any trouble (seed %i)', async (seed) => {
    const chance = new Chance(seed);
    const made = rig(2_000);
    const written = new Map<string, string[]>();
    const underWay = new Map<string, number>();
    made.answer = async (messages) => {
      const room = messages[0]?.room ?? '';
      expect(messages.every((message) => message.room === room)).toBe(true);
      underWay.set(room, (underWay.get(room) ?? 0) + 1);
      expect(underWay.get(room)).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, chance.below(300)));
      underWay.set(room, 0);
      // Lost on the way there: nothing happened. Lost on the way back: everything did.
      if (chance.yes(0.15)) throw refusal('unavailable', 'lost');
      const stop = chance.yes(0.2) ? chance.below(messages.length) : messages.length;
      const results = messages.map((message, i): Sent =>
        i < stop ? made.commit(message) : { ok: false, error: { ...refusal('rate_limited', 'wait'), retry_after_ms: 50 } });
      if (chance.yes(0.15)) throw refusal('unavailable', 'lost');
      return results;
    };
    for (let i = 0; i < 120; i++) {
      const room = `r${chance.below(3)}`;
      const key = made.outbox.add('w', say(room, `message ${i}`));
      written.set(room, [...(written.get(room) ?? []), key.slice('me/'.length)]);
      if (chance.yes(0.2)) await vi.advanceTimersByTimeAsync(chance.below(800));
      if (chance.yes(0.1)) made.live = !made.live;
      if (made.live && chance.yes(0.3)) made.outbox.resume('w');
    }
    made.live = true;
    made.outbox.resume('w');
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(made.log).toEqual(written);
    expect(made.counts.at(-1)).toBe(0);
    for (const [room, cids] of written) {
      cids.forEach((cid, i) => expect(made.rows.get(`me/${cid}`)).toMatchObject({ seq: i + 1, state: { is: 'sent' } }));
      expect(cids.length).toBe(made.log.get(room)?.length);
    }
  });
});
