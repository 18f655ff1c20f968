import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AttentionWanted } from '../src/bindings';
import { locale } from '../src/lib/locale/locale.svelte';
import { iconOf, titleOf } from '../src/lib/tab';
import { FakeDesktop, FakeNotifier } from '../src/port/fake/desktop';
import { chatter, room, world } from '../src/port/fake/world';
import { WebNotifier } from '../src/port/web/notifier';
import { zoomed } from '../src/state/zoom';
import { eventually } from './eventually';
import { Page } from './page';

const attention: AttentionWanted = {
  workspace: 'general', room: 'r-random', room_name: 'random', seq: 3, ts: new Date().toISOString(), author: 'u-bo',
  author_name: 'Bo Lindqvist', excerpt: 'look, @ada', why: 'mention',
};

describe('outside of the window', () => {
  let page: Page;
  let desktop: FakeDesktop;
  const press = async (key: string): Promise<void> => {
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey: true, bubbles: true, cancelable: true }));
    await page.settled();
  };
  beforeEach(async () => {
    const rooms = [room('general', { head: 8, read: 8 }), room('random')];
    desktop = new FakeDesktop();
    page = await Page.open(world(rooms, new Map([['r-general', chatter(8, new Date())]])), { desktop });
  });
  afterEach(() => page.close());

  it('the icon has what is unread, and nothing once nobody is signed in', async () => {
    expect(desktop.badges.at(-1)).toEqual([false, 0]);
    page.port.emit({ type: 'read', slug: 'general', room: 'r-random', head: 9, read: 3, unread: 6, mentions: 2 });
    await page.settled();
    expect(desktop.badges.at(-1)).toEqual([true, 2]);
    expect(document.title).toBe('(2) general — Confab');
    await page.app.signOut();
    await page.settled();
    expect(desktop.badges.at(-1)).toEqual([false, 0]);
    expect(document.title).toBe('Confab');
  });

  it('what comes while somebody looks is no news, also before its mark is set', async () => {
    const told = desktop.badges.length;
    const news = { type: 'read', slug: 'general', room: 'r-general', head: 9, read: 8, unread: 1, mentions: 1 } as const;
    page.port.say('r-general', 'u-bo', 'here, @ada');
    page.port.emit(news);
    await page.settled();
    expect([desktop.badges.length - told, page.get('room-general').dataset['unread'], document.title]).toEqual([0, '0', 'general — Confab']);
    // In another room it is what it was: the mark has not been set.
    await page.click('room-random');
    expect([desktop.badges.at(-1), page.get('room-general').dataset['unread']]).toEqual([[true, 1], '1']);
  });

  it('the shell is given its words when the app starts, and when the language changes', async () => {
    expect(desktop.words).toHaveLength(1);
    expect(desktop.words[0]).toMatchObject({ tray_quit: 'Quit', notification_open: 'Open', notification_title: '{author} in {room}' });
    expect(desktop.tips.at(-1)).toBe('Everything is read');
    page.port.emit({ type: 'read', slug: 'general', room: 'r-random', head: 9, read: 3, unread: 6, mentions: 2 });
    await page.settled();
    expect(desktop.tips.at(-1)).toBe('2 messages for you');
    page.servers.settings.setLanguage('de');
    await eventually(() => expect(desktop.words).toHaveLength(2));
    expect(desktop.words[1]).toMatchObject({ tray_open: 'Confab öffnen', tray_quiet: 'Nicht stören', tray_quit: 'Beenden', notification_open: 'Öffnen', notification_hidden: 'Neue Nachricht', dialog_save: 'Datei speichern' });
    expect([desktop.tips.at(-1), desktop.badges.at(-1)]).toEqual(['2 Nachrichten für dich', [true, 2]]);
    page.servers.settings.setLanguage('ar');
    await eventually(() => expect(desktop.words).toHaveLength(3));
    expect(desktop.words[2]?.notification_title).toBe('{author} في {room}');
    expect(desktop.tips.at(-1)).toBe('رسالتان لك');
    await locale.use('en');
  });

  it('whoever hosts is asked before they cut others off', async () => {
    page.port.emit({ type: 'quitting', others: 3 });
    await page.settled();
    expect(page.text('confirm')).toContain('3 others are connected');
    await page.click('confirm-no');
    expect(desktop.quits).toEqual([false]);
    page.port.emit({ type: 'quitting', others: 1 });
    await page.settled();
    await page.click('confirm-yes');
    expect(desktop.quits).toEqual([false, true]);
  });

  it('Ctrl with plus, minus and 0 zooms, as fast as one presses', async () => {
    await press('+');
    await press('=');
    await press('+');
    await page.settled();
    expect(desktop.now.zoom).toBe(150);
    await press('-');
    expect(desktop.now.zoom).toBe(125);
    await press('0');
    expect(desktop.now.zoom).toBe(100);
    expect([zoomed(50, -1), zoomed(300, 1), zoomed(103, 1)]).toEqual([50, 300, 110]);
  });

  it('settings are found by their words, and the desktop is one of them', async () => {
    page.app.dialog = 'settings';
    await eventually(() => expect(page.has('settings')).toBe(true));
    const shown = (testid: string): boolean => page.has(testid) && page.get(testid).closest('.d-none') === null;
    expect(shown('settings-autostart') && shown('settings-compact')).toBe(true);
    await page.type('settings-search', 'LOG in');
    await page.settled();
    expect([shown('settings-autostart'), shown('settings-tray'), shown('settings-compact')]).toEqual([true, false, false]);
    await page.type('settings-search', 'desktop');
    await page.settled();
    expect([shown('settings-autostart'), shown('settings-tray'), shown('settings-compact')]).toEqual([true, true, false]);
    await page.type('settings-search', 'no such thing');
    await page.settled();
    expect(page.text('settings')).toContain('No setting has these words.');
    await page.type('settings-search', '');
    await page.settled();
    expect(shown('settings-compact')).toBe(true);
    await page.click('settings-autostart');
    expect(desktop.now.autostart).toBe(true);
    await page.click('settings-tray');
    expect(page.port.callsOf('saveSettings').at(-1)).toMatchObject([{ close_to_tray: false }]);
  });

  it('a click on a notification of the shell leads to its message', async () => {
    page.app.dialog = 'settings';
    page.port.emit({ type: 'go', workspace: 'general', room: 'r-random', seq: 3 });
    await page.settled();
    expect([page.text('room-title'), page.has('settings')]).toEqual(['random', false]);
  });
});

describe('notifications that the page shows', () => {
  let page: Page;
  let notifier: FakeNotifier;
  beforeEach(async () => {
    notifier = new FakeNotifier();
    page = await Page.open(world([room('general'), room('random')], new Map()), { notifier });
  });
  afterEach(() => page.close());

  it('come once the user was asked, when nobody is at the page', async () => {
    const focused = vi.spyOn(document, 'hasFocus').mockReturnValue(false);
    page.port.emit({ type: 'attention', attention });
    await page.settled();
    expect([notifier.shown.length, page.has('toast-go')]).toEqual([0, true]);
    page.app.dialog = 'settings';
    await eventually(() => expect(page.has('allow-notifications')).toBe(true));
    await page.click('allow-notifications');
    expect(page.has('settings-previews')).toBe(true);

    page.port.emit({ type: 'attention', attention: { ...attention, excerpt: 'again' } });
    await page.settled();
    expect(notifier.shown.map(({ notification }) => [notification.title, notification.body])).toEqual([['Bo Lindqvist in random', 'again']]);
    await page.click('settings-previews');
    page.port.emit({ type: 'attention', attention });
    await page.settled();
    expect(notifier.shown.at(-1)?.notification.body).toBe('New message');
    page.port.emit({ type: 'read', slug: 'general', room: 'r-random', head: 3, read: 3, unread: 0, mentions: 0 });
    expect(notifier.reads.at(-1)).toEqual(['r-random', 3]);

    // What one wants to be reminded of, once it is due, and not what was due before.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const reminder = { id: 'x', workspace: 'general', room: 'r-random', text: 'tea', seq: 3, at: new Date(Date.now() + 60_000).toISOString() };
    const personal = { invisible: false, ignored: [], reminders: [{ ...reminder, id: 'old', text: 'old', at: new Date(Date.now() - 60_000).toISOString() }, reminder] };
    const reminders = (): unknown[] => notifier.shown.map(({ notification }) => notification).filter(({ title }) => title === 'Reminder');
    page.port.emit({ type: 'personal', personal });
    vi.advanceTimersByTime(59_000);
    expect(reminders()).toEqual([]);
    await page.click('settings-previews');
    vi.advanceTimersByTime(1_000);
    page.port.emit({ type: 'personal', personal });
    expect(reminders()).toEqual([{ title: 'Reminder', body: 'tea', target: { workspace: 'general', room: 'r-random', seq: 3 } }]);
    vi.useRealTimers();
    page.app.dialog = null;
    notifier.shown.at(-1)?.onclick();
    await page.settled();
    expect(page.text('room-title')).toBe('random');

    // Who is at the page sees a line in it.
    const before = notifier.shown.length;
    focused.mockReturnValue(true);
    page.port.emit({ type: 'attention', attention: { ...attention, room: 'r-general', room_name: 'general' } });
    await page.settled();
    expect(notifier.shown).toHaveLength(before);
  });
});

it('an app whose language was chosen before hands over no words in another one', async () => {
  const desktop = new FakeDesktop();
  const fake = world([room('general')], new Map());
  const settings = { ...fake.start.settings, language: 'de' as const };
  const page = await Page.open({ ...fake, start: { ...fake.start, settings } }, { desktop });
  await eventually(() => expect(desktop.words).toHaveLength(1));
  expect([desktop.words[0]?.tray_quit, ...new Set(desktop.tips)]).toEqual(['Beenden', 'Alles ist gelesen']);
  await page.close();
  await locale.use('en');
});

it('a link that the desktop hands over opens the join page', async () => {
  const nobody = world([room('general')], new Map());
  const page = await Page.open({ ...nobody, start: { ...nobody.start, accounts: [] } });
  page.port.emit({ type: 'join', link: 'confab://join/host:7300/abc' });
  await page.settled();
  expect(page.port.callsOf('probe')).toEqual([['confab://join/host:7300/abc']]);
  expect(page.has('join-name') || page.has('sign-in-login')).toBe(true);
  await page.close();
});

it('the tab says how much is unread', () => {
  expect(titleOf(null, { unread: false, mentions: 0 })).toBe('Confab');
  expect(titleOf('random', { unread: true, mentions: 0 })).toBe('random — Confab');
  expect(titleOf('random', { unread: true, mentions: 12 })).toBe('(12) random — Confab');
  const dots = [[false, 0], [true, 0], [true, 1]].map(([unread, mentions]) => iconOf({ unread: Boolean(unread), mentions: Number(mentions) }));
  expect(new Set(dots).size).toBe(3);
});

it('a browser keeps one notification for each room until it is read', () => {
  const open: { title: string; tag: string; closed: boolean; onclick: (() => void) | null; close: () => void }[] = [];
  const Browser = vi.fn(function (this: (typeof open)[number], title: string, { tag }: { tag: string }) {
    Object.assign(this, { title, tag, closed: false, onclick: null, close: () => (this.closed = true) });
    open.push(this);
  });
  vi.stubGlobal('Notification', Object.assign(Browser, { permission: 'granted' }));
  vi.spyOn(window, 'focus').mockReturnValue();
  const notifier = new WebNotifier();
  const clicked = vi.fn();
  const target = { workspace: 'w', room: 'r', seq: 5 };
  expect(notifier.show({ title: 'Bo', body: 'hello', target }, clicked)).toBe(true);
  notifier.read('r', 4);
  notifier.read('other', 9);
  expect(open[0]?.closed).toBe(false);
  notifier.read('r', 5);
  expect(open[0]?.closed).toBe(true);
  notifier.show({ title: 'Bo', body: 'hello', target: { ...target, seq: 6 } }, clicked);
  open[1]?.onclick?.();
  expect([clicked.mock.calls.length, open[1]?.closed, open[1]?.tag]).toEqual([1, true, 'w/r']);
  Object.assign(Browser, { permission: 'denied' });
  expect(notifier.show({ title: 'Bo', body: 'hello', target }, clicked)).toBe(false);
  vi.unstubAllGlobals();
});

it('who hosts sees who is connected', async () => {
  const made = world([room('general')], new Map());
  made.start.hosting = made.hosting = { address: made.start.accounts[0]?.account.address ?? '', network: [], fingerprint: null };
  const page = await Page.open(made);
  page.app.dialog = 'settings';
  await eventually(() => expect(page.text('hosting-connected')).toContain('Nobody is connected'));
  expect(page.has('hosting-fingerprint')).toBe(false);
  page.app.dialog = null;
  await page.settled();
  made.connected = made.start.accounts.map(({ account }) => account.user);
  page.app.dialog = 'settings';
  await eventually(() => expect(page.text('hosting-connected')).toMatch(/One person is connected:.*Ada Okafor/));
  await page.close();
});
