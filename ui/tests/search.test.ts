// Looking for messages: what is typed, and the panel.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Item } from '../src/bindings';
import { filterOf, suggestions, wordAt } from '../src/features/search/filters';
import { refusal } from '../src/lib/error';
import { message } from '../src/port/fake';
import { room, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

const items: Item[] = [
  message('u-bo/c1', 'u-bo', 'The deployment is done', '2026-01-04T10:00:00.000Z', 1),
  message('u-ada/c2', 'u-ada', 'Café at three? 東京', '2026-01-04T11:00:00.000Z', 2),
  message('u-bo/c3', 'u-bo', 'Another <b>deploy</b>, https://example.org', '2026-01-05T10:00:00.000Z', 3),
];
const far: Item[] = [message('u-bo/c9', 'u-bo', 'deploying from afar', '2026-01-06T10:00:00.000Z', 1)];

let page: Page;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  page = await Page.open(world([room('general', { head: 3, read: 3 }), room('random', { head: 1, read: 1 })], new Map([['r-general', [...items]], ['r-random', [...far]]])));
});
afterEach(async () => {
  await page.close();
  vi.useRealTimers();
  localStorage.clear();
});

const press = async (key: string, more: KeyboardEventInit = {}): Promise<void> => {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  await page.settled();
};
/** The panel is a chunk of its own. */
const there = async (): Promise<void> => {
  await eventually(async () => {
    await page.settled();
    page.get('search-input');
  });
};
const type = async (text: string): Promise<void> => {
  const field = page.get('search-input') as HTMLInputElement;
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await page.settled();
  await vi.advanceTimersByTimeAsync(200);
  await page.settled();
};
const hits = (): string[] => page.all('search-hit').map((hit) => hit.querySelector('.text')?.textContent ?? '');
const chips = (): string[] => page.all('search-chip').map((chip) => chip.textContent?.trim() ?? '');

describe('the panel', () => {
  it('opens for this room by Ctrl+F and for all by Ctrl+Shift+F', async () => {
    await press('f', { ctrlKey: true });
    await there();
    expect(chips()).toEqual(['in: general']);
    expect(document.activeElement).toBe(page.get('search-input'));
    expect(page.get('search-state').dataset['phase']).toBe('idle');
    await type('deploy');
    expect(hits()).toEqual(['Another <b>deploy</b>, https://example.org', 'The deployment is done']);
    expect([...document.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual(['deploy', 'deploy']);
    await press('F', { ctrlKey: true, shiftKey: true });
    expect(chips()).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    await page.settled();
    expect(hits()).toHaveLength(3);
    await press('Escape');
    expect(page.has('search')).toBe(false);
  });

  it('asks this device first, and then shows what the server says, each once', async () => {
    await press('F', { ctrlKey: true, shiftKey: true });
    await there();
    let answer = (): void => undefined;
    page.port.searching = new Promise((resolve) => (answer = resolve));
    await type('deploy');
    expect(page.get('search-state').dataset['phase']).toBe('asking');
    expect(hits()).toHaveLength(2);
    const row = page.all('search-hit')[0];
    answer();
    await page.settled();
    expect(hits()).toEqual(['deploying from afar', 'Another <b>deploy</b>, https://example.org', 'The deployment is done']);
    expect(page.all('search-hit')[1]).toBe(row);
  });

  it('says what it lacks: nothing found, no server, an index that is being built', async () => {
    await press('f', { ctrlKey: true });
    await there();
    await type('nowhere');
    expect(page.text('search-state')).toBe('Nothing was found.');
    page.port.refuseNext('search', refusal('unavailable', 'gone'));
    await type('deploy');
    expect(page.text('search-state')).toMatch(/^The server cannot be reached/);
    expect(hits()).toHaveLength(2);
    page.port.incomplete = 'indexing';
    await type('deployment');
    expect(page.text('search-state')).toMatch(/index/);
    page.port.refuseNext('search', refusal('bad_request', 'That is too long.'));
    await type('deploy');
    expect(page.text('search-state')).toBe('That is too long.');
  });

  it('takes filters from what is typed and from what is suggested', async () => {
    await press('F', { ctrlKey: true, shiftKey: true });
    await there();
    await type('from:bo ');
    expect(chips()).toEqual([expect.stringMatching(/^from: Bo/)]);
    expect(hits()).toHaveLength(3);
    await type('ha');
    expect(page.all('search-suggestion').map((entry) => entry.textContent)).toEqual([expect.stringMatching(/^has:/)]);
    await press('Enter');
    expect((page.get('search-input') as HTMLInputElement).value).toBe('has:');
    await press('Tab');
    await vi.advanceTimersByTimeAsync(200);
    await page.settled();
    expect(chips()).toHaveLength(2);
    expect(hits()).toEqual(['Another <b>deploy</b>, https://example.org']);
    expect(page.port.callsOf('search').at(-1)).toEqual([{ query: '', from: 'u-bo', has: 'link' }]);
    await press('Backspace');
    expect(chips()).toHaveLength(1);
    page.get('search-chip').querySelector('button')?.click();
    await page.settled();
    expect(chips()).toEqual([]);
  });

  it('shows what others wrote to the user, of all rooms, until it is asked again', async () => {
    const mentions = page.get('mentions-open');
    mentions.click();
    await there();
    await vi.advanceTimersByTimeAsync(200);
    await page.settled();
    expect([chips(), mentions.ariaPressed]).toEqual([['mentions: Ada Okafor'], 'true']);
    expect(page.port.callsOf('search').at(-1)).toEqual([{ query: '', mentions: 'u-ada' }]);
    expect(page.text('search-state')).toBe('Nobody has mentioned you yet.');
    await type('deploy');
    expect([page.text('search-state'), mentions.ariaPressed]).toEqual(['Nothing was found.', 'false']);
    page.port.world.workspaces[0]?.items.get('r-random')?.push({ ...message('u-bo/c10', 'u-bo', '@ada: deployed', '2026-01-06T11:00:00.000Z', 2), mentions: ['u-ada'] });
    mentions.click();
    await vi.advanceTimersByTimeAsync(200);
    await page.settled();
    expect(hits()).toEqual(['@ada: deployed']);
    page.port.emit({ type: 'personal', personal: { invisible: false, ignored: ['u-bo'], reminders: [] } });
    await page.settled();
    expect([hits(), page.text('search-state')]).toEqual([[], 'Nobody has mentioned you yet.']);
    mentions.click();
    await page.settled();
    expect(page.has('search')).toBe(false);
    // By name too, of anybody.
    await press('F', { ctrlKey: true, shiftKey: true });
    await there();
    await type('mentions:bo ');
    expect(chips()).toEqual([expect.stringMatching(/^mentions: Bo/)]);
  });

  it('leaves a filter out that is not whole, and says so', async () => {
    await press('f', { ctrlKey: true });
    await there();
    await type('deploy from:nobody');
    expect(hits()).toHaveLength(2);
    expect(page.text('search-state')).toContain('from:nobody');
    await type('"from:nobody"');
    expect(hits()).toEqual([]);
    expect(page.port.callsOf('search').at(-1)).toEqual([{ query: '"from:nobody"', room: 'r-general' }]);
  });

  it('is walked by arrows, and Enter leads to the message', async () => {
    await press('F', { ctrlKey: true, shiftKey: true });
    await there();
    await type('deploy');
    await press('ArrowDown');
    expect((document.activeElement as HTMLElement).dataset['room']).toBe('r-random');
    await press('ArrowDown');
    await press('ArrowUp');
    (document.activeElement as HTMLElement).click();
    await page.settled();
    expect(page.app.room?.info.id).toBe('r-random');
    expect(page.has('search')).toBe(true);
    page.all('search-hit')[0]?.focus();
    await press('ArrowUp');
    expect(document.activeElement).toBe(page.get('search-input'));
  });

  it('gets older pages by their cursor', async () => {
    const many = Array.from({ length: 45 }, (_, n) => message(`u-bo/x${n}`, 'u-bo', `same words ${n}`, new Date(Date.UTC(2026, 0, 7, 0, n)).toISOString(), 10 + n));
    page.port.world.workspaces[0]?.items.set('r-random', many);
    await press('F', { ctrlKey: true, shiftKey: true });
    await there();
    await type('same');
    expect(hits()).toHaveLength(20);
    await page.click('search-more');
    await page.click('search-more');
    expect(hits()).toHaveLength(45);
    expect(new Set(hits()).size).toBe(45);
    expect(page.has('search-more')).toBe(false);
  });
});

describe('filters', () => {
  it('are words with a colon that mean something here', async () => {
    const workspace = page.app.workspace;
    if (!workspace) throw new Error('no workspace');
    expect(filterOf('in:random', workspace)).toEqual({ kind: 'in', room: 'r-random' });
    expect(filterOf('from:@bo', workspace)).toEqual({ kind: 'from', user: 'u-bo' });
    expect(filterOf('from:me', workspace)).toEqual({ kind: 'from', user: 'u-ada' });
    expect(filterOf('before:2026-02-30x', workspace)).toBeNull();
    expect(filterOf('before:2026-02-03', workspace)).toEqual({ kind: 'before', day: '2026-02-03' });
    for (const word of ['from:nobody', 'in:nowhere', 'has:it', 'http://a', 'word']) expect(filterOf(word, workspace)).toBeNull();
    expect(suggestions('after:y', workspace, new Date(2026, 0, 1)).map(({ takes }) => takes)).toEqual([{ kind: 'after', day: '2025-12-31' }]);
    expect(suggestions('http:', workspace)).toEqual([]);
    expect(wordAt('one fro', 7)).toEqual({ word: 'fro', start: 4 });
  });
});
