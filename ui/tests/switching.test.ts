// A room that is opened takes the rows of the one before: nothing of that one may stay in them.

import { afterEach, describe, expect, it, vi } from 'vitest';

import type { FileInfo, Item, MessageItem } from '../src/bindings';
import type { Row } from '../src/features/timeline/rows';
import { Slots } from '../src/features/timeline/slots';
import { refusal } from '../src/lib/error';
import { message } from '../src/port/fake';
import { chatter, room, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';
import { Chance, seeds } from './random';

const now = new Date('2026-01-05T12:00:00Z');
const names = ['general', 'random', 'design', 'releases'];
let page: Page;

const rows = (): HTMLElement[] => page.all('message');
const said = (name: string, count: number): Item[] => chatter(count, now).map((item) => ({ ...item, key: `${name} ${item.key}` }));
const two = (): ReturnType<typeof world> => world([room('general'), room('random')], new Map(['general', 'random'].map((name) => [`r-${name}`, said(name, 3)])));
const open = (name: string): Promise<void> => page.click(`room-${name}`);

describe('a room that is opened after another', () => {
  afterEach(async () => {
    await page.close();
    localStorage.clear();
  });

  it('shows its messages in the rows that are there', async () => {
    page = await Page.open(world(names.map((name) => room(name)), new Map([['r-general', said('general', 9)], ['r-random', said('random', 6)], ['r-design', said('design', 12)]])));
    const general = rows();
    await open('random');
    expect(rows()).toEqual(general.slice(3));
    await open('design');
    expect(rows().slice(0, 6)).toEqual(general.slice(3));
    expect(rows().map((row) => row.dataset['seq'])).toEqual(chatter(12, now).map((item) => String(item.seq)));
  });

  it.each(seeds(12))('looks as it does when it is the first (seed %i)', async (seed) => {
    const chance = new Chance(seed);
    const items = new Map(names.map((name) => [`r-${name}`, anything(chance, name)]));
    const scene = (): ReturnType<typeof world> => ({ ...world(names.map((name) => room(name, { head: 20, read: 20 })), structuredClone(items)), personal: { invisible: false, ignored: ['u-emre'], reminders: [] } });
    const first = new Map<string, string[]>();
    for (const name of names) {
      page = await Page.open(scene());
      await open(name);
      first.set(name, drawn());
      await page.close();
      localStorage.clear();
    }
    page = await Page.open(scene());
    for (let i = 0; i < 12; i++) {
      const name = names[chance.below(names.length)] ?? '';
      const comes = chance.yes(0.5) ? delayed() : undefined;
      await open(name);
      await comes?.();
      await eventually(() => expect(drawn(), name).toEqual(first.get(name)));
    }
  });

  it('shows them in those rows also when they come later, and none of them until then', async () => {
    page = await Page.open(world(names.map((name) => room(name)), new Map(names.map((name) => [`r-${name}`, said(name, 5)]))));
    const general = rows();
    const comes = delayed();
    await open('random');
    expect(rows()).toEqual([]);
    expect(page.text('timeline')).toBe('Loading…');
    expect(general.map((row) => row.isConnected)).toEqual(Array(5).fill(false));
    const design = delayed();
    await open('design');
    expect(rows()).toEqual([]);
    await design();
    expect(rows()).toEqual(general);
    expect(page.text('timeline')).not.toContain('Loading…');
    await comes();
    expect(rows()).toEqual(general);
    await open('general');
    expect(page.messages().map(({ text }) => text)).toEqual(said('general', 5).map((item) => item.kind === 'message' && item.text));
  });

  it('keeps none of them when it turns out to be empty', async () => {
    page = await Page.open(world([room('general'), room('random')], new Map([['r-general', said('general', 5)]])));
    const comes = delayed();
    await open('random');
    await comes();
    expect(rows()).toEqual([]);
    await open('general');
    expect(rows()).toHaveLength(5);
  });

  it('does not show what was shown of somebody who is ignored in the one before', async () => {
    const ignored = (name: string): [string, Item[]] => [`r-${name}`, [message(`u-emre/${name}`, 'u-emre', `of ${name}`, now.toISOString(), 1)]];
    page = await Page.open({ ...world([room('general'), room('random')], new Map(['general', 'random'].map(ignored))), personal: { invisible: false, ignored: ['u-emre'], reminders: [] } });
    await page.click('ignored-show');
    expect(page.messages()[0]?.text).toBe('of general');
    await open('random');
    expect(page.has('ignored-show')).toBe(true);
    expect(page.has('message-text')).toBe(false);
  });

  it('offers nothing for a message until the pointer is over it, though the engine never said that it left the one before', async () => {
    page = await Page.open(two());
    await page.hover(rows().at(-1));
    await page.click('message-react');
    expect(page.has('quick-👍')).toBe(true);
    await open('random');
    expect(document.querySelectorAll('[role=toolbar]')).toHaveLength(0);
    rows().at(-1)?.dispatchEvent(new MouseEvent('pointermove', { bubbles: true }));
    await page.settled();
    expect(page.has('message-react')).toBe(true);
    expect(page.has('quick-👍')).toBe(false);
    await open('general');
    expect(document.querySelectorAll('[role=toolbar]')).toHaveLength(0);
  });

  it('offers nothing either for a message that had the focus when its room was left', async () => {
    page = await Page.open(two());
    rows()[1]?.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
    await page.settled();
    expect(page.has('message-react')).toBe(true);
    await open('random');
    expect(document.querySelectorAll('[role=toolbar]')).toHaveLength(0);
  });

  it('has nothing selected, and not the focus that a message of the one before had', async () => {
    // Where nothing hovers, the field to write in does not take the focus by itself.
    vi.spyOn(window, 'matchMedia').mockImplementation((media) => Object.assign(new EventTarget(), { matches: false, media, onchange: null, addListener: () => undefined, removeListener: () => undefined }));
    page = await Page.open(two());
    const [first, second, third] = rows() as [HTMLElement, HTMLElement, HTMLElement];
    second.focus();
    expect(document.activeElement).toBe(second);
    getSelection()?.setBaseAndExtent(first, 0, third, 1);
    expect(getSelection()?.isCollapsed).toBe(false);
    await open('random');
    expect(getSelection()?.isCollapsed).toBe(true);
    expect(rows()).toContain(second);
    expect(document.activeElement).not.toBe(second);
    expect(rows().map((row) => row.tabIndex)).toEqual([-1, -1, 0]);
  });

  it('has no row marked that a link led to in the one before', async () => {
    page = await Page.open(two());
    page.app.target = { workspace: 'general', room: 'r-general', seq: 2 };
    await eventually(() => expect(document.querySelectorAll('.found')).toHaveLength(1));
    await open('random');
    expect(document.querySelectorAll('.found')).toHaveLength(0);
  });
});

describe('the slots of rows', () => {
  /** Rows of a room, the letters of `is`: a message or a day. */
  const of = (name: string, is: string): Row[] =>
    [...is].map((kind, i) => {
      const [item] = chatter(1, now);
      if (kind === 'd' || item?.kind !== 'message') return { is: 'day', key: `day ${name} ${i}`, ts: '' };
      return { is: 'message', key: `${name} ${i}`, ts: '', item, first: false, odd: false };
    });

  it('are those of the last messages before, in their order; what is no message gets one of its own', () => {
    const slots = new Slots<object>();
    const place = (name: string, is: string): number[] => slots.place(of(name, is), [name]).map(({ slot }) => slot);
    expect(place('a', 'dmmm')).toEqual([1, 2, 3, 4]);
    expect(place('b', 'mdm')).toEqual([3, 5, 4]);
    expect(place('c', 'mmmd')).toEqual([3, 4, 6, 7]);
    expect(place('d', '')).toEqual([]);
    expect(place('e', 'm')).toEqual([8]);
  });

  it('stay with their rows within a room', () => {
    const slots = new Slots<object>();
    const room = {};
    const rows = of('a', 'mmm');
    const before = slots.place(rows, room);
    const changed = rows.map((row, i) => (i === 1 ? { ...row } : row));
    const after = slots.place([...of('older', 'mm'), ...changed.slice(0, 2)], room);
    expect(after.map(({ slot }) => slot)).toEqual([4, 5, 1, 2]);
    expect(after[2]).toBe(before[0]);
    expect(after[3]).toEqual({ slot: 2, row: changed[1], room });
  });
});

/** What the next room that is opened has comes when the answer is called. */
function delayed(): () => Promise<void> {
  const open = page.port.openRoom.bind(page.port);
  let come = (): void => undefined;
  const held = new Promise<void>((done) => (come = done));
  vi.spyOn(page.port, 'openRoom').mockImplementationOnce(async (id) => {
    await held;
    return open(id);
  });
  return async () => {
    come();
    await page.settled();
  };
}

/** What the page shows of the timeline, a line for each row: without the comments that hold a place in it, and with the classes in one order. */
function drawn(): string[] {
  const rows = page.get('timeline').querySelector('.rows')?.cloneNode(true) as HTMLElement;
  for (const element of rows.querySelectorAll('[class]')) element.setAttribute('class', [...element.classList].sort().join(' '));
  return [...rows.children].map((row) => row.outerHTML.replace(/<!--.*?-->/g, ''));
}

/** Up to twenty rows of every kind that there is. */
function anything(chance: Chance, name: string): Item[] {
  const authors = ['u-ada', 'u-bo', 'u-bo', 'u-deploys', 'u-emre'];
  const texts = ['some words', '**bold** and `code`', '```js\nlet a = 1;\n```', '> quoted\n\n- [x] done', '||secret|| https://example.org', '😀', '/me waves', 'مرحبا', '@ada look', ''];
  const picture: FileInfo = { id: `f-${name}`, name: 'picture.png', mime: 'image/png', bytes: 900, sha256: '', width: 40, height: 30, thumb: true };
  let ts = now.getTime() - 3 * 86_400_000;
  return Array.from({ length: 4 + chance.below(16) }, (_, i): Item => {
    const seq = i + 1;
    ts += chance.yes(0.1) ? 86_400_000 / 2 : chance.below(200_000);
    const author = authors[chance.below(authors.length)] ?? '';
    const at = new Date(ts).toISOString();
    if (chance.yes(0.1)) return { kind: 'notice', key: `#${seq}`, seq, entry: { room: `r-${name}`, seq, ts: at, kind: 'membership', user: 'u-bo', change: 'joined', author: 'u-bo' } };
    const text = chance.yes(0.5) ? `${name} ${seq}` : (texts[chance.below(texts.length)] ?? '');
    const some = <T>(value: T): T | undefined => (chance.yes(0.12) ? value : undefined);
    const more: Partial<MessageItem> = {
      deleted: chance.yes(0.08), pinned: chance.yes(0.08), edited_ts: some(at), reply_to: some(`m${1 + chance.below(seq)}`),
      replies: some({ count: 2, last_seq: seq, last_ts: at }), files: some([picture, { ...picture, id: `g-${name}` }].slice(chance.below(2))), mentions: some(['u-ada']) ?? [],
      reactions: some([{ emoji: '👍', users: ['u-ada', 'u-bo'] }]) ?? [],
      state: some({ is: 'failed', error: refusal('forbidden', 'The room is closed.') }) ?? { is: 'sent' },
    };
    const said = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
    return { ...message(`${author}/${name}${seq}`, author, text, at, seq), ...said };
  });
}
