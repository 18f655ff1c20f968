// How many items are drawn before anybody knows how high they are.

import { describe, expect, it } from 'vitest';

import type { FileInfo, Item } from '../src/bindings';
import { Extent } from '../src/features/timeline/extent';
import { message } from '../src/port/fake';
import { Chance, seeds } from './random';

const at = (seq: number): string => new Date(Date.UTC(2026, 0, 5, 12, 0, seq)).toISOString();
const said = (seq: number, text: string, author = 'u-ada'): Item => message(`${author}/c${seq}`, author, text, at(seq), seq);
const many = (count: number, text: string): Item[] => Array.from({ length: count }, (_, i) => said(i + 1, text));
const view = { clientWidth: 900, clientHeight: 600 };

describe('the extent of items that were never drawn', () => {
  it('is told by their text, in lines as high as those that were drawn', () => {
    const extent = new Extent(900, 620);
    extent.learn(many(100, 'ok'), 100 * 20, view);
    // 690 pixels are wanted: a little more than the view has.
    expect(extent.before(many(300, 'ok'), 300)).toBe(300 - 35);
    expect(extent.after(many(300, 'ok'), 0)).toBe(34);
    expect(extent.before(many(300, 'line\n'.repeat(9) + 'line'), 300)).toBe(300 - 4);
    expect(extent.before(many(300, 'x'.repeat(1_000)), 300)).toBeGreaterThan(300 - 6);
    extent.learn(many(100, 'ok'), 100 * 40, view);
    expect(extent.before(many(300, 'ok'), 300)).toBe(300 - 18);
  });

  it('counts what is beside the text', () => {
    const extent = new Extent(900, 620);
    const fits = (change: object): number => 100 - extent.before(many(100, 'ok').map((item) => ({ ...item, ...change }) as Item), 100);
    const plain = fits({});
    const image: FileInfo = { id: 'f', name: 'a.png', mime: 'image/png', bytes: 1, sha256: '', width: 3_000, height: 2_000, thumb: true };
    const reacted = fits({ reactions: [{ emoji: '👍', users: ['u-bo'] }] });
    expect(reacted).toBeLessThan(plain);
    expect(fits({ files: [image] })).toBeLessThan(reacted / 2);
    expect(fits({ files: [image, image, image] })).toBeLessThanOrEqual(fits({ files: [image] }));
    expect(fits({ files: [{ ...image, mime: 'application/pdf' }] })).toBeLessThan(plain);
    expect(fits({ text: 'x'.repeat(4_000), deleted: true })).toBe(plain);
  });

  it('learns nothing from a page that is not laid out, or from too little', () => {
    const extent = new Extent(900, 620);
    const items = many(300, 'ok');
    const before = extent.before(items, 300);
    extent.learn(items, 0, { clientWidth: 0, clientHeight: 0 });
    extent.learn(items, 0, view);
    extent.learn(items.slice(0, 2), 2_000, { clientWidth: 900, clientHeight: 620 });
    expect(extent.before(items, 300)).toBe(before);
  });

  it('is never without an end: a thousand people come at once, or a page says that its rows have no height', () => {
    const came = (seq: number): Item => ({ kind: 'notice', key: `#${seq}`, seq, entry: { room: 'r', seq, ts: at(seq), kind: 'membership', user: `u-${seq}`, change: 'joined', author: `u-${seq}` } });
    const notices = Array.from({ length: 1_000 }, (_, i) => came(i + 1));
    const extent = new Extent(900, 620);
    expect(extent.before(notices, 1_000)).toBeGreaterThan(800);
    expect(extent.after(notices, 0)).toBeLessThan(200);
    expect(extent.after(many(1_000, ''), 0)).toBeLessThan(40);
    extent.learn(many(300, 'ok'), 1, view);
    expect(extent.after(many(1_000, 'ok'), 0)).toBeLessThan(100);
  });

  it.each(seeds(20))('is as many as it takes and none more, both ways (seed %i)', (seed) => {
    const chance = new Chance(seed);
    const extent = new Extent(900, 620);
    extent.learn(many(50, 'ok'), 50 * (10 + chance.below(50)), { clientWidth: 300 + chance.below(1_500), clientHeight: 200 + chance.below(1_000) });
    const items = Array.from({ length: 200 }, (_, i) => said(i + 1, 'word '.repeat(chance.below(300)) + '\n'.repeat(chance.below(9)), chance.yes(0.5) ? 'u-ada' : 'u-bo'));
    const end = 1 + chance.below(200);
    const from = extent.before(items, end);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(from).toBeLessThan(end);
    // Those fill it, and without the first of them they would not.
    if (from > 0) expect(extent.after(items, from)).toBeLessThanOrEqual(end);
    if (end < 200) expect(extent.after(items, from + 1)).toBeGreaterThan(end);
    expect([extent.before(items, 0), extent.after(items, 200), extent.before([], 0)]).toEqual([0, 200, 0]);
  });
});
