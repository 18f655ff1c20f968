// What is in a message, drawn, and what one can do with it.

import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Item, ReminderSet } from '../src/bindings';
import { message } from '../src/port/fake';
import { chatter, room, signedIn, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;

beforeEach(async () => {
  page = await Page.open(world([room('general'), room('random')], new Map([['r-general', chatter(3, new Date('2026-01-05T12:00:00Z'))]])));
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const say = async (text: string): Promise<HTMLElement> => {
  page.port.say('r-general', 'u-bo', text);
  await page.settled();
  return page.all('message').at(-1) as HTMLElement;
};

function clipboard(): ReturnType<typeof vi.fn> {
  const writeText = vi.fn(async () => undefined);
  Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  return writeText;
}

describe('markdown in messages', () => {
  it('draws blocks as elements', async () => {
    const row = await say('## Head\n- [x] done\n- [ ] open\n\n> quoted\n\n|a|b|\n|-|-:|\n|1|2|\n\n~~no~~\ntwo');
    expect(row.querySelector('[role=heading]')?.getAttribute('aria-level')).toBe('4');
    expect([...row.querySelectorAll('.tick')].map((tick) => tick.getAttribute('aria-label'))).toEqual(['done', 'to do']);
    expect(row.querySelector('blockquote')?.textContent?.trim()).toBe('quoted');
    expect(row.querySelectorAll('th, td')).toHaveLength(4);
    expect(row.querySelector('td:last-child')?.className).toBe('end');
    expect(row.querySelector('del')?.nextElementSibling?.tagName).toBe('BR');
  });

  it('hides a spoiler until it is asked for', async () => {
    const row = await say('It was ||the **butler**||!');
    const cover = row.querySelector<HTMLElement>('button.spoiler');
    expect(cover?.querySelector('[aria-hidden=true]')?.textContent).toBe('the butler');
    cover?.click();
    await page.settled();
    expect(row.querySelector('button.spoiler')).toBeNull();
    expect(row.querySelector('.spoiler strong')?.textContent).toBe('butler');
  });

  it('goes to a room that is named, and draws as text what is none', async () => {
    const row = await say('see #random, not #nowhere');
    expect(row.querySelectorAll('a')).toHaveLength(1);
    row.querySelector('a')?.click();
    await page.settled();
    expect(page.text('room-title')).toBe('random');
  });

  it('fetches nothing: a picture is a link', async () => {
    const row = await say('![chart](https://a.example/c.png)');
    expect(row.querySelector('img')).toBeNull();
    expect(row.querySelector('a')?.getAttribute('href')).toBe('https://a.example/c.png');
  });

  it('colours code when the colours have come, and copies it as it is', async () => {
    const write = clipboard();
    const row = await say('```js\nconst a = 1;\n```');
    expect(row.querySelector('pre')?.textContent).toBe('const a = 1;');
    await eventually(() => expect(row.querySelector('.hljs-keyword')?.textContent).toBe('const'));
    expect(row.querySelector('.language')?.textContent).toBe('js');
    await page.click('copy-code');
    expect(write).toHaveBeenCalledWith('const a = 1;');
    expect(page.text('copy-code')).toBe('Copied');
  });
});

describe('what one can do with a message', () => {
  const rows = (): HTMLElement[] => page.all('message');
  const key = async (row: HTMLElement | null | undefined, name: string): Promise<void> => {
    row?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));
    await page.settled();
  };

  it('has a toolbar where the pointer or the focus is, and nowhere else', async () => {
    expect(page.has('message-more')).toBe(false);
    await page.hover(rows()[1]);
    expect(rows()[1]?.contains(page.get('message-more'))).toBe(true);
    rows()[1]?.dispatchEvent(new MouseEvent('pointerleave'));
    rows()[0]?.focus();
    await page.settled();
    expect(rows()[0]?.contains(page.get('message-more'))).toBe(true);
  });

  it('is one stop for Tab; the arrows go from row to row and on to the composer', async () => {
    expect(rows().map((row) => row.tabIndex)).toEqual([-1, -1, 0]);
    rows()[2]?.focus();
    await key(rows()[2], 'ArrowUp');
    expect(document.activeElement).toBe(rows()[1]);
    expect(rows().map((row) => row.tabIndex)).toEqual([-1, 0, -1]);
    await key(rows()[1], 'Home');
    expect(document.activeElement).toBe(rows()[0]);
    await key(rows()[0], 'End');
    await key(rows()[2], 'ArrowDown');
    expect(document.activeElement).toBe(page.get('composer'));
  });

  it('opens its menu by keyboard, walks it with the arrows, and gives the focus back', async () => {
    rows()[1]?.focus();
    await key(rows()[1], 'Enter');
    const items = [...page.get('message-menu').querySelectorAll('[role=menuitem]')];
    expect(items.map((item) => item.textContent?.trim().split(/\s{2,}| (?=\S+$)/)[0])).toEqual(['React', 'Reply', 'Reply in thread', 'Pin', 'Copy as Markdown', 'Copy link', 'Mark unread from here', 'Remind me…', 'Delete…']);
    expect(document.activeElement).toBe(items[0]);
    await key(items[0] as HTMLElement, 'ArrowUp');
    expect(document.activeElement).toBe(items.at(-1));
    await key(document.activeElement as HTMLElement, 'Escape');
    expect(page.has('message-menu')).toBe(false);
    expect(document.activeElement).toBe(rows()[1]);
  });

  it('is edited by its author only, and deleted by admins too', async () => {
    await page.type('composer', 'mine');
    await page.press('composer', 'Enter');
    await key(rows()[1], 'e');
    expect(page.app.room?.editing).toBeNull();
    await key(rows().at(-1), 'e');
    expect(page.app.room?.editing?.text).toBe('mine');
  });

  it('copies its source and its address', async () => {
    const write = clipboard();
    const row = await say('**bold** ||x||');
    await page.menuOf(row);
    await page.click('message-copy');
    expect(write).toHaveBeenLastCalledWith('**bold** ||x||');
    expect(page.text('done')).toContain('Copied as Markdown.');
    await key(row, 'l');
    expect(write).toHaveBeenLastCalledWith('http://192.168.1.7:7300/to/general/r-general/4');
  });

  it('reacts with any emoji', async () => {
    await key(rows()[0], '+');
    await eventually(() => page.get('emoji-picker'));
    await page.type('emoji-search', 'octop');
    document.querySelector<HTMLElement>('.one')?.click();
    await page.settled();
    expect(page.port.callsOf('react').at(-1)).toEqual(['r-general', 'm1', '🐙', true]);
    expect(page.has('emoji-picker')).toBe(false);
  });

  it('comes back when somebody asked for it, and leads to its place', async () => {
    const before = Date.now();
    await page.menuOf(rows()[1]);
    await page.click('message-remind');
    expect(document.activeElement).toBe(page.all('remind-at')[0]);
    expect(page.all('remind-at').map((one) => one.firstChild?.textContent?.trim())).toEqual(['In 20 minutes', 'In 1 hour', 'In 3 hours', 'Tomorrow', 'Next week']);
    page.all('remind-at')[1]?.click();
    await page.settled();
    expect(page.has('remind-menu')).toBe(false);
    const [[request]] = page.port.callsOf('setReminder') as [[ReminderSet]];
    expect(request).toMatchObject({ workspace: 'general', room: 'r-general', seq: 2, text: expect.stringMatching(/^Chen Wei: Message number 2/) });
    expect(Date.parse(request.at) - before).toBeGreaterThanOrEqual(3_600_000);
    expect(Date.parse(request.at) - before).toBeLessThan(3_700_000);
    // By its key too, of a long one; and of what is due one comes back to the message from anywhere.
    page.port.say('r-general', 'u-bo', '🐙'.repeat(500));
    await page.settled();
    await key(rows().at(-1), 'm');
    page.all('remind-at')[0]?.click();
    await page.settled();
    const [long] = page.port.callsOf('setReminder').at(-1) as [ReminderSet];
    expect(new TextEncoder().encode(long.text).length).toBeLessThanOrEqual(512);
    await page.click('room-random');
    page.port.emit({ type: 'personal', personal: { invisible: false, ignored: [], reminders: [{ ...request, id: 'x', at: new Date(before).toISOString() }] } });
    await page.settled();
    await page.click('reminder-go');
    expect([page.text('room-title'), document.activeElement?.closest<HTMLElement>('[data-seq]')?.dataset['seq']]).toEqual(['general', '2']);
    // Ten minutes later it leads there still.
    page.get('reminder').querySelector<HTMLElement>('.text-nowrap')?.click();
    await page.settled();
    expect(page.port.callsOf('setReminder').at(-1)).toEqual([{ ...request, at: expect.any(String) }]);
  });

  it('is unread again from there on, until the room is opened again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    page.port.emit({ type: 'read', slug: 'general', room: 'r-general', head: 3, read: 3, unread: 0, mentions: 0 });
    await page.menuOf(rows()[1]);
    await page.click('message-unread');
    const order = (): (string | undefined)[] => [...document.querySelectorAll<HTMLElement>('[data-testid="new-divider"], [data-testid="message"]')].map((el) => el.dataset['seq'] ?? 'new');
    expect(order()).toEqual(['1', 'new', '2', '3']);
    expect(page.app.room?.unread).toBe(2);
    // It stays so while it is looked at, and when the app is started again.
    page.port.say('r-general', 'u-bo', 'more');
    await page.settled();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(page.port.callsOf('markRead').filter(([, seq]) => seq === 4)).toEqual([]);
    await page.click('room-random');
    expect(page.get('room-general').dataset['unread']).toBe('2');
    const { world } = page.port;
    world.start = signedIn({ workspace: 'general', room: 'r-random' });
    await page.close();
    page = await Page.open(world);
    expect(page.get('room-general').dataset['unread']).toBe('2');
    await page.click('room-general');
    expect(order()).toEqual(['1', 'new', '2', '3', '4']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(page.port.callsOf('markRead').at(-1)).toEqual(['r-general', 4]);
    expect(page.app.room?.unread).toBe(0);
    vi.useRealTimers();
  });
});

describe('links to messages', () => {
  const big = (): ReturnType<typeof world> => ({
    ...world([room('general'), room('random')], new Map([['r-random', chatter(90, new Date('2026-01-05T12:00:00Z'))]])), page: 10,
  });
  const shown = (seq: number): boolean => page.all('message').some((row) => row.dataset['seq'] === `${seq}` && row.closest('.found') !== null);

  it('lead to the message in the app, however far back it is', async () => {
    await page.close();
    page = await Page.open(big());
    const row = await say('see http://192.168.1.7:7300/to/general/r-random/23');
    row.querySelector('a')?.click();
    await eventually(() => expect(shown(23)).toBe(true));
    expect(page.text('room-title')).toBe('random');
  });

  it('are followed when the page is opened with one', async () => {
    await page.close();
    history.replaceState(null, '', '/to/general/r-random/88');
    page = await Page.open(big());
    await eventually(() => expect(shown(88)).toBe(true));
    expect(location.pathname).toBe('/');
  });

  it('say so when they lead to nowhere, and leave other addresses to the browser', async () => {
    const row = await say('http://192.168.1.7:7300/to/general/r-none/1 https://example.org/to/general/r-random/1');
    const [here, elsewhere] = row.querySelectorAll('a');
    here?.click();
    await page.settled();
    expect(page.text('error')).toContain('You are not in the room');
    const click = new MouseEvent('click', { bubbles: true, cancelable: true });
    elsewhere?.addEventListener('click', (event) => { expect(event.defaultPrevented).toBe(false); event.preventDefault(); });
    elsewhere?.dispatchEvent(click);
    expect(page.text('room-title')).toBe('general');
  });

  it('quotes jump to what they answer, after loading it', async () => {
    await page.close();
    page = await Page.open({ ...big(), start: signedIn({ workspace: 'general', room: 'r-random' }) });
    await page.port.send({ room: 'r-random', text: 'yes', reply_to: 'm12' });
    await page.settled();
    document.querySelector<HTMLElement>('.quote')?.click();
    await eventually(() => expect(shown(12)).toBe(true));
  });
});

it('folds who came and went into a line that opens', async () => {
  const notice = (seq: number, user: string): object => ({
    kind: 'notice', key: `#${seq}`, seq,
    entry: { room: 'r-random', seq, ts: new Date(1_767_000_000_000 + seq * 60_000).toISOString(), kind: 'membership', user, change: 'joined', author: user },
  });
  await page.close();
  page = await Page.open(world([room('random')], new Map([['r-random', [notice(1, 'u-bo'), notice(2, 'u-chen'), notice(3, 'u-dilara')] as never]])));
  expect(page.text('room-notice')).toBe('Bo Lindqvist, Chen Wei and Dilara Yıldız joined.');
  await page.click('room-notice');
  expect(page.get('room-notice').getAttribute('aria-expanded')).toBe('true');
  expect([...document.querySelectorAll('.notices li')].map((li) => li.textContent?.replace(/^\S+( [AP]M)? /, ''))).toEqual(['Bo Lindqvist joined.', 'Chen Wei joined.', 'Dilara Yıldız joined.']);
});

describe('what is drawn again', () => {
  it('a quote, when what it quotes is changed or comes', async () => {
    const original = chatter(1, new Date('2026-01-05T11:00:00Z'))[0] as Item & { kind: 'message' };
    const answer: Item = { ...message('u-bo/c9', 'u-bo', 'I see', '2026-01-05T12:00:00Z', 9), reply_to: original.id ?? '' };
    const change = (how: 'older' | 'upsert', item: Item): Promise<void> => {
      page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how, items: [item], start: true } });
      return page.settled();
    };
    const quote = (): string => page.all('message').at(-1)?.querySelector('.quote')?.textContent ?? '';
    page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how: 'reset', items: [answer], start: false } });
    await page.settled();
    expect(quote()).toContain('An earlier message');
    await change('older', { ...original, text: 'how it was' });
    expect(quote()).toContain('how it was');
    await change('upsert', { ...original, text: 'how it is' });
    expect(quote()).toContain('how it is');
  });

  it('the names of days, when another one begins', async () => {
    vi.useFakeTimers({ now: new Date(2026, 0, 5, 23, 59, 50), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    try {
      // A computer that wakes up.
      document.dispatchEvent(new Event('visibilitychange'));
      const said = message('u-bo/c1', 'u-bo', 'Good night', new Date(2026, 0, 5, 23, 0).toISOString(), 1);
      page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how: 'reset', items: [said], start: true } });
      flushSync();
      expect(page.text('day-separator')).toBe('Today');
      vi.advanceTimersByTime(11_000);
      flushSync();
      expect(page.text('day-separator')).toBe('Yesterday');
    } finally {
      vi.useRealTimers();
    }
  });
});
