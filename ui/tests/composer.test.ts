// Writing: what is completed, what keys do to the text, what commands do, and what is kept.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { findEmoji, inTone, nameOf } from '../src/features/emoji/emoji';
import { tokenAt } from '../src/features/composer/token';
import { refusal, type Refusal } from '../src/lib/error';
import { best, folded, score } from '../src/lib/fuzzy';
import { plainText } from '../src/lib/markdown/plain';
import { message } from '../src/port/fake';
import { chatter, room, signedIn, world } from '../src/port/fake/world';
import { uuid7 } from '../src/port/web/uuid';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;
const made = (): ReturnType<typeof world> => world(
  [room('general', { head: 3, read: 3 }), room('random', { topic: 'Anything' }), room('release-party'), room('', { id: 'd1', kind: 'direct', users: ['u-ada', 'u-bo'] })],
  new Map([['r-general', chatter(3, new Date('2026-01-05T12:00:00Z'))]]),
);

beforeEach(async () => {
  page = await Page.open(made());
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const field = (): HTMLTextAreaElement => page.get('composer') as HTMLTextAreaElement;
const offered = (): string[] => page.all('suggestion').map((one) => one.textContent?.replace(/\s+/g, ' ').trim() ?? '');
const press = (key: string, more: KeyboardEventInit = {}): Promise<void> => page.press('composer', key, more);
const write = async (text: string): Promise<void> => {
  await page.type('composer', text);
  if (page.has('suggestion') && !text.startsWith('/')) await press('Escape');
  await press('Enter');
};
const sent = (): unknown[] => page.port.callsOf('send').map(([message]) => (message as { text: string }).text);

describe('what can be completed', () => {
  it.each([
    ['@', { sign: '@', query: '' }], ['hi @Bo', { sign: '@', query: 'bo' }], ['(#rel', { sign: '#', query: 'rel' }], ['so :smi', { sign: ':', query: 'smi' }],
    ['/me', { sign: '/', query: 'me' }], ['/', { sign: '/', query: '' }],
    ['a@b', null], ['C#', null], ['10:30', null], [':)', null], [':a', null], ['see /etc', null], ['`@bo', null], ['```\n@bo', null], ['`x` @bo', { sign: '@', query: 'bo' }],
  ])('%j', (text, token) => {
    const found = tokenAt(text, text.length);
    expect(found && { sign: found.sign, query: found.query }).toEqual(token);
  });

  it('prefers beginnings, then words, then letters in a row; accents do not matter', () => {
    const names = ['random', 'general', 'design-general', 'gentlemen', 'grand entrance lobby'];
    expect(best(names, (name) => score('gen', name), 9)).toEqual(['general', 'gentlemen', 'design-general', 'grand entrance lobby']);
    expect([score('re', 'dark theme'), score('genrl', 'general'), score('al gen', 'general'), score('gen zz', 'general')].map((points) => points > 0)).toEqual([false, true, true, false]);
    expect([score('r', 'general'), score('p', 'release-party')]).toEqual([0, 600]);
    expect(score('rp', 'release-party')).toBeGreaterThan(0);
    expect(score('zz', 'random')).toBe(0);
    expect(folded('Dilara Yıldız Ünal É')).toBe('dilara yıldız unal e');
  });
});

describe('suggestions', () => {
  it('offer people, who is there first, and put the login into the text', async () => {
    await page.type('composer', 'ask @');
    expect(offered()[0]).toContain('Bo Lindqvist @bo');
    expect(offered().some((one) => one.includes('Ada'))).toBe(false);
    await page.type('composer', 'ask @wei');
    expect(offered()).toEqual(['CW Chen Wei @chen']);
    await press('Tab');
    expect(field().value).toBe('ask @chen ');
    expect(offered()).toEqual([]);
  });

  it('are walked with the arrows, taken with Enter, and told to a screen reader', async () => {
    await page.type('composer', 'in #r');
    expect(offered()).toEqual(['#random Anything', '#release-party']);
    expect(field().getAttribute('aria-activedescendant')).toBe(page.all('suggestion')[0]?.id);
    await press('ArrowDown');
    expect(page.all('suggestion').map((one) => one.getAttribute('aria-selected'))).toEqual(['false', 'true']);
    await press('ArrowDown');
    await press('ArrowUp');
    await press('Enter');
    expect(field().value).toBe('in #release-party ');
    expect(sent()).toEqual([]);
    expect(field().hasAttribute('aria-activedescendant')).toBe(false);
  });

  it('go away with Escape, and stay away while that word is typed', async () => {
    await page.type('composer', '@b');
    await press('Escape');
    await page.type('composer', '@bo');
    expect(offered()).toEqual([]);
    await page.type('composer', '@bo @');
    expect(offered().length).toBeGreaterThan(0);
  });

  it('offer emoji by any of their names, in the chosen tone', async () => {
    page.app.choices.change({ tone: 5 });
    await page.type('composer', 'ok :thumbsup');
    await eventually(() => expect(offered()[0]).toContain(':thumbs_up:'));
    await press('Enter');
    expect(field().value).toBe('ok 👍🏿 ');
    expect(page.app.choices.recent).toEqual(['👍🏿']);
  });
});

describe('emoji', () => {
  it('are found by name, by other words and by parts of names', () => {
    expect(findEmoji('+1', 3)[0]?.emoji).toBe('👍');
    expect(findEmoji('octopus', 3)[0]?.emoji).toBe('🐙');
    expect(findEmoji('tada', 3).map((one) => one.emoji)).toContain('🎉');
    expect(findEmoji('no such thing', 3)).toEqual([]);
  });

  it('come in tones: each person of a group, and nothing else', () => {
    const one = (emoji: string): string => inTone({ emoji, name: '', words: [], toned: true }, 3);
    expect([one('✌️'), one('👩‍💻'), one('🧑‍🤝‍🧑')]).toEqual(['✌🏽', '👩🏽‍💻', '🧑🏽‍🤝‍🧑🏽']);
    expect(inTone({ emoji: '🐙', name: '', words: [], toned: false }, 3)).toBe('🐙');
    expect([nameOf('✌🏽'), nameOf('🐙')]).toEqual(['victory hand', 'octopus']);
  });

  it('are picked into the text, with search, and remembered', async () => {
    await page.type('composer', 'so ');
    await page.click('composer-emoji');
    await eventually(() => page.get('emoji-picker'));
    await page.type('emoji-search', 'wave');
    await page.click('emoji-tone');
    await page.press('emoji-search', 'Enter');
    expect(field().value).toBe('so 👋🏻');
    await page.click('composer-emoji');
    await eventually(() => page.get('emoji-picker'));
    expect([...document.querySelectorAll('.one')].map((one) => one.textContent)).toEqual(['👋🏻']);
    await page.press('emoji-search', 'Escape');
    expect(page.has('emoji-picker')).toBe(false);
  });
});

describe('keys in the text', () => {
  const select = (from: number, to: number): void => field().setSelectionRange(from, to);

  it('make bold, italic, code and struck what is selected, and undo it', async () => {
    for (const [key, shiftKey, result] of [['b', false, 'a **word**'], ['i', false, 'a *word*'], ['e', false, 'a `word`'], ['X', true, 'a ~~word~~']] as const) {
      await page.type('composer', 'a word');
      select(2, 6);
      await press(key, { ctrlKey: true, shiftKey });
      expect(field().value).toBe(result);
      expect(field().value.slice(field().selectionStart, field().selectionEnd)).toBe('word');
      await press(key, { ctrlKey: true, shiftKey });
      expect(field().value).toBe('a word');
    }
  });

  it('make italics of what is bold, and a place to write where nothing is selected', async () => {
    await page.type('composer', '**word**');
    select(2, 6);
    await press('i', { ctrlKey: true });
    expect(field().value).toBe('***word***');
    await page.type('composer', '');
    await press('b', { ctrlKey: true });
    expect([field().value, field().selectionStart]).toEqual(['****', 2]);
  });

  it('link words over which an address is pasted', async () => {
    await page.type('composer', 'see this');
    select(4, 8);
    const paste = Object.assign(new Event('paste', { bubbles: true, cancelable: true }), { clipboardData: { getData: () => 'https://a.example/x' } });
    field().dispatchEvent(paste);
    await page.settled();
    expect(field().value).toBe('see [this](https://a.example/x)');
  });

  it('send with Ctrl+Enter when Enter is for new lines', async () => {
    page.app.choices.change({ enterSends: false });
    await page.type('composer', 'one');
    await press('Enter');
    expect(sent()).toEqual([]);
    await press('Enter', { ctrlKey: true });
    expect(sent()).toEqual(['one']);
  });

  it('Escape leaves the answer first, then reads everything', async () => {
    page.port.say('r-general', 'u-bo', 'news');
    await page.hover(page.all('message')[0]);
    await page.click('message-reply');
    await press('Escape');
    expect(page.app.room?.replyTo).toBeNull();
    expect(page.port.callsOf('markRead')).toEqual([]);
    await press('Escape');
    expect(page.port.callsOf('markRead')).toEqual([['r-general', 4]]);
  });
});

describe('code', () => {
  it('is shown as it will look while its fence is open', async () => {
    expect(page.has('composer-preview')).toBe(false);
    await page.type('composer', 'see\n```rust\nfn main() {}');
    await eventually(() => expect(page.text('composer-preview')).toContain('fn main() {}'));
    expect(page.text('composer-preview')).not.toContain('see');
    await page.type('composer', 'no code ``` here');
    await eventually(() => expect(page.has('composer-preview')).toBe(false));
  });
});

describe('commands', () => {
  it('are offered with their help, those that fit the room', async () => {
    await page.type('composer', '/');
    expect(offered().map((one) => one.split(' ')[0])).toEqual(['/me', '/shrug', '/topic', '/invite', '/msg', '/leave', '/mute', '/status', '/away', '/dnd', '/remind', '/help']);
    await page.type('composer', '/to');
    expect(offered()).toEqual(['/topic text Say what this room is for']);
    await press('Enter');
    expect(field().value).toBe('/topic ');
    await page.click('room-d1');
    await page.type('composer', '/');
    expect(offered().map((one) => one.split(' ')[0])).toEqual(['/me', '/shrug', '/msg', '/mute', '/status', '/away', '/dnd', '/remind', '/help']);
  });

  it('do what they say', async () => {
    await write('/me waves');
    await write('/shrug who knows');
    expect(sent()[0]).toBe('*waves*');
    expect(plainText(String(sent()[1]))).toBe('who knows ¯\\_(ツ)_/¯');
    await write('/topic All about *it*');
    await write('/mute');
    expect(page.port.callsOf('updateRoom')).toEqual([[{ room: 'r-general', topic: 'All about *it*' }], [{ room: 'r-general', muted: true }]]);
    await write('/invite @bo, chen');
    expect(page.port.callsOf('inviteToRoom')).toEqual([['r-general', ['u-bo', 'u-chen']]]);
    await write('/leave');
    expect(page.port.callsOf('leaveRoom')).toEqual([['r-general']]);
    expect(sent()).toHaveLength(2);
  });

  it('keep what was written when they are refused', async () => {
    await write('/invite @nobody');
    expect(page.text('error')).toContain('Nobody here is @nobody.');
    expect(field().value).toBe('/invite @nobody');
    expect(page.port.callsOf('inviteToRoom')).toEqual([]);
  });

  it('are no command when they are a path or begin with two slashes, and are refused when nobody knows them', async () => {
    await write('/etc/hosts is wrong');
    await write('//me and you');
    expect(sent()).toEqual(['/etc/hosts is wrong', '/me and you']);
    await write('/unknown thing');
    expect(page.text('error')).toContain('no command /unknown');
    expect(field().value).toBe('/unknown thing');
    expect(sent()).toHaveLength(2);
  });
});

it('keeps a draft for each room, marks them in the list, and has them after a restart', async () => {
  await page.type('composer', 'for general');
  await page.click('room-random');
  await page.type('composer', 'for random');
  const { world: same } = page.port;
  await page.close();
  page = await Page.open({ ...same, start: signedIn({ workspace: 'general', room: 'r-release-party' }) });
  const drafts = (): string[] => ['general', 'random', 'release-party'].filter((name) => page.get(`room-${name}`).querySelector('[aria-label=draft]'));
  expect(drafts()).toEqual(['general', 'random']);
  await page.click('room-general');
  expect(field().value).toBe('for general');
  await press('Enter');
  await page.click('room-random');
  expect(drafts()).toEqual([]);
  expect(field().value).toBe('for random');
});

it('gives a refused message back to the room that it was written in', async () => {
  let refuse: (error: Refusal) => void = () => undefined;
  vi.spyOn(page.port, 'send').mockImplementationOnce(() => new Promise((_, reject) => (refuse = reject)));
  await write('for general');
  await page.click('room-random');
  refuse(refusal('bad_request', 'No.'));
  await page.settled();
  expect(field().value).toBe('');
  await page.click('room-general');
  expect(field().value).toBe('for general');
});

describe('a draft that a killed browser still had on its disk', () => {
  const TYPED = Date.parse('2026-01-05T12:00:00Z');
  const key = 'confab.draft.u-ada.r-general';

  /** Opens the app with that draft on the disk, and these messages of Ada's in the room. */
  async function open(text: string, ...written: [text: string, ms: number][]): Promise<void> {
    await page.close();
    localStorage.setItem(key, JSON.stringify({ text, at: TYPED }));
    const own = written.map(([words, ms], i) => message(`u-ada/${uuid7(TYPED + ms)}`, 'u-ada', words, new Date(TYPED + ms).toISOString(), i + 1));
    page = await Page.open({ ...world([room('general', { head: own.length, read: own.length })], new Map([['r-general', own]])) });
  }

  it.each([
    ['the same text', 'on my way', 'on my way'],
    ['its beginning', 'on m', 'on my way'],
    ['with a space after it', 'on my ', 'on my way'],
  ])('is none when it was sent: %s', async (_, draft, sent) => {
    await open(draft, ['before it', -5_000], [sent, 800]);
    expect(field().value).toBe('');
    expect(localStorage.getItem(key)).toBeNull();
  });

  it.each(['half a thought', '42', 'null', '{"text":1}'])('stays when an earlier version kept it as it was typed: %s', async (draft) => {
    await page.close();
    localStorage.setItem(key, draft);
    page = await Page.open(made());
    expect(field().value).toBe(draft);
  });

  it.each([
    ['the same was said before', 'ok', 'ok', -1],
    ['the same was said much later', 'ok', 'ok', 3_600_000],
    ['it is another text', 'on your way', 'on my way', 800],
  ])('stays when %s', async (_, draft, sent, ms) => {
    await open(draft, [sent, ms]);
    expect(field().value).toBe(draft);
    expect(localStorage.getItem(key)).not.toBeNull();
  });
});
