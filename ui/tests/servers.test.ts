import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AttentionWanted } from '../src/bindings';
import { refusal } from '../src/lib/error';
import { FakePort } from '../src/port/fake';
import { FakeDesktop, FakeNotifier } from '../src/port/fake/desktop';
import { chatter, elsewhere, onBoth, room, startOf, world } from '../src/port/fake/world';
import { Page } from './page';

const rooms = () => [room('general', { head: 8, read: 8 }), room('random')];
const away = { is: 'waiting', retry_in_ms: 4_000, attempt: 3 } as const;
const attention: AttentionWanted = {
  workspace: 'general', room: 'r-reef', room_name: 'reef', seq: 3, ts: new Date().toISOString(), author: 'u-bo',
  author_name: 'Bo Lindqvist', excerpt: 'look, @adal', why: 'mention',
};

let page: Page;
let first: FakePort;
let second: FakePort;
let desktop: FakeDesktop;

/** What stands on a section of the rail. */
function section(name: string): HTMLElement {
  const found = page.all('server').find((its) => its.dataset['name'] === name);
  if (!found) throw new Error(`the rail has no ${name}`);
  return found;
}
async function press(within: HTMLElement, testid: string): Promise<void> {
  within.querySelector<HTMLElement>(`[data-testid="${testid}"]`)?.click();
  await page.settled();
}
const names = (): (string | undefined)[] => page.all('server').map((its) => its.dataset['name']);

beforeEach(() => {
  first = new FakePort(world(rooms(), new Map([['r-general', chatter(8, new Date())]])));
  second = elsewhere([room('general'), room('reef')]);
  desktop = new FakeDesktop();
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
  vi.restoreAllMocks();
});

describe('signed in on two servers', () => {
  beforeEach(async () => {
    page = await Page.open(onBoth(first, second), { desktop });
  });

  it('each has a section with its name, its workspaces and its own connection', async () => {
    expect(names()).toEqual(["Ada's computer", 'Lab']);
    expect(page.all('server').map((its) => its.dataset['state'])).toEqual(['online', 'online']);
    second.emit({ type: 'link', namespace: '/', state: away });
    await page.settled();
    expect(page.all('server').map((its) => its.dataset['state'])).toEqual(['online', 'offline']);
    expect(section('Lab').querySelector('[data-testid="server-open"]')?.textContent).toContain('Lab, Offline');
    expect(page.get('connection').dataset['state']).toBe('online');
  });

  it('one click shows the other, and each has its own place, draft and calls', async () => {
    await page.type('composer', 'half a thought');
    await press(section('Lab'), 'workspace-general');
    expect([page.text('workspace-name'), page.text('me')]).toEqual(['Ocean Lab', 'AL You: Ada L']);
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('');
    expect(second.callsOf('toFront')).toHaveLength(1);
    await page.type('composer', 'hello, reef');
    await page.press('composer', 'Enter');
    expect([first.callsOf('send').length, second.callsOf('send').length]).toEqual([0, 1]);
    await press(section("Ada's computer"), 'server-open');
    expect([page.text('workspace-name'), (page.get('composer') as HTMLTextAreaElement).value]).toEqual(['Northwind', 'half a thought']);
    expect(page.text('timeline')).not.toContain('hello, reef');
  });

  it('what is unread on the one in back stands in the rail, the title and the badge', async () => {
    expect(desktop.badges.at(-1)).toEqual([false, 0]);
    second.emit({ type: 'read', slug: 'general', room: 'r-reef', head: 9, read: 6, unread: 3, mentions: 2 });
    await page.settled();
    const tile = section('Lab').querySelector<HTMLElement>('[data-testid="workspace-general"]');
    expect([tile?.dataset['unread'], tile?.dataset['mentions'], tile?.querySelector('.count')?.textContent]).toEqual(['3', '2', '2']);
    expect([document.title, desktop.badges.at(-1)]).toEqual(['(2) general — Confab', [true, 2]]);
    first.emit({ type: 'read', slug: 'general', room: 'r-random', head: 9, read: 8, unread: 1, mentions: 1 });
    await page.settled();
    expect(desktop.badges.at(-1)).toEqual([true, 3]);
  });

  it('what came while it was in back stands below New', async () => {
    const general = page.servers.list[1]?.room;
    second.emit({ type: 'read', slug: 'general', room: 'r-general', head: 9, read: 6, unread: 3, mentions: 0 });
    expect(general?.divider).toBe(null);
    await press(section('Lab'), 'server-open');
    expect(general?.divider).toBe(6);
  });

  it('a clicked notification leads to its server, and so does a line over the page, which names it', async () => {
    page.app.dialog = 'settings';
    second.emit({ type: 'go', workspace: 'general', room: 'r-reef', seq: 3 });
    await page.settled();
    expect([page.text('room-title'), page.has('settings'), page.app.key]).toEqual(['reef', false, 'second']);

    vi.spyOn(document, 'hasFocus').mockReturnValue(true);
    await press(section("Ada's computer"), 'server-open');
    expect(page.has('settings')).toBe(false);
    // The room that is open in back is not looked at.
    second.emit({ type: 'attention', attention });
    await page.settled();
    expect(page.text('toast-go')).toBe('Bo Lindqvist in reef · Lab look, @adal');
    await page.click('toast-go');
    expect([page.text('room-title'), page.app.key]).toEqual(['reef', 'second']);
    second.emit({ type: 'attention', attention: { ...attention, excerpt: 'again' } });
    await page.settled();
    expect(page.has('toast-go')).toBe(false);
  });

  it('signing out of one leaves the other alone, and of the last one leads to the start page', async () => {
    await page.type('composer', 'kept');
    await press(section('Lab'), 'server-open');
    await page.type('composer', 'gone');
    await page.app.signOut();
    await page.settled();
    expect([second.callsOf('signOut').length, first.callsOf('signOut').length]).toEqual([1, 0]);
    expect([page.text('workspace-name'), names().length, page.has('server-open')]).toEqual(['Northwind', 1, false]);
    expect(Object.values(localStorage).join()).toContain('kept');
    expect(Object.values(localStorage).join()).not.toContain('gone');
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('kept');
    await page.app.signOut();
    await page.settled();
    expect([page.has('start-page'), page.has('server-back'), Object.keys(localStorage).length]).toEqual([true, false, 0]);
  });

  it('says of which server somebody is signed out when that was done elsewhere', async () => {
    second.emit({ type: 'signed_out', error: refusal('unauthorized', 'This session was ended.') });
    await page.settled();
    expect(page.text('notice')).toBe('You are not signed in to Lab any more: This session was ended.');
    expect([names(), page.text('workspace-name')]).toEqual([["Ada's computer"], 'Northwind']);
    // Nothing of it arrives any more.
    second.emit({ type: 'notice', text: 'late', level: 'server' });
    await page.settled();
    expect(page.all('notice')).toHaveLength(1);
  });

  it('a link to a message leads to the server that it names, and out of the app from any other', async () => {
    expect(page.app.known.follow('http://10.0.0.9:7300/to/general/r-reef')).toBe(true);
    await page.settled();
    expect([page.app.key, page.text('room-title')]).toEqual(['second', 'reef']);
    expect(page.app.known.follow('http://192.168.1.7:7300/to/general/r-random')).toBe(true);
    await page.settled();
    expect([page.app.key, page.text('room-title')]).toEqual(['first', 'random']);
    expect(page.app.known.follow('http://10.0.0.1:7300/to/general/r-reef')).toBe(false);
  });

  it('the switcher goes to workspaces of the other, and whoever is idle is away on both', async () => {
    page.app.dialog = 'switcher';
    await page.settled();
    await page.type('switcher-input', 'ocean');
    expect(page.text('switcher-entry')).toContain('Lab');
    await page.press('switcher-input', 'Enter');
    expect(page.text('workspace-name')).toBe('Ocean Lab');
    page.servers.used('away');
    await page.settled();
    expect([first.callsOf('setPresence'), second.callsOf('setPresence')]).toEqual([[['away']], [['away']]]);
  });

  it('whoever hosts is asked before they quit, on the start page too', async () => {
    await page.click('add-server');
    first.emit({ type: 'quitting', others: 2 });
    await page.settled();
    await page.click('confirm-yes');
    expect(desktop.quits).toEqual([true]);
  });
});

it('begins with the server that was in front', async () => {
  onBoth(first, second).world.start.front = 'second';
  page = await Page.open(first);
  expect([page.text('workspace-name'), second.callsOf('toFront').length]).toEqual(['Ocean Lab', 0]);
});

describe('adding a server', () => {
  beforeEach(() => {
    first.beyond = second;
  });

  it('by its address, and back without', async () => {
    page = await Page.open(first);
    expect(page.has('server-open')).toBe(false);
    await page.click('add-server');
    expect([page.has('start-page'), page.text('server-back')]).toEqual([true, "Back to Ada's computer"]);
    await page.click('server-back');
    expect(page.text('workspace-name')).toBe('Northwind');
    await page.click('add-server');
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
    await page.settled();
    expect(page.has('start-page')).toBe(false);

    await page.click('add-server');
    await page.type('join-address', '10.0.0.9');
    await page.submit('join-continue');
    await page.type('sign-in-login', 'adal');
    await page.type('sign-in-password', 'correct horse');
    await page.submit('sign-in-submit');
    expect(first.callsOf('signIn')).toEqual([['http://10.0.0.9:7300', 'adal', 'correct horse']]);
    expect([page.text('workspace-name'), names()]).toEqual(['Ocean Lab', ["Ada's computer", 'Lab']]);
    expect(page.servers.list.map((app) => app.connection)).toEqual(['online', 'online']);
  });

  it('by an invite link that the desktop hands over', async () => {
    page = await Page.open(first);
    first.emit({ type: 'join', link: 'confab://join/10.0.0.9:7300/abc' });
    await page.settled();
    await page.type('join-name', 'Ada');
    await page.submit('join-submit');
    expect(first.callsOf('joinAsGuest')).toEqual([['http://10.0.0.9:7300', 'Ada', 'abc']]);
    expect(names()).toHaveLength(2);
  });

  it('that is known already goes there, and makes nobody else of anybody', async () => {
    page = await Page.open(onBoth(first, second));
    first.emit({ type: 'join', link: 'confab://join/10.0.0.9/abc' });
    await page.settled();
    expect([page.text('workspace-name'), page.has('start-page'), first.callsOf('probe').length]).toEqual(['Ocean Lab', false, 0]);
    expect(page.text('notice')).toContain('You are signed in as Ada L.');
    // Found under another address: its own name says so.
    await page.click('add-server');
    await page.type('join-address', 'another-name.example.org');
    await page.submit('join-continue');
    expect([page.text('workspace-name'), page.all('notice').length]).toEqual(['Northwind', 1]);
  });

  it('while the app starts: the link waits until it is known who is here', async () => {
    page = await Page.open({ ...first.world, start: startOf() });
    const start = page.servers.start();
    page.port.emit({ type: 'join', link: 'confab://join/10.0.0.9:7300/abc' });
    await start;
    await page.settled();
    expect(page.port.callsOf('probe')).toEqual([['confab://join/10.0.0.9:7300/abc']]);
  });

  it('is not offered where the page is about one', async () => {
    first.world.start = { ...first.world.start, accounts: [first.seat()], can_add: false, can_host: false };
    page = await Page.open(first);
    expect([page.text('workspace-name'), page.has('add-server')]).toEqual(['Northwind', false]);
    page.app.dialog = 'switcher';
    await page.settled();
    await page.type('switcher-input', '>add a server');
    expect(page.has('switcher-entry')).toBe(false);
  });
});

it('notifications of the page clear with their account alone', async () => {
  const [one, other] = [new FakeNotifier(), new FakeNotifier()];
  one.permission = other.permission = 'granted';
  Object.assign(second, { notifier: other });
  page = await Page.open(onBoth(first, second), { notifier: one });
  vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  first.emit({ type: 'attention', attention });
  second.emit({ type: 'attention', attention });
  expect([one.shown.length, other.shown.length]).toEqual([1, 1]);
  other.shown[0]?.onclick();
  await page.settled();
  expect(page.text('room-title')).toBe('reef');
  await page.app.signOut();
  await page.settled();
  expect([one.shown.length, other.shown.length]).toEqual([1, 0]);
});
