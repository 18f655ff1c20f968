// Files in a message that is being written, and in messages that are there.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { FileInfo, Item, MessageItem, NewMessage } from '../src/bindings';
import { kindOf, sizeOf } from '../src/lib/size';
import { refusal } from '../src/lib/error';
import { FakePort, message } from '../src/port/fake';
import { room, serverInfo, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

const made = (): ReturnType<typeof world> => ({
  ...world([room('general'), room('random')], new Map()),
  server: { ...serverInfo, limits: { ...serverInfo.limits, file_bytes: 1_000 } },
});

let page: Page;
beforeEach(async () => {
  page = await Page.open(made());
});
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

const file = (name: string, bytes = 500, type = ''): File => new File([new Uint8Array(bytes)], name, { type });
const sent = (): NewMessage[] => page.port.callsOf('send').map(([message]) => message as NewMessage);
const states = (): (string | undefined)[] => page.all('attached').map((chip) => chip.dataset['state']);
const keyOf = (at = 0): string => [...page.app.transfers.keys()][at] ?? '';

async function choose(...files: File[]): Promise<void> {
  page.port.files.chosen = files;
  await page.click('composer-attach');
}

/** What jsdom has no constructor for: an event with files in it. */
async function hand(kind: 'paste' | 'dragover' | 'drop', testid: string, files: File[], text = ''): Promise<Event> {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const data = { files, types: files.length > 0 ? ['Files'] : [], items: [], dropEffect: 'none', getData: () => text };
  Object.assign(event, kind === 'paste' ? { clipboardData: data } : { dataTransfer: data });
  page.get(testid).dispatchEvent(event);
  await page.settled();
  return event;
}

describe('a message with files', () => {
  it('waits for its uploads, takes what they became, and may have no words', async () => {
    page.port.files.moving = 'hold';
    await choose(file('notes.txt', 500, 'text/plain'));
    page.port.files.move(keyOf(), 200);
    await page.settled();
    expect(states()).toEqual(['running']);
    expect(page.text('attached')).toContain('200 bytes of 500 bytes');
    await page.press('composer', 'Enter');
    expect(sent()).toEqual([]);
    expect(page.text('attached-problem')).toContain('still being uploaded');
    page.port.files.settle(keyOf());
    await page.settled();
    expect(page.has('attached-problem')).toBe(false);
    await page.press('composer', 'Enter');
    expect(sent()).toMatchObject([{ text: '', files: [{ name: 'notes.txt', bytes: 500, mime: 'text/plain' }] }]);
    expect([page.has('attached'), page.app.transfers.size]).toEqual([false, 0]);
  });

  it('can be paused, gone on with, tried again and taken out', async () => {
    page.port.files.moving = 'hold';
    await choose(file('a.bin'), file('b.bin'));
    page.all('attached-pause')[0]?.click();
    await page.settled();
    expect(states()).toEqual(['paused', 'running']);
    page.port.files.settle(keyOf(1), refusal('internal', 'The disk of the server is full.'));
    await page.settled();
    await page.type('composer', 'Both');
    await page.press('composer', 'Enter');
    expect(page.text('attached-problem')).toContain('go on with them, or take them out');
    expect(page.all('attached')[1]?.textContent).toContain('The disk of the server is full.');
    for (const button of page.all('attached-retry')) button.click();
    await page.settled();
    expect(states()).toEqual(['running', 'running']);
    page.port.files.settle(keyOf());
    page.all('attached-remove')[1]?.click();
    await page.settled();
    await page.press('composer', 'Enter');
    expect(sent()).toMatchObject([{ text: 'Both', files: [{ name: 'a.bin' }] }]);
    expect(sent()[0]?.files).toHaveLength(1);
  });

  it('says before an upload what is too large and too much', async () => {
    await choose(file('film.mkv', 1_001));
    expect(page.text('attached-problem')).toBe('“film.mkv” has 1 kB: this server takes files up to 1 kB.');
    expect([page.has('attached'), page.app.transfers.size]).toEqual([false, 0]);
    await choose(...Array.from({ length: 11 }, (_, i) => file(`${i}.txt`, 1)));
    expect(page.all('attached')).toHaveLength(10);
    expect(page.text('attached-problem')).toContain('at most 10 files');
  });

  it('keeps them when it is refused, in another room, and beside a command', async () => {
    await choose(file('a.bin'));
    page.port.refuseNext('send', refusal('forbidden', 'The room is closed.'));
    await page.type('composer', 'Look');
    await page.press('composer', 'Enter');
    expect([states(), (page.get('composer') as HTMLTextAreaElement).value]).toEqual([['done'], 'Look']);
    await page.click('room-random');
    expect(page.has('attached')).toBe(false);
    await page.click('room-general');
    expect(states()).toEqual(['done']);
    await page.type('composer', '/help ');
    await page.press('composer', 'Enter', { ctrlKey: true });
    expect(states()).toEqual(['done']);
  });

  it('takes what is pasted and what is dropped on the room', async () => {
    expect((await hand('paste', 'composer', [file('shot.png', 9, 'image/png')])).defaultPrevented).toBe(true);
    expect((await hand('paste', 'composer', [file('cells.png', 9, 'image/png')], 'A1\tB1')).defaultPrevented).toBe(false);
    await hand('dragover', 'timeline', [file('x')]);
    expect(page.has('drop-target')).toBe(true);
    await hand('drop', 'timeline', [file('dropped.zip', 9)]);
    expect(page.has('drop-target')).toBe(false);
    expect(page.all('attached').map((chip) => chip.querySelector('.name')?.textContent)).toEqual(['shot.png', 'dropped.zip']);
  });

  it('takes from the shell what the engine keeps from the page', async () => {
    const picked = await page.port.files.take(file('copied.txt'));
    page.port.files.paste = vi.fn(async () => [picked]);
    expect((await hand('paste', 'composer', [], 'only words')).defaultPrevented).toBe(false);
    expect(page.port.files.paste).not.toHaveBeenCalled();
    expect((await hand('paste', 'composer', [])).defaultPrevented).toBe(true);
    expect(states()).toEqual(['done']);
    page.port.emit({ type: 'dropped', files: [await page.port.files.take(file('dropped.txt'))], links: [] });
    await page.settled();
    page.port.emit({ type: 'dropped', files: [], links: ['https://example.org/'] });
    await page.settled();
    expect(page.all('attached').map((chip) => chip.querySelector('.name')?.textContent)).toEqual(['copied.txt', 'dropped.txt']);
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('https://example.org/');
  });

  it('does not keep what is dropped where nobody takes it for the next room', async () => {
    await page.type('composer', 'to be edited');
    await page.press('composer', 'Enter');
    await page.settled();
    await page.press('composer', 'ArrowUp');
    expect(page.has('composer-attach')).toBe(false);
    page.port.emit({ type: 'dropped', files: [await page.port.files.take(file('secret.txt'))], links: [] });
    await page.settled();
    expect(page.app.dropped).toBe(null);
    await page.press('composer', 'Escape');
    await page.click('room-random');
    expect(page.has('attached')).toBe(false);
  });

  it('opens the dialog with Ctrl+U', async () => {
    page.port.files.chosen = [file('a.bin')];
    await page.press('composer', 'u', { ctrlKey: true });
    expect(states()).toEqual(['done']);
  });
});

describe('a message that carries files', () => {
  const info = (id: string, name: string, mime: string, more: Partial<FileInfo> = {}): FileInfo => ({ id, name, mime, bytes: 2_400_000, sha256: '', thumb: false, ...more });
  const picture = (n: number): FileInfo => info(`p${n}`, `picture ${n}.png`, 'image/png', { thumb: true, width: 1_600, height: 900 });
  const put = async (files: FileInfo[], more: Partial<MessageItem> = {}): Promise<void> => {
    const items = [{ ...message('u-bo/c1', 'u-bo', '', new Date().toISOString(), 1), files, ...more }];
    page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how: 'upsert', items } });
    await page.settled();
  };

  it('draws pictures in space that is known, players that load nothing, and rows', async () => {
    await put([picture(1), info('s', 'talk.ogg', 'audio/ogg'), info('v', 'film.mp4', 'video/mp4'), info('z', 'a.zip', 'application/zip'), info('h', 'huge.png', 'image/png')]);
    expect(page.get('file-image').parentElement?.style.width).toBe('360px');
    expect(page.get('file-image').querySelector('img')?.alt).toBe('picture 1.png');
    expect(page.all('file-media').map((one) => [one.localName, one.getAttribute('preload')])).toEqual([['audio', 'none'], ['video', 'metadata']]);
    expect(page.all('file').map((row) => row.textContent?.replace(/\s+/g, ' ').trim())).toEqual(['talk.ogg 2.4 MB, OGG', 'film.mp4 2.4 MB, MP4', 'a.zip 2.4 MB, ZIP', 'huge.png 2.4 MB, PNG']);
  });

  it('has none once it is deleted', async () => {
    await put([picture(1), info('z', 'a.zip', 'application/zip')], { deleted: true });
    expect([page.has('file-image'), page.has('file')]).toEqual([false, false]);
  });

  it('is told by the name of its file where it is quoted', async () => {
    await put([picture(1), picture(2)]);
    await page.hover(page.get('message'));
    await page.click('message-reply');
    expect(page.get('composer').closest('.composer')?.textContent).toContain('📎 picture 1.png and 1 more');
  });

  it('is downloaded with a pause and a way out', async () => {
    page.port.files.moving = 'hold';
    await put([info('z', 'a.zip', 'application/zip')]);
    await page.click('file-download');
    page.port.files.move(keyOf(), 1_200_000);
    await page.settled();
    expect(page.text('file')).toBe('a.zip 1.2 MB of 2.4 MB');
    await page.click('file-pause');
    expect(page.get('file').dataset['state']).toBe('paused');
    await page.click('file-pause');
    expect(page.get('file').dataset['state']).toBe('running');
    await page.click('file-cancel');
    expect([page.text('file'), page.app.transfers.size]).toEqual(['a.zip 2.4 MB, ZIP', 0]);
  });

  it('brings a sound here to play it, where the player cannot read it from the server', async () => {
    await put([info('s', 'talk.ogg', 'audio/ogg')]);
    expect(page.get('file-media').getAttribute('src')).toBe(page.port.files.url('s'));
    await page.close();
    let finish = (): void => undefined;
    const port = new FakePort(made());
    port.files.fetch = (_, moved, stop) => new Promise((done, fail) => {
      moved(1_200_000);
      stop.addEventListener('abort', () => fail(stop.reason));
      finish = () => done('blob:talk');
    });
    page = await Page.open(port);
    const play = vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
    URL.revokeObjectURL ??= () => undefined;
    await put([info('s', 'talk.ogg', 'audio/ogg')]);
    expect([page.has('file-media'), page.get('media-play').textContent?.trim()]).toEqual([false, '2.4 MB']);
    await page.click('media-play');
    expect(page.get('media-play').textContent?.trim()).toBe('1.2 MB of 2.4 MB');
    // Again: stop.
    await page.click('media-play');
    expect(page.get('media-play').textContent?.trim()).toBe('2.4 MB');
    expect(page.has('notice')).toBe(false);
    await page.click('media-play');
    finish();
    await page.settled();
    expect(page.get('file-media').getAttribute('src')).toBe('blob:talk');
    expect(play).toHaveBeenCalledOnce();
  });

  it('is dragged out once it is here; who let go by then is told', async () => {
    await put([info('z', 'a.zip', 'application/zip')]);
    const drag = async (): Promise<Event> => {
      const event = Object.assign(new Event('dragstart', { bubbles: true, cancelable: true }), { dataTransfer: {} });
      page.get('file').dispatchEvent(event);
      await page.settled();
      return event;
    };
    // The browser does it by itself.
    expect((await drag()).defaultPrevented).toBe(false);
    page.port.files.dragged = Promise.resolve('late');
    expect((await drag()).defaultPrevented).toBe(true);
    expect(page.text('notice')).toContain('“a.zip” is here now');
    expect(page.app.downloads.size).toBe(0);
  });

  it('opens its pictures large, one after the other', async () => {
    await put([picture(1), picture(2), picture(3)]);
    page.all('file-image')[1]?.click();
    await eventually(() => expect(page.has('lightbox')).toBe(true));
    const shown = (): string | null => page.get('lightbox-image').getAttribute('alt');
    expect(shown()).toBe('picture 2.png');
    await page.press('lightbox', 'ArrowRight');
    await page.press('lightbox', 'ArrowRight');
    expect(shown()).toBe('picture 3.png');
    await page.press('lightbox', 'Home');
    expect(shown()).toBe('picture 1.png');
    await page.press('lightbox', 'ArrowLeft');
    await page.click('lightbox-next');
    expect(shown()).toBe('picture 2.png');
    await page.press('lightbox', 'Escape');
    expect(page.has('lightbox')).toBe(false);
    expect(document.activeElement).toBe(page.all('file-image')[1]);
  });
});

describe('the own picture', () => {
  it('is chosen, shown wherever the person is, and taken away', async () => {
    await page.click('me');
    await eventually(() => expect(page.has('card-edit')).toBe(true));
    await page.click('card-edit');
    await eventually(() => expect(page.has('picture-choose')).toBe(true));
    page.port.files.chosen = [file('face.png', 1_001, 'image/png')];
    await page.click('picture-choose');
    expect(page.text('error')).toContain('up to 1 kB');
    expect(page.has('picture')).toBe(false);
    page.port.files.chosen = [file('face.png', 700, 'image/png')];
    await page.click('picture-choose');
    expect(page.port.world.user.avatar).toMatch(/^file-/);
    expect([page.has('error'), page.app.transfers.size]).toEqual([false, 0]);
    expect(page.get('me').querySelector('img')).not.toBeNull();
    await page.click('picture-remove');
    expect([page.port.world.user.avatar, page.has('picture')]).toEqual([undefined, false]);
  });
});

describe('sizes and kinds', () => {
  it.each([[0, '0 bytes'], [999, '999 bytes'], [1_000, '1 kB'], [14_230, '14.2 kB'], [999_600, '1 MB'], [67_108_864, '67.1 MB'], [250e6, '250 MB'], [3e9, '3 GB']])('%d', (bytes, text) => {
    expect(sizeOf(bytes)).toBe(text);
  });

  it('is the ending of the name, or what the content says', () => {
    expect([['a.pdf', 'x/y'], ['noending', 'application/zip'], ['.profile', 'application/octet-stream']].map(([name, mime]) => kindOf({ name: name ?? '', mime: mime ?? '' }))).toEqual(['PDF', 'ZIP', 'File']);
  });
});

describe('the files of a room', () => {
  const info = (id: string, name: string, mime: string, more: Partial<FileInfo> = {}): FileInfo => ({ id, name, mime, bytes: 900, sha256: '', thumb: false, ...more });
  const picture = info('f2', 'view.png', 'image/png', { thumb: true, width: 4, height: 3 });
  const said = (n: number, files: FileInfo[]): Item => ({ ...message(`u-bo/c${n}`, 'u-bo', `message ${n}`, '2026-01-05T12:00:00Z', n), files });
  const names = (): string[] => page.all('files-item').map((item) => item.textContent?.match(/\w+\.\w+/)?.[0] ?? item.querySelector('img')?.alt ?? '');

  async function open(items: Item[]): Promise<void> {
    await page.close();
    page = await Page.open(world([room('general', { head: items.length, read: items.length }), room('random')], new Map([['r-general', items]])));
    await page.click('room-menu');
    await page.click('files-toggle');
    await eventually(() => expect(page.get('files').textContent).not.toContain('Loading'));
  }

  it('are in a panel, newest first, pictures apart from others, and lead to their messages', async () => {
    await open([said(1, [info('f1', 'plan.pdf', 'application/pdf')]), said(2, []), said(3, [picture])]);
    expect(names()).toEqual(['view.png', 'plan.pdf']);
    const [all, pictures, others] = [...page.get('files-kind').querySelectorAll('button')];
    pictures?.click();
    await page.settled();
    expect(names()).toEqual(['view.png']);
    others?.click();
    await page.settled();
    expect(names()).toEqual(['plan.pdf']);
    all?.click();
    await page.settled();
    page.all('files-go')[1]?.click();
    expect(page.app.target?.seq).toBe(1);
  });

  it('come as they are sent', async () => {
    await open([said(1, [info('f1', 'plan.pdf', 'application/pdf')])]);
    const next = said(2, [info('f3', 'notes.txt', 'text/plain')]);
    page.port.world.workspaces[0]?.items.set('r-general', [...(page.port.world.workspaces[0]?.items.get('r-general') ?? []), next]);
    page.port.emit({ type: 'timeline', slug: 'general', room: 'r-general', change: { how: 'upsert', items: [next] } });
    await eventually(() => expect(names()).toEqual(['notes.txt', 'plan.pdf']));
  });

  it('says that there are none', async () => {
    await open([said(1, [])]);
    await eventually(() => expect(page.text('files')).toContain('No files yet.'));
  });
});
