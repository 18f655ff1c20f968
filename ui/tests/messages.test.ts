// What is in a message, drawn, and what one can do with it.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { chatter, room, world } from '../src/port/fake/world';
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
    const write = vi.fn(async () => undefined);
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator) as Navigator, { clipboard: { writeText: write } }));
    const row = await say('```js\nconst a = 1;\n```');
    expect(row.querySelector('pre')?.textContent).toBe('const a = 1;');
    await vi.waitFor(() => expect(row.querySelector('.hljs-keyword')?.textContent).toBe('const'));
    expect(row.querySelector('.language')?.textContent).toBe('js');
    await page.click('copy-code');
    expect(write).toHaveBeenCalledWith('const a = 1;');
    vi.unstubAllGlobals();
  });
});
