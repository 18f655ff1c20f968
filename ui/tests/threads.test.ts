// Threads beside the timeline, and what is pinned.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Item } from '../src/bindings';
import { rowsOf } from '../src/features/timeline/rows';
import { TimelineView } from '../src/features/timeline/view.svelte';
import { refusal } from '../src/lib/error';
import { message } from '../src/port/fake';
import { chatter, room, world } from '../src/port/fake/world';
import { ThreadState } from '../src/state/thread.svelte';
import { TimelineState } from '../src/state/timeline.svelte';
import { Page } from './page';

const until = new Date('2026-01-05T12:00:00Z');
const answer = (seq: number, thread: string, author = 'u-bo'): Item & { kind: 'message' } =>
  ({ ...message(`${author}/a${seq}`, author, `Answer ${seq}`, new Date(until.getTime() + seq * 1000).toISOString(), seq), thread });
/** Three messages; the second one began a thread with this many answers. */
function threaded(answers: number): Item[] {
  const items = chatter(3, until);
  const all = Array.from({ length: answers }, (_, i) => answer(4 + i, 'm2'));
  const last = all.at(-1);
  const root = items[1];
  if (root?.kind === 'message' && last?.seq) items[1] = { ...root, replies: { count: answers, last_seq: last.seq, last_ts: last.ts } };
  return [...items, ...all];
}

let page: Page;
const open = async (items: Item[], size?: number): Promise<void> => {
  page = await Page.open({ ...world([room('general'), room('random')], new Map([['r-general', items]])), ...(size ? { page: size } : {}) });
};
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const within = (testid: string): HTMLElement[] => page.all('message').filter((row) => row.closest(`[data-testid=${testid}]`) !== null);
const texts = (rows: HTMLElement[]): string[] => rows.map((row) => row.querySelector('[data-testid=message-text]')?.textContent?.trim() ?? '');
const line = (): DOMStringMap => page.get('thread-line').dataset;
const key = async (row: HTMLElement | undefined, name: string): Promise<void> => {
  row?.focus();
  row?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));
  await page.settled();
};

describe('a thread', () => {
  beforeEach(() => open(threaded(2)));

  it('is a line below its first message in the room, and its answers are in the panel', async () => {
    expect(within('timeline').map((row) => row.dataset['seq'])).toEqual(['1', '2', '3']);
    expect(page.text('thread-line')).toMatch(/^2 replies · last /);
    expect(within('timeline')[1]?.contains(page.get('thread-line'))).toBe(true);
    await page.click('thread-line');
    expect(within('thread').map((row) => row.dataset['seq'])).toEqual(['2', '4', '5']);
    expect(page.text('thread-count')).toBe('2 replies');
    expect(page.get('thread').querySelector('[data-testid=thread-line]')).toBeNull();
  });

  it('is unread until its end was seen on this device, also after a restart', async () => {
    // Answered before somebody came to this device.
    expect(line()['unread']).toBe('false');
    await page.click('thread-line');
    await page.click('thread-close');
    page.port.say('r-general', 'u-chen', 'one more', 'm2');
    await page.settled();
    expect(line()).toMatchObject({ unread: 'true', count: '3' });
    await page.click('thread-line');
    const { world: same } = page.port;
    await page.close();
    page = await Page.open(same);
    expect(line()['unread']).toBe('false');
  });

  it('shows what comes while it is open, at once, and not what belongs elsewhere', async () => {
    await page.click('thread-line');
    page.port.say('r-general', 'u-chen', 'live', 'm2');
    page.port.say('r-general', 'u-chen', 'another thread', 'm1');
    page.port.say('r-general', 'u-chen', 'the room');
    await page.settled();
    expect(texts(within('thread')).slice(1)).toEqual(['Answer 4', 'Answer 5', 'live']);
    expect(texts(within('timeline')).at(-1)).toBe('the room');
    expect(page.all('thread-line').map((el) => [el.dataset['count'], el.dataset['unread']])).toEqual([['1', 'true'], ['3', 'false']]);
    expect(page.get('thread').querySelector('[aria-live]')?.textContent).toBe('Chen Wei in the thread: live');
  });

  it('is answered in its own field, with a draft of its own; the row is there before it is sent', async () => {
    await page.click('thread-line');
    expect(document.activeElement).toBe(page.get('thread-composer'));
    await page.type('composer', 'to the room');
    await page.type('thread-composer', 'later');
    await page.click('thread-close');
    await page.click('thread-line');
    expect((page.get('thread-composer') as HTMLTextAreaElement).value).toBe('later');
    page.port.sending = 'hold';
    await page.press('thread-composer', 'Enter');
    expect(page.port.callsOf('send')).toEqual([[{ room: 'r-general', text: 'later', thread: 'm2' }]]);
    const row = within('thread').at(-1);
    expect(row?.dataset['state']).toBe('queued');
    expect(within('timeline')).toHaveLength(3);
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('to the room');
    page.port.settle(row?.dataset['key'] ?? '');
    await page.settled();
    expect(within('thread').at(-1)?.dataset).toMatchObject({ state: 'sent', seq: '6' });
    expect(line()).toMatchObject({ count: '3', unread: 'false' });
  });

  it('drops an answer that is discarded', async () => {
    await page.click('thread-line');
    page.port.sending = 'hold';
    await page.type('thread-composer', 'no');
    await page.press('thread-composer', 'Enter');
    await page.port.discard('r-general', within('thread').at(-1)?.dataset['key'] ?? '');
    await page.settled();
    expect(texts(within('thread')).slice(1)).toEqual(['Answer 4', 'Answer 5']);
  });

  it('begins from the menu and by T; Escape closes it and gives the focus back', async () => {
    await page.menuOf(within('timeline')[0]);
    await page.click('message-thread');
    expect(page.text('thread-count')).toBe('No replies yet');
    await page.press('thread-composer', 'Escape');
    expect(page.has('thread')).toBe(false);
    await key(within('timeline')[2], 't');
    expect(within('thread').map((row) => row.dataset['seq'])).toEqual(['3']);
    await page.press('thread-composer', 'Escape');
    expect(document.activeElement).toBe(within('timeline')[2]);
  });

  it('has the actions of all messages: an answer is edited in the field of the thread', async () => {
    await page.click('thread-line');
    await page.type('thread-composer', 'mine');
    await page.press('thread-composer', 'Enter');
    await key(within('thread').at(-1), 'e');
    expect((page.get('thread-composer') as HTMLTextAreaElement).value).toBe('mine');
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('');
    await page.type('thread-composer', 'ours');
    await page.press('thread-composer', 'Enter');
    expect(texts(within('thread')).at(-1)).toMatch(/^ours/);
  });

  it('has the answers that the room has loaded when the server cannot be reached, and asks again', async () => {
    page.port.refuseNext('thread', refusal('unavailable', 'Offline.'));
    await page.click('thread-line');
    expect(texts(within('thread')).slice(1)).toEqual(['Answer 4', 'Answer 5']);
    expect(page.text('thread')).toContain('The rest of the thread comes when the server can be reached.');
    [...page.get('thread').querySelectorAll('button')].find((button) => button.textContent === 'Try again')?.click();
    await page.settled();
    expect(page.text('thread')).not.toContain('The rest of the thread');
    expect(page.port.callsOf('thread')).toHaveLength(2);
  });

  it('goes with its room, and a link to an answer opens it', async () => {
    await page.click('thread-line');
    await page.click('room-random');
    expect(page.has('thread')).toBe(false);
    page.servers.follow('http://192.168.1.7:7300/to/general/r-general/5');
    await page.settled();
    await page.settled();
    expect(within('thread').map((row) => row.dataset['seq'])).toEqual(['2', '4', '5']);
  });
});

it('leaves the shade of a row and its group as they are when answers are loaded', async () => {
  await open([]);
  const timeline = new TimelineState();
  const [first, second, third] = chatter(9, until).slice(0, 3).map((item, i) => ({ ...item, seq: 10 + i, author: 'u-bo' })) as [Item, Item, Item];
  timeline.apply({ how: 'reset', items: [first, answer(15, 'm10', 'u-chen'), { ...second, seq: 20 }], start: false });
  const drawn = (): unknown => rowsOf(timeline.items, { from: 0, to: 99, base: timeline.base, divider: null, me: '' })
    .flatMap((row) => (row.is === 'message' && row.key !== third.key ? [[row.key, row.first, row.odd]] : []));
  const before = drawn();
  expect(before).toEqual([[first.key, true, false], [second.key, false, true]]);
  timeline.apply({ how: 'older', items: [answer(7, 'm1'), answer(8, 'm1'), answer(9, 'm1')], start: false });
  expect(drawn()).toEqual(before);
  expect(timeline.all).toHaveLength(6);
});

describe('long threads', () => {
  it('come page by page', async () => {
    await open(threaded(25), 10);
    await page.settled();
    page.app.openThread(page.app.room ?? (() => { throw new Error('no room'); })(), 'm2');
    await page.settled();
    expect(page.text('thread-count')).toBe('25 replies');
    while (page.has('thread-older')) await page.click('thread-older');
    expect(within('thread').map((row) => Number(row.dataset['seq']))).toEqual([2, ...Array.from({ length: 25 }, (_, i) => 4 + i)]);
  });

  it('do not stop the room from loading what is before pages of answers only', async () => {
    await open(threaded(35), 10);
    for (let i = 0; i < 8; i++) await page.settled();
    expect(within('timeline').map((row) => row.dataset['seq'])).toEqual(['1', '2', '3']);
  });

  it('do not stop it either where there is something to scroll, for whoever is at the top', async () => {
    await open([]);
    const shown = Array.from({ length: 40 }, (_, i) => message(`bo/c${i}`, 'u-bo', 'x', until.toISOString(), 100 + i));
    let loaded = shown.length;
    let asked = 0;
    const view: TimelineView = new TimelineView({
      start: () => asked === 3,
      loaded: () => loaded,
      // Each page is of answers, which the room does not show.
      loadOlder: async () => {
        asked += 1;
        loaded += 10;
      },
    });
    const element = document.createElement('div');
    for (const [name, value] of [['scrollHeight', 5_000], ['clientHeight', 500]] as const) Object.defineProperty(element, name, { value });
    view.changed(shown);
    const detach = view.attach({ scroller: element, space: element, rows: element });
    view.following = false;
    element.scrollTop = 0;
    element.dispatchEvent(new Event('scroll'));
    for (let i = 0; i < 40; i++) await Promise.resolve();
    expect(asked).toBe(3);
    detach();
  });

  it('take nothing from before their first answer: what is between would be missing', async () => {
    await open(threaded(25), 10);
    const general = page.app.room;
    if (!general) throw new Error('no room');
    general.timeline.apply({ how: 'reset', items: [], start: false });
    const thread = new ThreadState(page.port, general, 'm2');
    await thread.load();
    thread.apply({ how: 'upsert', items: [answer(5, 'm2'), answer(40, 'm2')] });
    expect(thread.answers.map(({ seq }) => seq)).toEqual([19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 40]);
  });
});

describe('pins', () => {
  beforeEach(() => open(threaded(2)));

  it('are put on and taken off from the menu and by P, and show on the message', async () => {
    await page.menuOf(within('timeline')[0]);
    expect(page.text('message-pin')).toBe('Pin P');
    await page.click('message-pin');
    expect(page.port.callsOf('pin')).toEqual([['r-general', 'm1', true]]);
    expect(within('timeline')[0]?.contains(page.get('pinned'))).toBe(true);
    await page.menuOf(within('timeline')[0]);
    expect(page.text('message-pin')).toBe('Unpin P');
    await key(within('timeline')[0], 'p');
    expect(page.port.callsOf('pin').at(-1)).toEqual(['r-general', 'm1', false]);
    expect(page.has('pinned')).toBe(false);
  });

  it('are listed in their panel, which follows what changes', async () => {
    await page.click('pins-toggle');
    expect(page.text('pins')).toContain('Nothing is pinned here.');
    await page.port.pin('r-general', 'm3', true);
    await page.port.pin('r-general', 'm1', true);
    await page.settled();
    expect(page.all('pin').map((pin) => pin.dataset['seq'])).toEqual(['1', '3']);
    page.all('pin-remove')[0]?.click();
    await page.settled();
    expect(page.port.callsOf('pin').at(-1)).toEqual(['r-general', 'm1', false]);
    expect(page.all('pin').map((pin) => pin.dataset['seq'])).toEqual(['3']);
    // A read marker that goes forward is no reason to ask again.
    const asked = page.port.callsOf('pins').length;
    page.port.emit({ type: 'read', slug: 'general', room: 'r-general', head: 5, read: 5, unread: 0, mentions: 0 });
    await page.settled();
    expect(page.port.callsOf('pins')).toHaveLength(asked);
    await page.click('pin-go');
    await page.settled();
    expect(document.activeElement).toBe(within('timeline')[2]);
    await page.click('pins-toggle');
    expect(page.has('pins')).toBe(false);
  });

  it('are listed as the rows are, before the server knows of them', async () => {
    await page.click('pins-toggle');
    const [first] = threaded(2);
    if (first?.kind !== 'message') throw new Error('no message');
    const row = (pinned: boolean): void => page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how: 'upsert', items: [{ ...first, pinned }] } });
    row(true);
    await page.settled();
    expect(page.all('pin').map((pin) => pin.dataset['seq'])).toEqual(['1']);
    row(false);
    await page.settled();
    expect(page.has('pin')).toBe(false);
  });

  it('on an answer lead to its thread', async () => {
    await page.port.pin('r-general', 'm5', true);
    await page.click('pins-toggle');
    await page.click('pin-go');
    await page.settled();
    expect(within('thread').map((row) => row.dataset['seq'])).toEqual(['2', '4', '5']);
    expect(page.has('pins')).toBe(false);
  });
});
