import { describe, expect, it, vi } from 'vitest';

import type { Item } from '../src/bindings';
import { rowKeeper, rowsOf } from '../src/features/timeline/rows';
import { TimelineView } from '../src/features/timeline/view.svelte';
import { sentences } from '../src/features/timeline/notices';
import { listed } from '../src/lib/names';
import { message } from '../src/port/fake';
import { LobbyState } from '../src/state/lobby.svelte';
import { TimelineState } from '../src/state/timeline.svelte';
import { Chance, seeds } from './random';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 5, 12, minute)).toISOString();
const said = (seq: number, author = 'ada', minute = seq): Item => message(`${author}/c${seq}`, author, `text ${seq}`, at(minute), seq);
const keys = (items: readonly Item[]): string[] => items.map((item) => item.key);

describe('a timeline', () => {
  it('keeps committed rows by seq and pending ones after them by order, and never jumps a row that is committed', () => {
    const timeline = new TimelineState();
    const pending = (order: number): Item => ({ ...message(`me/p${order}`, 'me', '', at(0)), order, state: { is: 'queued' } });
    timeline.apply({ how: 'reset', items: [said(1), said(2)], start: true });
    timeline.apply({ how: 'upsert', items: [pending(2), pending(1)] });
    expect(keys(timeline.items)).toEqual(['ada/c1', 'ada/c2', 'me/p1', 'me/p2']);
    timeline.apply({ how: 'upsert', items: [message('me/p1', 'me', '', at(0), 4), said(3)] });
    expect(keys(timeline.items)).toEqual(['ada/c1', 'ada/c2', 'ada/c3', 'me/p1', 'me/p2']);
    timeline.apply({ how: 'remove', keys: ['me/p2', 'unknown'] });
    expect(keys(timeline.items)).toEqual(['ada/c1', 'ada/c2', 'ada/c3', 'me/p1']);
    expect(timeline.byMessageId('m4')?.key).toBe('me/p1');
  });

  it.each(seeds(40))('is sorted and without doubles after any updates (seed %i)', (seed) => {
    const chance = new Chance(seed);
    const timeline = new TimelineState();
    const all = new Map<string, Item>();
    for (let i = 0; i < 200; i++) {
      const item = said(1 + chance.below(60), 'ada', chance.below(60));
      const how = chance.yes(0.2) ? 'older' : 'upsert';
      const first = Math.min(...[...all.values()].map((known) => known.seq ?? Infinity));
      // What changes before the first row is of a page that nobody asked for.
      if (how === 'older' || all.size === 0 || all.has(item.key) || (item.seq ?? 0) > first) all.set(item.key, item);
      timeline.apply({ how, items: [item], start: false });
    }
    const sorted = [...all.values()].sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    expect(timeline.items).toEqual(sorted);
  });
});

describe('rows', () => {
  const whole = (items: Item[], divider: number | null = null): ReturnType<typeof rowsOf> =>
    rowsOf(items, { from: 0, to: items.length, base: 0, divider, me: 'ada' });

  it('groups an author within five minutes, and not across others, gaps or answers', () => {
    const items = [said(1, 'ada', 0), said(2, 'ada', 4), said(3, 'bo', 5), said(4, 'ada', 6), said(5, 'ada', 12)];
    const firsts = whole(items).flatMap((row) => (row.is === 'message' ? [row.first] : []));
    expect(firsts).toEqual([true, false, true, true, true]);
  });

  it('puts a day before the first message of each day', () => {
    const later = message('ada/c9', 'ada', '', new Date(Date.UTC(2026, 0, 9, 12)).toISOString(), 9);
    expect(whole([said(1), said(2), later]).map((row) => row.is)).toEqual(['day', 'message', 'message', 'day', 'message']);
  });

  it('puts New once, before the first message of somebody else after the read marker', () => {
    const items = [said(1, 'bo'), said(2, 'ada'), said(3, 'ada'), said(4, 'bo'), said(5, 'bo')];
    const kinds = whole(items, 1).map((row) => row.is);
    expect(kinds).toEqual(['day', 'message', 'message', 'message', 'new', 'message', 'message']);
    expect(whole(items, 5).some((row) => row.is === 'new')).toBe(false);
    const windowed = rowsOf(items, { from: 4, to: 5, base: 0, divider: 1, me: 'ada' });
    expect(windowed.some((row) => row.is === 'new')).toBe(false);
  });

  it('folds notices that follow one another, and keeps the shade of rows when older ones come', () => {
    const joined = (seq: number, user: string): Item => ({
      kind: 'notice', key: `#${seq}`, seq,
      entry: { room: 'r', seq, ts: at(seq), kind: 'membership', user, change: 'joined', author: user },
    });
    const rows = whole([joined(1, 'ada'), joined(2, 'bo'), said(3), joined(4, 'cy')]);
    expect(rows.map((row) => row.is)).toEqual(['day', 'notices', 'message', 'notices']);
    const text = rows.flatMap((row) => (row.is === 'notices' ? [sentences(row.items.map((item) => item.entry), (user) => user, listed)] : []));
    expect(text).toEqual(['ada and bo joined.', 'cy joined.']);

    const timeline = new TimelineState();
    const odd = (): unknown => rowsOf(timeline.items, { from: 0, to: 99, base: timeline.base, divider: null, me: '' })
      .flatMap((row) => (row.is === 'message' && (row.item.seq ?? 0) >= 5 ? [row.odd] : []));
    timeline.apply({ how: 'reset', items: [said(5), said(6), said(7)], start: false });
    const before = odd();
    timeline.apply({ how: 'older', items: [said(2), said(3), said(4)], start: false });
    expect(odd()).toEqual(before);
  });
});

describe('kept rows', () => {
  const options = { from: 0, to: 99, base: 0, divider: 3, me: 'ada' };

  it('are the same objects, but for the one that changed', () => {
    const timeline = new TimelineState();
    const rowsNow = rowKeeper();
    timeline.apply({ how: 'reset', items: Array.from({ length: 20 }, (_, i) => said(i + 1, i % 3 === 0 ? 'bo' : 'ada')), start: true });
    const before = rowsNow(timeline.items, options);
    expect(rowsNow(timeline.items, options).every((row, i) => row === before[i])).toBe(true);
    timeline.apply({ how: 'upsert', items: [message('ada/c9', 'ada', 'edited', at(9), 9)] });
    const after = rowsNow(timeline.items, options);
    expect(after.filter((row, i) => row !== before[i]).map((row) => row.key)).toEqual(['ada/c9']);
  });

  it.each(seeds(40))('are what all rows made anew would be, after any updates (seed %i)', (seed) => {
    const chance = new Chance(seed);
    const timeline = new TimelineState();
    const rowsNow = rowKeeper();
    for (let i = 0; i < 60; i++) {
      const seq = 1 + chance.below(30);
      const user = chance.yes(0.5) ? 'ada' : 'bo';
      const notice: Item = { kind: 'notice', key: `#${seq}`, seq, entry: { room: 'r', seq, ts: at(seq), kind: 'membership', user, change: 'joined', author: user } };
      const item = chance.yes(0.3) ? notice : said(seq, user, chance.below(3_000));
      timeline.apply(chance.yes(0.1) ? { how: 'remove', keys: [item.key] } : { how: chance.yes(0.2) ? 'older' : 'upsert', items: [item], start: chance.yes(0.5) });
      const now = { ...options, from: chance.below(4), base: timeline.base, divider: chance.below(20) };
      expect(rowsNow(timeline.items, now)).toEqual(rowsOf(timeline.items, now));
    }
  });
});

describe('what changes before the first row', () => {
  it('is of a page that was not asked for, unless it is there already', () => {
    const timeline = new TimelineState();
    timeline.apply({ how: 'reset', items: [said(5), said(6)], start: false });
    timeline.apply({ how: 'upsert', items: [said(3), message('ada/c5', 'ada', 'edited', at(5), 5), said(7)] });
    expect(timeline.all.map((item) => item.seq)).toEqual([5, 6, 7]);
    expect(timeline.all[0]).toMatchObject({ text: 'edited' });
    timeline.apply({ how: 'older', items: [said(3), said(4)], start: false });
    expect(timeline.all.map((item) => item.seq)).toEqual([3, 4, 5, 6, 7]);
  });
});

describe('the view of a timeline', () => {
  const many = (count: number): Item[] => Array.from({ length: count }, (_, i) => said(i + 1));

  it('draws the end of 10,000 messages, and never more than 300 however many come', () => {
    const view = new TimelineView({ start: () => true, loaded: () => 0, loadOlder: async () => undefined });
    let items = many(10_000);
    view.changed(items);
    // The window is 768 pixels high, which is 27 lines beside all else; somewhat more is drawn.
    expect([view.from, view.to]).toEqual([9_969, 10_000]);
    for (let i = 0; i < 500; i++) {
      items = [...items, said(items.length + 1)];
      view.changed(items);
      expect(view.to).toBe(items.length);
      expect(view.to - view.from).toBeLessThanOrEqual(300);
    }
  });

  it('opens where what is new begins, with as many as a window shows', () => {
    const view = new TimelineView({ start: () => true, loaded: () => 0, loadOlder: async () => undefined });
    const items = many(1_000);
    view.changed(items, 'ada/c301');
    expect(items.slice(view.from, view.to).some((item) => item.key === 'ada/c301')).toBe(true);
    expect(view.to - view.from).toBeLessThanOrEqual(36);
    expect(view.following).toBe(false);
    // What is new is a window's worth at most: the end is in view, too.
    view.changed(items, 'ada/c998');
    expect([view.from, view.to, view.following]).toEqual([969, 1_000, true]);
  });

  it('keeps the first row that one can read, when a sliver above it grows', () => {
    const element = (top: () => number, height: () => number, children: HTMLElement[] = []): HTMLElement => {
      const made = document.createElement('div');
      made.append(...children);
      made.getBoundingClientRect = () => new DOMRect(0, top(), 0, height());
      return made;
    };
    // In the window's pixels: the view begins at 100, with half a pixel of the first row.
    let space = 0;
    let grown = 0;
    let scrollTop = 39.5;
    const top = (): number => 100 - scrollTop;
    const row = (key: string, top: () => number, height: () => number): HTMLElement => Object.assign(element(top, height), { className: key });
    const first = row('first', () => top() + space, () => 40 + grown);
    const second = row('second', () => top() + space + 40 + grown, () => 40);
    [first, second].forEach((one) => (one.dataset['row'] = one.className));
    const elements = { scroller: element(() => 100, () => 400), space: element(top, () => space), rows: element(() => top() + space, () => 80 + grown, [first, second]) };
    Object.defineProperty(elements.space.style, 'height', { set: (height: string) => (space = Number.parseFloat(height)) });
    Object.defineProperties(elements.scroller, { clientHeight: { value: 400 }, scrollHeight: { value: 9_000 }, scrollTop: { get: () => scrollTop, set: (to: number) => (scrollTop = to) } });
    vi.stubGlobal('ResizeObserver', class { observe(): void {} disconnect(): void {} });

    const view = new TimelineView({ start: () => false, loaded: () => 0, loadOlder: async () => undefined });
    view.changed(many(2));
    view.following = false;
    const detach = view.attach(elements);
    grown = 33;
    view.settle();
    expect(second.getBoundingClientRect().top).toBeCloseTo(100.5);
    detach();
    vi.unstubAllGlobals();
  });

  it('keeps its place when older ones come, and counts what comes below while it is not at the end', () => {
    const view = new TimelineView({ start: () => true, loaded: () => 0, loadOlder: async () => undefined });
    const items = many(200);
    view.changed(items.slice(100, 150));
    view.following = false;
    view.changed(items.slice(50, 150));
    expect(items.slice(50)[view.to - 1]?.key).toBe('ada/c150');
    expect(view.below).toBe(0);
    view.changed(items.slice(50, 160));
    expect(view.below).toBe(10);
    view.toEnd();
    expect(view.below).toBe(0);
    expect(view.to).toBe(110);
  });
});

describe('the lobby', () => {
  it('follows what is unread in workspaces that are not open', () => {
    const lobby = new LobbyState();
    lobby.apply({ type: 'workspace_changed', workspace: { slug: 'w', name: 'W', icon: null, role: 'member', open: false, unread: 3, mentions: 0 } });
    const read = (room: string, unread: number, mentions = 0): void =>
      lobby.counted({ type: 'read', slug: 'w', room, head: 9, read: 0, unread, mentions });
    read('a', 1);
    read('a', 2, 1);
    expect(lobby.workspaces.get('w')).toMatchObject({ unread: 5, mentions: 1 });
    read('a', 0, 0);
    expect(lobby.workspaces.get('w')).toMatchObject({ unread: 3, mentions: 0 });
  });
});
