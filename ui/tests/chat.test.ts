import jsQR from 'jsqr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { refusal } from '../src/lib/error';
import { chatter, room, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;
const now = new Date('2026-01-05T12:00:00Z');

beforeEach(async () => {
  const items = new Map([['r-general', chatter(3, now)], ['r-random', chatter(2, now)]]);
  page = await Page.open(world([room('general'), room('random', { unread: 2, read: 0, head: 2 }), room('den', { kind: 'private' })], items));
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const write = async (text: string): Promise<void> => {
  await page.type('composer', text);
  await page.press('composer', 'Enter');
};
const composer = (): HTMLTextAreaElement => page.get('composer') as HTMLTextAreaElement;

/** What a QR code says whose dark modules are the squares of a path. */
function read(code: HTMLElement): string | undefined {
  const DOTS = 4;
  const size = Number(code.getAttribute('viewBox')?.split(' ')[2]) * DOTS;
  const picture = new Uint8ClampedArray(size * size * 4).fill(255);
  for (const [, x, y] of code.querySelector('path')?.getAttribute('d')?.matchAll(/M(\d+) (\d+)h1v1h-1z/g) ?? []) {
    for (let dot = 0; dot < DOTS * DOTS; dot++) {
      const at = (Number(y) * DOTS + Math.floor(dot / DOTS)) * size + Number(x) * DOTS + (dot % DOTS);
      picture.fill(0, at * 4, at * 4 + 3);
    }
  }
  return jsQR(picture, size, size)?.data;
}

describe('sending', () => {
  it('draws a message at once, in every state until it is sent, in one row', async () => {
    page.port.sending = 'hold';
    await write('hello');
    expect(page.messages().at(-1)).toEqual({ text: 'hello', state: 'queued' });
    const key = page.all('message').at(-1)?.dataset['key'] ?? '';
    expect(composer().value).toBe('');
    page.port.settle(key);
    await page.settled();
    expect(page.messages().at(-1)).toEqual({ text: 'hello', state: 'sent' });
    expect(page.all('message').at(-1)?.dataset).toMatchObject({ key, seq: '4' });
    expect(page.messages().filter((row) => row.text === 'hello')).toHaveLength(1);
  });

  it('shows why a message failed, and retries or discards it', async () => {
    page.port.sending = 'hold';
    await write('one');
    const key = page.all('message').at(-1)?.dataset['key'] ?? '';
    page.port.settle(key, refusal('forbidden', 'The room is closed.'));
    await page.settled();
    expect(page.text('message-state')).toContain('The room is closed.');
    await page.click('message-retry');
    expect(page.messages().at(-1)).toEqual({ text: 'one', state: 'sent' });

    await write('two');
    page.port.settle(page.all('message').at(-1)?.dataset['key'] ?? '', refusal('too_large', 'Too long.'));
    await page.settled();
    await page.click('message-discard');
    expect(page.messages().at(-1)?.text).toBe('one');
  });

  it('breaks the line with Shift+Enter, sends nothing that is blank, and gives back what could not be queued', async () => {
    await page.type('composer', 'a');
    await page.press('composer', 'Enter', { shiftKey: true });
    await write('   ');
    expect(page.port.callsOf('send')).toEqual([]);
    page.port.refuseNext('send', refusal('internal', 'The disk is full.'));
    await write('precious');
    expect(composer().value).toBe('precious');
    expect(page.text('error')).toContain('The disk is full.');
  });

  it('is never disabled offline: the chip says what waits', async () => {
    page.port.sending = 'hold';
    page.port.emit({ type: 'link', namespace: '/general', state: { is: 'waiting', retry_in_ms: 500, attempt: 1 } });
    await page.settled();
    await write('later');
    page.port.emit({ type: 'outbox', pending: 1 });
    await page.settled();
    expect(composer().disabled).toBe(false);
    expect(page.text('connection')).toBe('Offline — 1 queued');
    page.port.live();
    page.port.emit({ type: 'outbox', pending: 0 });
    await page.settled();
    expect(page.text('connection')).toBe('Online');
  });

  it('refuses a text that is too long before the server does', async () => {
    await write('ü'.repeat(9_000));
    expect(page.port.callsOf('send')).toEqual([]);
    expect(document.querySelector('.too-long')?.textContent).toContain('too long');
  });

  it('says that it types once, and that it stopped when the message goes', async () => {
    await page.type('composer', 'h');
    await page.type('composer', 'he');
    await page.press('composer', 'Enter');
    expect(page.port.callsOf('setTyping')).toEqual([['r-general', true], ['r-general', false]]);
  });
});

describe('messages', () => {
  it('edits the last own one with ↑, and Escape leaves it as it was', async () => {
    await write('teh');
    await page.press('composer', 'ArrowUp');
    expect(composer().value).toBe('teh');
    await page.press('composer', 'Escape');
    expect(composer().value).toBe('');
    await page.press('composer', 'ArrowUp');
    await write('the');
    expect(page.port.callsOf('edit')).toEqual([['r-general', page.port.callsOf('edit')[0]?.[1], 'the']]);
    expect(page.messages().at(-1)?.text).toContain('the (edited)');
    expect(page.port.callsOf('send')).toHaveLength(1);
  });

  it('answers a message with a quote', async () => {
    await page.hover(page.all('message')[1]);
    await page.click('message-reply');
    await write('indeed');
    expect(page.port.callsOf('send')).toEqual([[{ room: 'r-general', text: 'indeed', reply_to: 'm2' }]]);
    expect(page.all('message').at(-1)?.querySelector('.quote')?.textContent).toContain('Message number 2');
  });

  it('puts reactions on and off', async () => {
    await page.hover(page.all('message')[0]);
    await page.click('message-react');
    await page.click('quick-👍');
    expect(page.get('reaction').dataset).toMatchObject({ emoji: '👍', count: '1' });
    await page.click('reaction');
    expect(page.has('reaction')).toBe(false);
    expect(page.port.callsOf('react').map((args) => args[3])).toEqual([true, false]);
  });

  it('deletes after asking, and leaves a tombstone', async () => {
    const remove = async (answer: 'confirm-yes' | 'confirm-no'): Promise<void> => {
      await page.menuOf(page.all('message')[0]);
      await page.click('message-delete');
      await page.click(answer);
      expect(page.has('confirm')).toBe(false);
    };
    await remove('confirm-no');
    expect(page.port.callsOf('delete')).toEqual([]);
    await remove('confirm-yes');
    expect(page.messages()[0]?.text).toBe('Deleted message');
  });

  it('draws text as text', async () => {
    page.port.say('r-general', 'u-bo', '<img src=x onerror="alert(1)"> **bold** @ada https://a.example');
    await page.settled();
    const row = page.all('message').at(-1);
    expect(row?.querySelector('img')).toBeNull();
    expect(row?.querySelector('strong:not(header strong)')?.textContent).toBe('bold');
    expect(row?.querySelector('.mention-me')?.textContent).toBe('@ada');
    expect(row?.querySelector('a')?.getAttribute('rel')).toContain('noopener');
  });

  it('asks for older messages when there are no more, and draws them before', async () => {
    const items = new Map([['r-general', chatter(30, now)]]);
    await page.close();
    page = await Page.open({ ...world([room('general')], items), page: 10 });
    // Without a layout nothing fills the view, so every page is asked for, one after the other.
    await page.settled();
    await page.settled();
    await page.settled();
    expect(page.port.callsOf('loadOlder').length).toBe(2);
    expect(page.messages().map((row) => row.text.split(' ')[2])).toEqual(Array.from({ length: 30 }, (_, i) => `${i + 1}`));
  });
});

describe('rooms', () => {
  it('switches: title, timeline, composer and draft are the room’s own', async () => {
    await page.type('composer', 'half a thought');
    await page.click('room-random');
    expect(page.text('room-title')).toBe('random');
    expect(page.messages()).toHaveLength(2);
    expect(composer().value).toBe('');
    expect(page.get('room-random').getAttribute('aria-current')).toBe('page');
    expect(page.port.callsOf('savePlace').at(-1)).toEqual([{ workspace: 'general', room: 'r-random' }]);
    await page.click('room-general');
    expect(composer().value).toBe('half a thought');
    page.port.say('r-random', 'u-bo', 'elsewhere');
    await page.settled();
    expect(page.messages().some((row) => row.text === 'elsewhere')).toBe(false);
  });

  it('shows the New divider where reading stopped, after own messages', async () => {
    await page.click('room-random');
    const order = [...document.querySelectorAll('[data-testid="new-divider"], [data-testid="message"]')].map((el) => el.getAttribute('data-testid'));
    expect(order).toEqual(['message', 'new-divider', 'message']);
  });

  it('marks lists: locks, globes, unread', async () => {
    expect(page.get('room-den').dataset['kind']).toBe('private');
    expect(page.get('room-random').classList).toContain('unread');
    expect(page.text('room-random')).toBe('random, 2 unread messages');
    page.port.emit({ type: 'read', slug: 'general', room: 'r-random', head: 2, read: 2, unread: 0, mentions: 0 });
    await page.settled();
    expect(page.get('room-random').classList).not.toContain('unread');
  });

  it('creates a private room and opens it', async () => {
    await page.click('create-room');
    await page.type('create-room-name', 'Secret Plans!');
    await page.click('create-room-private');
    await page.submit('create-room-submit');
    expect(page.port.callsOf('createRoom')).toEqual([[{ name: 'secret-plans', kind: 'private' }]]);
    expect(page.text('room-title')).toBe('secret-plans');
  });

  it('goes to another room when one is left or taken away', async () => {
    await page.click('room-random');
    await page.click('room-menu');
    await page.click('leave-room');
    expect(page.has('room-random')).toBe(false);
    expect(page.text('room-title')).toBe('general');
  });

  it('follows members, presence and typing live', async () => {
    expect([page.text('member-count'), page.get('online-count').dataset['count']]).toEqual(['7', '5']);
    page.port.emit({ type: 'room_count', slug: 'general', room: 'r-general', members: 8, online: 6 });
    page.port.emit({ type: 'typing', slug: 'general', room: 'r-general', users: ['u-bo', 'u-ada'] });
    await page.settled();
    expect([page.text('member-count'), page.get('online-count').dataset['count']]).toEqual(['8', '6']);
    expect(page.text('typing')).toBe('Bo Lindqvist is typing…');
    await page.click('members-toggle');
    expect(page.get('member-emre').dataset['presence']).toBe('offline');
    page.port.emit({ type: 'presence_changed', slug: 'general', user: 'u-emre', state: 'online' });
    await page.settled();
    expect(page.get('member-emre').dataset['presence']).toBe('online');
  });

  it('creates a workspace and goes there; an empty one says what to do', async () => {
    await page.click('create-workspace');
    await eventually(() => expect(page.has('create-workspace-name')).toBe(true));
    await page.type('create-workspace-name', 'Ocean Lab');
    await page.submit('create-workspace-submit');
    expect(page.port.callsOf('createWorkspace')).toEqual([[{ slug: 'ocean-lab', name: 'Ocean Lab', open: false }]]);
    expect(page.get('workspace-ocean-lab').getAttribute('aria-current')).toBe('true');
    expect(document.querySelector('.nothing')?.textContent).toContain('You are not in any room here');
    await page.click('workspace-general');
    expect(page.text('room-title')).toBe('general');
  });

  it('makes an invite link', async () => {
    await page.click('members-toggle');
    [...document.querySelectorAll<HTMLElement>('.panel .btn')].find((button) => button.textContent?.includes('Invite link'))?.click();
    await page.settled();
    await page.click('invite-create');
    const link = (page.get('invite-link') as HTMLInputElement).value;
    expect(link).toContain('/join/');
    // As the camera of a phone reads it.
    await eventually(() => expect(page.has('invite-qr')).toBe(true));
    expect(read(page.get('invite-qr'))).toBe(link);
  });

  it('changes the theme and remembers it', async () => {
    await page.click('theme-toggle');
    await page.click('theme-toggle');
    expect(document.documentElement.dataset['bsTheme']).toBe('dark');
    expect(page.port.callsOf('saveSettings').at(-1)).toMatchObject([{ theme: 'dark', compact: false }]);
  });

  it('loads a room that was opened without a link once the link is up, and calls that no error', async () => {
    page.port.refuseNext('openRoom', refusal('unavailable', 'There is no connection.'));
    await page.click('room-random');
    expect(page.has('error')).toBe(false);
    expect(page.messages()).toEqual([]);
    page.port.live();
    await page.settled();
    expect(page.messages()).toHaveLength(2);
  });
});
