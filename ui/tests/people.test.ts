import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { AttentionWanted, Personal } from '../src/bindings';
import { emoteOf } from '../src/features/composer/commands';
import { notification } from '../src/lib/notify';
import { statusParts } from '../src/lib/status';
import { ids } from '../src/lib/testids';
import { nextWeek, whenOf } from '../src/lib/when';
import { chatter, room, world } from '../src/port/fake/world';
import { Page } from './page';

interface Vector {
  name: string;
  wanted: AttentionWanted;
  personal: Personal;
  looking_at: [workspace: string, room: string] | null;
  now: string;
  weekday: number;
  minute: number;
  shown: { title: string; body: string; workspace: string; room: string; seq: number } | null;
}
const vectors = JSON.parse(readFileSync('../protocol/vectors/notify.json', 'utf8')) as Vector[];

it.each(vectors)('notifies as the vectors say: $name', ({ wanted, personal, looking_at, now, weekday, minute, shown }) => {
  const lookingAt = looking_at && { workspace: looking_at[0], room: looking_at[1] };
  const found = notification(wanted, { personal, lookingAt, now: new Date(now), weekday, minute });
  expect(found && { title: found.title, body: found.body, ...found.target }).toEqual(shown);
});

it('reads times as people type them', () => {
  const now = new Date(2026, 10, 21, 10, 30);
  const read = (text: string): [string, string] | null => {
    const when = whenOf(text, now);
    return when && [`${when.at.getDate()} ${when.at.getHours()}:${when.at.getMinutes()}`, when.rest];
  };
  expect(read('20 min tea')).toEqual(['21 10:50', 'tea']);
  expect(read('in 2 hours to call')).toEqual(['21 12:30', 'to call']);
  expect(read('1h')).toEqual(['21 11:30', '']);
  expect(read('14:05 stand-up')).toEqual(['21 14:5', 'stand-up']);
  expect(read('9:00 stand-up')).toEqual(['22 9:0', 'stand-up']);
  expect(read('tomorrow 8:15 train')).toEqual(['22 8:15', 'train']);
  expect(read('tomorrow')).toEqual(['22 9:0', '']);
  expect([21, 22, 23, 29].map((day) => nextWeek(new Date(2026, 10, day, 10)).getDate())).toEqual([23, 23, 30, 30]);
  for (const text of ['tea', '', '25:00 x', '0 min x', '5 monkeys', 'tomorrowland']) expect(read(text)).toBeNull();
});

it('tells the emoji of a status, and what somebody does', () => {
  expect(statusParts('🌴 On holiday')).toEqual({ emoji: '🌴', text: 'On holiday' });
  expect(statusParts('👩🏽‍🚀 up')).toEqual({ emoji: '👩🏽‍🚀', text: 'up' });
  expect(statusParts('3 days off')).toEqual({ emoji: '', text: '3 days off' });
  expect(emoteOf('*waves*')).toBe('waves');
  for (const text of ['**loud**', '*a* and *b*', '* a *', 'waves', '*two\nlines*']) expect(emoteOf(text)).toBeNull();
});

describe('people', () => {
  let page: Page;
  beforeEach(async () => {
    const direct = room('', { id: 'd1', kind: 'direct', users: ['u-ada', 'u-bo'], members: 2 });
    const rooms = [room('general', { head: 8, read: 8 }), room('random'), direct];
    page = await Page.open(world(rooms, new Map([['r-general', chatter(8, new Date())]])));
  });
  afterEach(() => page.close());

  const lazily = async (testid: string): Promise<void> => {
    for (let i = 0; i < 200 && !page.has(testid); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await page.settled();
    }
    expect(page.has(testid)).toBe(true);
  };
  const attention: AttentionWanted = {
    workspace: 'general', room: 'r-random', room_name: 'random', seq: 3, ts: new Date().toISOString(), author: 'u-bo',
    author_name: 'Bo Lindqvist', excerpt: 'look, @ada', why: 'mention',
  };

  it('shows what wants attention, and goes there', async () => {
    page.port.emit({ type: 'attention', attention });
    await page.settled();
    expect(page.text('toast-go')).toBe('Bo Lindqvist in random look, @ada');
    await page.click('toast-go');
    expect(page.has('toast-go')).toBe(false);
    expect(page.text('room-title')).toBe('random');
  });

  it('says nothing while somebody does not want to be disturbed', async () => {
    await page.port.setPersonal({ dnd_until: new Date(Date.now() + 60_000).toISOString() });
    page.port.emit({ type: 'attention', attention });
    await page.settled();
    expect(page.has('toast-go')).toBe(false);
  });

  it('folds what ignored people write, until it is opened, and hides that they type', async () => {
    const before = page.messages().length;
    await page.port.ignoreUser('u-bo', true);
    page.port.say('r-general', 'u-bo', 'you did not hear this');
    page.port.emit({ type: 'typing', slug: 'general', room: 'r-general', users: ['u-bo'] });
    await page.settled();
    expect(page.all('message')).toHaveLength(before + 1);
    const folded = page.all('ignored').length;
    expect(folded).toBeGreaterThan(1);
    expect(document.body.textContent).not.toContain('you did not hear this');
    expect(page.text('typing')).toBe('');
    page.all('ignored-show').at(-1)?.click();
    await page.settled();
    expect(page.all('ignored')).toHaveLength(folded - 1);
    expect(document.body.textContent).toContain('you did not hear this');
  });

  it('lets a conversation with somebody who is ignored be, in the list and in the total', async () => {
    const direct = await page.port.openDirect(['u-bo']);
    const { id } = direct;
    page.port.emit({ type: 'read', slug: 'general', room: id, head: 2, read: 0, unread: 2, mentions: 2 });
    await page.settled();
    const row = (): HTMLElement | null => document.querySelector(`[data-testid="${ids.room(direct.name || id)}"]`);
    const total = page.app.workspace?.unread ?? 0;
    expect(row()?.classList).toContain('unread');
    await page.port.ignoreUser('u-bo', true);
    await page.settled();
    expect(row()?.classList).not.toContain('unread');
    expect(page.app.workspace?.unread).toBe(total - 2);
    await page.port.ignoreUser('u-bo', false);
    await page.settled();
    expect(row()?.classList).toContain('unread');
  });

  it('opens a card from an author: message, ignore', async () => {
    page.all('author').find((author) => author.textContent === 'Bo Lindqvist')?.click();
    await lazily('profile-card');
    expect(page.text('profile-card')).toContain('@bo');
    expect(page.text('profile-card')).toContain('Admin');
    await page.click('card-ignore');
    expect(page.port.callsOf('ignoreUser')).toEqual([['u-bo', true]]);
    expect(page.text('card-ignore')).toBe('Stop ignoring');
    await page.click('card-message');
    expect(page.port.callsOf('openDirect')).toEqual([[['u-bo']]]);
    expect(page.has('profile-card')).toBe(false);
  });

  it('lets an owner change a role on the card, and remove somebody after asking', async () => {
    page.all('author').find((author) => author.textContent === 'Bo Lindqvist')?.click();
    await lazily('card-role');
    const role = page.get('card-role') as HTMLSelectElement;
    expect([...role.options].map((option) => option.value)).toEqual(['guest', 'member', 'admin', 'owner']);
    role.value = 'member';
    role.dispatchEvent(new Event('change', { bubbles: true }));
    await page.settled();
    expect(page.port.callsOf('updateMember')).toEqual([['u-bo', 'member']]);
    expect(role.value, 'until the server tells of it').toBe('admin');
    await page.click('card-remove');
    await lazily('confirm');
    await page.click('confirm-no');
    expect(page.port.callsOf('removeMember')).toEqual([]);
    await page.click('card-remove');
    await lazily('confirm');
    await page.click('confirm-yes');
    expect(page.port.callsOf('removeMember')).toEqual([['u-bo']]);
  });

  it('sets a status with an end', async () => {
    await page.click('me');
    await lazily('card-edit');
    await page.click('card-edit');
    await lazily('profile');
    await page.type('profile-status', 'Lunch');
    const ends = page.get('profile-ends') as HTMLSelectElement;
    ends.value = '30';
    ends.dispatchEvent(new Event('change', { bubbles: true }));
    await page.settled();
    const now = Date.now();
    await page.submit('profile-save');
    const [change] = page.port.callsOf('updateProfile')[0] as [{ display_name: string; status: string; status_until: string }];
    expect(change).toMatchObject({ display_name: 'Ada Okafor', status: 'Lunch' });
    expect(Date.parse(change.status_until) - now).toBeGreaterThanOrEqual(30 * 60_000);
    expect(page.has('profile')).toBe(false);
  });

  it('chooses what a room signals', async () => {
    await page.click('room-menu');
    await page.click('level-all');
    expect(page.port.callsOf('updateRoom')).toEqual([[{ room: 'r-general', level: 'all' }]]);
    await page.click('room-menu');
    expect(page.get('level-all').getAttribute('aria-pressed')).toBe('true');
  });

  it('reminds on every device, until it is put away', async () => {
    const reminder = { id: 'x', workspace: 'general', room: 'r-general', text: 'tea', at: new Date(Date.now() + 60_000).toISOString() };
    const personal = { invisible: false, ignored: [], reminders: [reminder] };
    page.port.world.personal = personal;
    page.port.emit({ type: 'personal', personal });
    await page.settled();
    expect(page.has('reminder')).toBe(false);
    page.port.emit({ type: 'personal', personal: { ...personal, reminders: [{ ...reminder, at: new Date(Date.now() - 1).toISOString() }] } });
    await page.settled();
    expect(page.text('reminder')).toContain('tea');
    page.get('reminder').querySelector<HTMLElement>('[aria-label=Done]')?.click();
    await page.settled();
    expect(page.port.callsOf('removeReminder')).toEqual([['x']]);
    expect(page.has('reminder')).toBe(false);
  });

  it('counts mentions of all workspaces in the title', async () => {
    const other = { slug: 'lab', name: 'Lab', icon: null, role: 'member' as const, open: false, unread: 3, mentions: 2 };
    page.port.emit({ type: 'workspace_changed', workspace: other });
    page.port.emit({ type: 'read', slug: 'general', room: 'r-random', head: 2, read: 0, unread: 2, mentions: 1 });
    await page.settled();
    expect(document.title).toMatch(/^\(3\) /);
  });

  it('stays away when somebody said so, whatever they type', async () => {
    await page.app.setAway(true);
    await page.app.used('online');
    expect(page.port.callsOf('setPresence')).toEqual([['away']]);
    await page.app.setAway(false);
    expect(page.port.callsOf('setPresence').at(-1)).toEqual(['online']);
  });
});
