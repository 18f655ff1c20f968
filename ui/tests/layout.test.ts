// @vitest-environment node
// What only a real layout shows: what floats where, what grows how far, what is in view.

import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Chromium } from './chromium';

let chromium: Chromium;
let page: Page;
beforeAll(async () => {
  chromium = await Chromium.start();
}, 120_000);
afterAll(() => chromium?.stop());
afterEach(() => page.close());

async function box(of: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const found = await of.boundingBox();
  if (!found) throw new Error('it is not drawn');
  return found;
}

const inWindow = async (of: Locator): Promise<boolean> => {
  const { x, y, width, height } = await box(of);
  const size = page.viewportSize() ?? { width: 0, height: 0 };
  return x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;
};

describe('the timeline', () => {
  it('floats the day of the row at its top while it scrolls, and not over a separator', async () => {
    page = await chromium.open('scene=chat', { width: 1200, height: 420 });
    const day = page.getByTestId('floating-day');
    await page.getByTestId('timeline').evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.getByTestId('timeline').evaluate((element) => (element.scrollTop -= 60));
    await expect.poll(() => day.evaluate((element) => [element.textContent, getComputedStyle(element).opacity])).toEqual(['Today', '1']);
    await page.getByTestId('timeline').evaluate((element) => {
      const separator = element.querySelector<HTMLElement>('[data-is=day]');
      element.scrollTop += (separator?.getBoundingClientRect().top ?? 0) - element.getBoundingClientRect().top;
    });
    await expect.poll(() => day.evaluate((element) => getComputedStyle(element).opacity)).toBe('0');
  });

  it('does not scroll at its end for what changes above, and stays there', async () => {
    page = await chromium.open('scene=big');
    const timeline = page.getByTestId('timeline');
    const view = (): Promise<{ top: number; end: number }> =>
      timeline.evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({ top: scrollTop, end: scrollHeight - clientHeight - scrollTop }));
    // What is drawn ahead is there.
    await expect.poll(() => timeline.locator('[data-row]').count()).toBeGreaterThan(60);
    const { top, end } = await view();
    expect(end).toBeLessThan(1);
    await timeline.evaluate(async (element) => {
      const row = element.querySelector<HTMLElement>('[data-row]');
      if (row) row.style.height = '400px';
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    });
    expect(await view()).toEqual({ top, end });
  });

  /** Whether "New" is drawn, and whether it is at the upper edge of the timeline. */
  const news = (): Promise<'none' | 'at the top' | 'elsewhere'> =>
    page.getByTestId('timeline').evaluate((timeline) => {
      const line = timeline.querySelector('[data-is=new]');
      if (!line) return 'none';
      const top = line.getBoundingClientRect().top - timeline.getBoundingClientRect().top;
      return top >= 0 && top < 60 ? 'at the top' : 'elsewhere';
    });

  it.each([50, 150, 500])('opens where what is new begins, %i messages above the end, and draws what is next to it', async (unread) => {
    page = await chromium.open(`scene=behind&unread=${unread}`, { width: 1200, height: 420 });
    await expect.poll(news).toBe('at the top');
    // Fifty are more than a window and what is near to it.
    await page.getByText(/^Message number 250( |$)/).waitFor();
    expect(await news()).toBe('at the top');
  });

  it('stays with those who scroll before it knows where what is new begins', async () => {
    page = await chromium.open('scene=behind&unread=150&held', { width: 1200, height: 420 });
    const seeking = page.getByText('Looking for it…');
    await seeking.waitFor();
    const row = page.getByText(/^Message number 305( |$)/);
    const place = async (): Promise<number> => (await box(row)).y;
    const before = await place();
    await page.getByTestId('timeline').hover();
    await page.mouse.wheel(0, 300);
    await expect.poll(place).toBe(before - 300);
    await expect.poll(async () => {
      await page.evaluate(() => dispatchEvent(new Event('older')));
      return seeking.count();
    }).toBe(0);
    expect(await place()).toBe(before - 300);
  });

  it('asks for older messages before those that are there are drawn', async () => {
    page = await chromium.open('scene=behind&unread=0&page=120&held', { width: 1200, height: 420 });
    await page.getByText(/^Message number 200( |$)/).waitFor();
    await page.getByTestId('timeline').hover();
    await page.mouse.wheel(0, -300);
    await page.getByText('Loading older messages…').waitFor();
    expect(await page.getByText(/^Message number 81( |$)/).count()).toBe(0);
  });

  it('draws of a room that is opened what is seen, however long its messages are, and that at once', async () => {
    page = await chromium.open('scene=uneven');
    const drawn = (name: string): Promise<{ first: number; painted: number; seen: number }> =>
      page.getByTestId(`room-${name}`).evaluate(async (room) => {
        const timeline = document.querySelector('[data-testid=timeline]');
        const rows = (): Element[] => [...(timeline?.querySelectorAll('[data-testid=message]') ?? [])];
        (room as HTMLElement).click();
        await Promise.resolve();
        const first = rows().length;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const { top = 0 } = timeline?.getBoundingClientRect() ?? {};
        return { first, painted: rows().length, seen: rows().filter((row) => row.getBoundingClientRect().bottom > top).length };
      }, undefined);
    const rested = (): Promise<unknown> => expect.poll(() => page.getByTestId('message').count()).toBeGreaterThan(90);
    await rested();
    for (const name of ['letters', 'words', 'letters', 'general', 'letters', 'words']) {
      const { first, painted, seen } = await drawn(name);
      expect(painted, name).toBe(first);
      expect(first, name).toBeGreaterThan(seen);
      expect(first, name).toBeLessThanOrEqual(1.5 * seen + 1);
      if (name !== 'letters') await rested();
    }
  });

  it('says that what is new begins far above, and leads there', async () => {
    page = await chromium.open('scene=behind&unread=900', { width: 1200, height: 420 });
    const above = page.getByTestId('jump-new');
    await above.waitFor();
    expect(await news()).toBe('none');
    await above.click();
    await expect.poll(news).toBe('at the top');
    await above.waitFor({ state: 'detached' });
  });

  it('offers the way to the latest only when it is elsewhere', async () => {
    page = await chromium.open('scene=chat', { width: 1200, height: 420 });
    const jump = page.getByTestId('jump-latest');
    await page.getByTestId('timeline').hover();
    await page.mouse.wheel(0, -400);
    await jump.waitFor();
    await jump.click();
    await jump.waitFor({ state: 'detached' });
    const { scrollTop, scrollHeight, clientHeight } = await page.getByTestId('timeline').evaluate(({ scrollTop, scrollHeight, clientHeight }) => ({ scrollTop, scrollHeight, clientHeight }));
    expect(scrollHeight - clientHeight - scrollTop).toBeLessThan(2);
  });

  it('opens menus and pickers inside of the window, at its last row and its edge', async () => {
    page = await chromium.open('scene=chat', { width: 480, height: 500 });
    const last = page.getByTestId('message').last();
    const { x, y, width } = await box(last);
    await page.mouse.click(x + width - 4, y + 4, { button: 'right' });
    const menu = page.getByTestId('message-menu');
    await menu.waitFor();
    await expect.poll(() => inWindow(menu)).toBe(true);
    await menu.getByRole('menuitem').first().click();
    const picker = page.getByTestId('emoji-picker');
    await picker.waitFor();
    await expect.poll(() => inWindow(picker)).toBe(true);
    await page.keyboard.press('Escape');
    await picker.waitFor({ state: 'detached' });
  });
});

it('what is typed after a click at a message goes into the composer, and its toolbar goes with the pointer', async () => {
  page = await chromium.open('scene=chat');
  const row = page.getByTestId('message').last();
  await row.click({ position: { x: 300, y: 8 } });
  await page.keyboard.type('urgent');
  expect(await page.getByTestId('composer').inputValue()).toBe('urgent');
  expect(await page.getByTestId('new-divider').count()).toBe(1);
  await row.click({ position: { x: 300, y: 8 } });
  await page.getByTestId('room-title').hover();
  await expect.poll(() => page.getByTestId('message-more').count()).toBe(0);
  // By keyboard it is there, and letters are keys.
  await page.keyboard.press('ArrowUp');
  await page.getByTestId('message-more').waitFor();
  await page.keyboard.press('r');
  await page.getByTestId('composer-cancel').waitFor();
});

describe('the composer', () => {
  it('is as high as its text, also after the window has become wider', async () => {
    page = await chromium.open('scene=chat', { width: 500, height: 800 });
    const field = page.getByTestId('composer');
    const height = async (): Promise<number> => (await box(field)).height;
    const line = await height();
    await field.fill('a dozen words or so '.repeat(6));
    await expect.poll(height).toBeGreaterThan(2 * line);
    await page.setViewportSize({ width: 1600, height: 800 });
    await field.press('End');
    await field.press('x');
    await expect.poll(height).toBe(line);
    await field.fill('');
  });

  it('grows with its text up to a third of the window, and shrinks again', async () => {
    page = await chromium.open('scene=chat');
    const field = page.getByTestId('composer');
    const one = (await box(field)).height;
    await field.fill('a\nb\nc');
    await expect.poll(async () => (await box(field)).height).toBeGreaterThan(one * 1.8);
    await field.fill('line\n'.repeat(80));
    await expect.poll(async () => Math.round((await box(field)).height)).toBeLessThanOrEqual(Math.ceil(800 * 0.33));
    await field.fill('');
    await expect.poll(async () => (await box(field)).height).toBe(one);
  });

  it('types as people do: undo takes back what a suggestion put in', async () => {
    page = await chromium.open('scene=chat');
    const field = page.getByTestId('composer');
    await field.pressSequentially('ask @che');
    await page.getByTestId('suggestion').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await field.inputValue()).toBe('ask @chen ');
    await page.keyboard.press('Control+z');
    expect(await field.inputValue()).toBe('ask @che');
  });
});

it('Arabic runs from the right: the rail, the panels, the list of a narrow window; code and keys do not turn', async () => {
  page = await chromium.open('scene=chat&language=ar');
  const side = await box(page.getByTestId('room-list'));
  const timeline = await box(page.getByTestId('timeline'));
  expect(side.x).toBeGreaterThanOrEqual(timeline.x + timeline.width);
  const author = await box(page.getByTestId('author').last());
  const text = await box(page.getByTestId('message-text').last());
  expect(Math.abs(author.x + author.width - (text.x + text.width))).toBeLessThan(24);
  expect(await page.locator('.markdown pre').first().evaluate((code) => getComputedStyle(code).direction)).toBe('ltr');
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(() => page.getByTestId('room-title').textContent()).not.toBe('general');
  await page.close();
  page = await chromium.open('scene=chat&language=ar', { width: 480, height: 700 });
  await page.getByTestId('menu').click();
  await expect.poll(async () => { const { x, width } = await box(page.getByTestId('room-list')); return x >= 0 && x + width <= 480; }).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(480);
});

it('a fingerprint stands in rows of the same length, and is copied without what is between its groups', async () => {
  page = await chromium.open('scene=start&tls=unknown');
  await page.getByTestId('join-address').fill('192.168.1.7/join/k3v9q2');
  await page.getByTestId('join-continue').click();
  const print = page.getByTestId('fingerprint');
  const rows = (): Promise<number[]> => print.evaluate((element) => {
    const tops = [...element.children].map((group) => group.getBoundingClientRect().top);
    return [...new Set(tops)].map((top) => tops.filter((other) => other === top).length);
  });
  expect(await rows()).toEqual([8, 8]);
  await print.locator('span').nth(5).click();
  expect(await page.evaluate(() => getSelection()?.toString())).toMatch(/^[0-9a-f]{64}$/);
  for (const width of [360, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await rows()).toEqual([4, 4, 4, 4]);
  }
});

it.each(['en', 'de', 'ar'])('another certificate leaves room for what is kept, also in a small window (%s)', async (language) => {
  page = await chromium.open(`scene=changed&language=${language}`, { width: 360, height: 480 });
  await page.getByTestId('certificate-changed').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  expect((await box(page.getByTestId('timeline'))).height).toBeGreaterThan(60);
  expect(await inWindow(page.getByTestId('composer'))).toBe(true);
});

it('in a narrow window, what the list of rooms opens takes its place', async () => {
  page = await chromium.open('scene=chat', { width: 600, height: 800 });
  const list = page.getByTestId('room-list');
  await page.getByTestId('menu').click();
  await expect.poll(() => inWindow(list)).toBe(true);
  await page.getByTestId('mentions-open').click();
  await page.getByTestId('search-hit').first().waitFor();
  await expect.poll(() => inWindow(list)).toBe(false);
  expect(await inWindow(page.getByTestId('search'))).toBe(true);
});

it('another language is spoken at once', async () => {
  page = await chromium.open('scene=chat&language=de');
  await page.getByTestId('settings-open').click();
  const settings = page.getByTestId('settings');
  await expect.poll(() => settings.getByRole('heading', { level: 2 }).textContent()).toBe('Einstellungen');
  await page.getByTestId('settings-language').getByText('العربية').click();
  await expect.poll(() => settings.getByRole('heading', { level: 2 }).textContent()).toBe('الإعدادات');
  expect(await page.evaluate(() => [document.documentElement.dir, document.documentElement.lang])).toEqual(['rtl', 'ar']);
  await page.getByTestId('settings-language').getByText('English').click();
  await expect.poll(() => settings.getByRole('heading', { level: 2 }).textContent()).toBe('Settings');
  expect(await page.evaluate(() => document.documentElement.dir)).toBe('ltr');
});

it('larger text makes everything larger, and nothing wider than the window', async () => {
  page = await chromium.open('scene=chat', { width: 480, height: 700 });
  const before = (await box(page.getByTestId('composer'))).height;
  await page.evaluate(() => localStorage.setItem('confab.choices', JSON.stringify({ textSize: 125 })));
  await page.reload();
  await expect.poll(async () => (await box(page.getByTestId('composer'))).height).toBeGreaterThan(before * 1.15);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(480);
  await page.evaluate(() => localStorage.clear());
});
