// Going places by keyboard: the switcher, the keys that work everywhere, and the list of them.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Member, Room } from '../src/bindings';
import { entriesOf, matching } from '../src/features/switcher/entries';
import { KEYMAP } from '../src/features/keys/keymap';
import { FakePort } from '../src/port/fake';
import { chatter, person, room, signedIn, world } from '../src/port/fake/world';
import { Servers } from '../src/state/servers.svelte';
import { Trail } from '../src/state/trail';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;
const rooms = (): Room[] => [
  room('general'), room('random', { unread: 2, head: 2 }), room('design', { kind: 'private' }), room('releases', { topic: 'What goes out' }),
  room('', { id: 'd1', kind: 'direct', users: ['u-ada', 'u-bo'], unread: 1, mentions: 1, head: 1 }),
];

beforeEach(async () => {
  const made = world(rooms(), new Map([['r-general', chatter(3, new Date('2026-01-05T12:00:00Z'))]]));
  const [main] = made.workspaces;
  if (main) made.workspaces.push({ ...main, workspace: { ...main.workspace, slug: 'lab', name: 'Ocean Lab' }, rooms: [room('tank')], items: new Map() });
  made.start = signedIn({ workspace: 'general', room: null });
  page = await Page.open(made);
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const press = async (key: string, more: KeyboardEventInit = {}): Promise<void> => {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  await page.settled();
};
const offered = (): string[] => page.all('switcher-entry').map((entry) => entry.querySelector('.title')?.textContent ?? '');
const title = (): string => page.text('room-title');

describe('the switcher', () => {
  const open = (): Promise<void> => press('k', { ctrlKey: true });
  const type = (text: string): Promise<void> => page.type('switcher-input', text);
  const enter = (): Promise<void> => page.press('switcher-input', 'Enter');

  it('begins with what is unread and where one was, and goes there', async () => {
    await page.click('room-releases');
    await page.click('room-general');
    await open();
    expect(offered().slice(0, 3)).toEqual(['Bo Lindqvist', 'random', 'releases']);
    await page.press('switcher-input', 'ArrowDown');
    await enter();
    expect(title()).toBe('random');
    expect(page.has('switcher')).toBe(false);
  });

  it('finds rooms, people, workspaces and actions by parts of their names', async () => {
    await open();
    await type('rel');
    expect(offered()[0]).toBe('releases');
    await type('oc');
    expect(offered()).toContain('Ocean Lab');
    await type('dark');
    await enter();
    expect(page.app.settings.theme).toBe('dark');
    await open();
    await type('chen');
    await enter();
    expect(page.port.callsOf('openDirect')).toEqual([[['u-chen']]]);
    await open();
    await type('no such place');
    expect(offered()).toEqual([]);
    await type('creat roo');
    await enter();
    expect(page.has('create-room-name')).toBe(true);
  });

  it('shows a person once, and keeps to a kind when asked', async () => {
    await open();
    await type('bo');
    expect(offered().filter((name) => name === 'Bo Lindqvist')).toHaveLength(1);
    await type('@');
    expect(new Set(page.all('switcher-entry').map((entry) => entry.dataset['kind']))).toEqual(new Set(['person']));
    await type('#d');
    expect(offered()[0]).toBe('design');
    await type('>');
    expect(offered()).toContain('Settings');
  });

  it('tells a screen reader what is chosen, and closes with Ctrl+K', async () => {
    await open();
    await type('ra');
    const input = page.get('switcher-input');
    expect(input.getAttribute('aria-activedescendant')).toBe(page.all('switcher-entry').find((entry) => entry.getAttribute('aria-selected') === 'true')?.id);
    await open();
    expect(page.has('switcher')).toBe(false);
  });

  it('is instant over 10,000 rooms and people', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => room(`project-${i}-${['alpha', 'beta', 'gamma'][i % 3]}`));
    const everybody: Member[] = Array.from({ length: 5_000 }, (_, i) => person(`user${i}`, `Person ${i} Ünal`, 'online'));
    const made = world(many, new Map());
    made.workspaces[0]?.members.push(...everybody);
    // Nothing is drawn: ten thousand rows in the sidebar take jsdom longer than all other tests of this file.
    const servers = new Servers(new FakePort(made));
    await servers.start();
    await page.settled();
    const app = servers.front;
    if (!app) throw new Error('nobody is signed in');
    const cpu = (work: () => void): number => {
      const times = Array.from({ length: 5 }, () => {
        const began = process.cpuUsage();
        work();
        const { user, system } = process.cpuUsage(began);
        return (user + system) / 1_000;
      });
      return Math.min(...times);
    };
    const entries = entriesOf(app, []);
    expect(entries.length).toBeGreaterThan(10_000);
    expect(matching(entries, 'project-4321').map((entry) => entry.title)[0]).toBe('project-4321-beta');
    expect(matching(entries, 'person 77 unal')[0]?.title).toBe('Person 77 Ünal');
    expect(matching(entries, 'p')).toHaveLength(50);
    for (const typed of ['p', 'pro', 'gam', 'p9g', 'unal', 'nothing at all']) expect(cpu(() => matching(entries, typed)), typed).toBeLessThan(50);
  });
});

describe('keys everywhere', () => {
  it('Alt with the arrows goes up and down, through the unread, and back and forward', async () => {
    await press('ArrowDown', { altKey: true });
    expect(title()).toBe('random');
    await press('ArrowDown', { altKey: true });
    expect(title()).toBe('releases');
    await press('ArrowLeft', { altKey: true });
    expect(title()).toBe('random');
    await press('ArrowLeft', { altKey: true });
    await press('ArrowRight', { altKey: true });
    await press('ArrowRight', { altKey: true });
    expect(title()).toBe('releases');
    await press('ArrowDown', { altKey: true, shiftKey: true });
    expect(title()).toBe('Bo Lindqvist');
  });

  it('Ctrl with a digit opens a workspace, and back leads over the border', async () => {
    await press('2', { ctrlKey: true, code: 'Digit2' });
    expect([page.text('workspace-name'), title()]).toEqual(['Ocean Lab', 'tank']);
    await press('9', { ctrlKey: true, code: 'Digit9' });
    await press('ArrowLeft', { altKey: true });
    await page.settled();
    expect([page.text('workspace-name'), title()]).toEqual(['Northwind', 'general']);
  });

  it('Shift+Escape reads everything', async () => {
    await press('Escape', { shiftKey: true });
    expect(page.port.callsOf('markRead')).toEqual([['r-random', 2], ['d1', 1]]);
    expect(page.text('done')).toContain('Everything is read.');
  });

  it('F6 goes through the parts of the window, and Shift+F6 back', async () => {
    await press('.', { ctrlKey: true });
    expect(page.has('members')).toBe(true);
    const names: string[] = [];
    page.get('composer').focus();
    for (let i = 0; i < 6; i++) {
      await press('F6');
      names.push(document.activeElement?.closest('[data-region]')?.getAttribute('aria-label') ?? document.activeElement?.closest('[data-region]')?.tagName ?? '');
    }
    expect(names).toEqual(['Members', 'Workspaces', 'Rooms', 'HEADER', 'Messages', 'Write']);
    await press('F6', { shiftKey: true });
    expect(document.activeElement?.tagName).toBe('ARTICLE');
  });

  it('the arrows walk the list of rooms', async () => {
    page.get('room-general').focus();
    await press('ArrowUp');
    expect(document.activeElement).toBe(page.get('room-design'));
    await press('Home');
    await press('ArrowDown');
    expect(document.activeElement).toBe(page.get('room-d1'));
  });

  it('Ctrl+comma opens the settings, and a dialog has the keyboard for itself', async () => {
    await press(',', { ctrlKey: true });
    await eventually(() => expect(page.has('settings')).toBe(true));
    await press('ArrowDown', { altKey: true });
    expect(title()).toBe('general');
  });

  it('Ctrl+slash lists all keys', async () => {
    await press('/', { ctrlKey: true });
    const listed = page.get('keys').querySelectorAll('dd');
    expect(listed).toHaveLength(KEYMAP.flatMap((section) => section.lines).length);
    expect(page.get('keys').textContent).toContain('Mark all rooms as read');
    await press('/', { ctrlKey: true });
    expect(page.has('keys')).toBe(false);
  });

  it('the text size and what Enter does are chosen in the settings, by keyboard too, and kept', async () => {
    await press(',', { ctrlKey: true });
    const size = (): string => document.documentElement.style.fontSize;
    expect(size()).toBe('100%');
    await eventually(() => expect(page.has('settings-text-size')).toBe(true));
    page.get('settings-text-size').querySelector<HTMLElement>('[aria-checked=true]')?.focus();
    await press('ArrowRight');
    expect([size(), document.activeElement?.textContent, document.activeElement?.getAttribute('aria-checked')]).toEqual(['112.5%', 'Large', 'true']);
    await page.click('settings-enter');
    const { world: same } = page.port;
    await page.close();
    page = await Page.open(same);
    expect(size()).toBe('112.5%');
    expect(page.get('composer-send').title).toBe('Send (Ctrl+Enter)');
  });

  it('nothing happens while somebody composes with an input method', async () => {
    await page.type('composer', 'にほん');
    await page.press('composer', 'Enter', { isComposing: true });
    expect(page.port.callsOf('send')).toEqual([]);
  });
});

describe('the trail', () => {
  it('forgets what was ahead when one turns off, and skips what is gone', () => {
    const trail = new Trail();
    for (const name of ['a', 'b', 'c', 'c']) trail.visit('w', name);
    const step = (by: -1 | 1, gone = ''): string | undefined => trail.step(by, ({ room: name }) => name !== gone)?.room;
    expect([step(-1), step(-1), step(-1), step(1)]).toEqual(['b', 'a', undefined, 'b']);
    trail.visit('w', 'd');
    expect([step(1), step(-1, 'b')]).toEqual([undefined, 'a']);
    expect(trail.recent('w')).toEqual(['d', 'b', 'a']);
  });
});
