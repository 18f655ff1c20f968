// @vitest-environment node
// The rules of axe over the main screens, in both themes, in a real browser: roles, names, contrast, order.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Chromium } from './chromium';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const all: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  resultTypes: ['violations'],
};
/** What another theme may break. */
const colours: RunOptions = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }, resultTypes: ['violations'] };

let chromium: Chromium;
let page: Page;
beforeAll(async () => {
  chromium = await Chromium.start();
  page = await chromium.blank();
}, 120_000);
afterAll(() => chromium?.stop());

const hoverLast = async (page: Page): Promise<void> => page.getByTestId('message').last().hover();
const inspect = async (page: Page): Promise<void> => {
  await page.keyboard.press('Control+Alt+i');
  await page.getByTestId('inspector-row').first().waitFor();
};
const screens: [name: string, query: string, act?: (page: Page) => Promise<unknown>, width?: number][] = [
  ['chat', 'scene=chat', (page) => page.getByTestId('members-toggle').click()],
  ['chat, compact', 'scene=chat&compact', hoverLast],
  ['markdown', 'scene=markdown', async (page) => {
    await page.locator('.hljs-keyword').first().waitFor();
    await page.locator('button.spoiler').click();
  }],
  ['menu of a message', 'scene=chat', async (page) => {
    await hoverLast(page);
    await page.getByTestId('message-more').click();
  }],
  ['a thread', 'scene=chat', async (page) => {
    await page.getByTestId('thread-line').click();
    await page.getByTestId('thread').getByTestId('message').nth(2).waitFor();
  }],
  ['a thread, narrow', 'scene=chat', (page) => page.getByTestId('thread-line').click(), 480],
  ['pins', 'scene=chat', async (page) => {
    await page.getByTestId('pins-toggle').click();
    await page.getByTestId('pin').waitFor();
  }],
  ['files of a room', 'scene=files', async (page) => {
    await page.getByTestId('room-menu').click();
    await page.getByTestId('files-toggle').click();
    await page.getByTestId('files-item').first().waitFor();
  }],
  // In another room than the others write in: a draft is kept.
  ['code in the composer', 'scene=files', async (page) => {
    await page.getByTestId('room-random').click();
    await page.getByTestId('composer').fill('```rust\nfn main() {}');
    await page.getByTestId('composer-preview').locator('.hljs-keyword').waitFor();
  }],
  ['who hosts', 'scene=chat', async (page) => {
    await page.keyboard.press('Control+,');
    await page.getByTestId('hosting-connected').waitFor();
  }],
  ['search', 'scene=chat', async (page) => {
    await page.keyboard.press('Control+Shift+f');
    await page.getByTestId('search-input').pressSequentially('has:link from:');
    await page.getByTestId('search-suggestion').first().waitFor();
  }],
  ['mentions', 'scene=chat', async (page) => {
    await page.getByTestId('mentions-open').click();
    await page.getByTestId('search-hit').first().waitFor();
  }],
  ['search, narrow', 'scene=chat', async (page) => {
    await page.keyboard.press('Control+f');
    await page.getByTestId('search-input').pressSequentially('the');
    await page.getByTestId('search-hit').first().waitFor();
  }, 480],
  ['emoji', 'scene=chat', async (page) => {
    await page.getByTestId('composer-emoji').click();
    await page.getByTestId('emoji-picker').waitFor();
  }],
  ['suggestions', 'scene=chat', async (page) => {
    await page.getByTestId('composer').pressSequentially('ask @');
    await page.getByTestId('suggestion').first().waitFor();
  }],
  ['an edit and a reply', 'scene=chat', async (page) => {
    await hoverLast(page);
    await page.getByTestId('message-reply').click();
    await page.getByTestId('composer').fill('Yes');
  }],
  ['switcher', 'scene=chat', async (page) => {
    await page.keyboard.press('Control+k');
    await page.getByTestId('switcher-input').fill('re');
  }],
  ['keys', 'scene=chat', (page) => page.keyboard.press('Control+/')],
  ['inspector', 'scene=chat', (page) => inspect(page).then(() => page.locator('[data-testid=inspector-row][data-event="message:send"]').first().click())],
  ['inspector, narrow', 'scene=chat', (page) => inspect(page), 480],
  ['inspector: links', 'scene=chat', (page) => inspect(page).then(() => page.getByTestId('inspector-tab-links').click())],
  ['inspector: cheat sheet', 'scene=chat', (page) => inspect(page).then(() => page.getByTestId('inspector-tab-cheats').click())],
  ['a diagnostic report', 'scene=chat', (page) => inspect(page).then(() => page.getByTestId('report-open').click())],
  ['settings', 'scene=chat', (page) => page.getByTestId('settings-open').click()],
  ['creating a room', 'scene=chat', (page) => page.getByTestId('create-room').click()],
  ['browsing rooms', 'scene=chat', (page) => page.getByTestId('browse-rooms').click()],
  ['the settings of a workspace', 'scene=chat', async (page) => {
    await page.getByTestId('workspace-menu').click();
    await page.getByTestId('workspace-settings-open').click();
    await page.getByTestId('workspace-settings').waitFor();
  }],
  ['two servers', 'scene=servers'],
  ['two servers, one gone', 'scene=servers&gone', (page) => page.locator('[data-testid=server][data-state=offline]').waitFor()],
  ['adding a server', 'scene=servers', (page) => page.getByTestId('add-server').click()],
  ['people: ignored, emotes, a reminder', 'scene=people', (page) => page.getByTestId('members-toggle').click()],
  ['a profile card', 'scene=people', async (page) => {
    await page.getByTestId('author').filter({ hasText: 'Bo' }).last().click();
    await page.getByTestId('profile-card').waitFor();
  }],
  ['the own profile', 'scene=people', async (page) => {
    await page.getByTestId('me').click();
    await page.getByTestId('card-edit').click();
    await page.getByTestId('profile').waitFor();
  }],
  ['quiet hours', 'scene=people', (page) => page.getByTestId('settings-open').click()],
  ['the menu of a room', 'scene=people', (page) => page.getByTestId('room-menu').click()],
  ['commands', 'scene=people', async (page) => {
    await page.getByTestId('composer').fill('/help');
    await page.getByTestId('composer').press('Enter');
    await page.getByTestId('commands').waitFor();
  }],
  ['files', 'scene=files', async (page) => {
    await page.getByTestId('composer-attach').click();
    await page.getByTestId('attached-retry').waitFor();
    await page.getByTestId('file-download').first().click();
  }],
  ['a picture, large', 'scene=files', async (page) => {
    await page.getByTestId('file-image').nth(3).click();
    await page.getByTestId('lightbox').waitFor();
  }],
  ['offline', 'scene=offline', (page) => page.getByTestId('message-retry').waitFor()],
  ['an empty room', 'scene=empty'],
  ['no workspace', 'scene=nothing'],
  ['start', 'scene=start'],
  ['set-up', 'scene=setup&tls=unknown', (page) => page.getByTestId('setup-token').waitFor()],
  ['joining', 'scene=join'],
  ['joining a server that nobody vouches for', 'scene=start&tls=unknown', async (page) => {
    await page.getByTestId('join-address').fill('192.168.1.7/join/k3v9q2');
    await page.getByTestId('join-continue').click();
    await page.getByTestId('fingerprint').waitFor();
  }],
  ['another certificate', 'scene=changed', async (page) => {
    await page.getByTestId('certificate-named').fill('what?');
    await page.getByTestId('certificate-trust').click();
    await page.getByTestId('error').waitFor();
  }],
  ['narrow, with the list of rooms', 'scene=chat', (page) => page.getByTestId('menu').click(), 480],
];

async function violations(page: Page, options: RunOptions): Promise<string> {
  // Colours fade in and out in no time at all, but not in none.
  await page.waitForFunction(() => document.getAnimations().length === 0);
  const found = await page.evaluate((run) => (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(run), options);
  expect(found.passes.length + found.violations.length).toBeGreaterThan(0);
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n  ${node.html.slice(0, 160)}\n  ${node.failureSummary?.split('\n').at(-1) ?? ''}`)).join('\n');
}

it.each(screens)('axe finds nothing, in light and dark: %s', async (_, query, act, width = 1200) => {
  await chromium.show(page, `${query}&theme=light`, { width, height: 800 });
  await act?.(page);
  await page.evaluate(axe);
  expect(await violations(page, all)).toBe('');
  await page.evaluate(() => (document.documentElement.dataset['bsTheme'] = 'dark'));
  expect(await violations(page, colours)).toBe('');
});

// The words are others, and longer; the way is the other one. What has no words of its own is held above.
const MAIN = ['chat', 'a thread', 'settings', 'start', 'search, narrow', 'inspector', 'inspector, narrow', 'joining a server that nobody vouches for', 'another certificate'];
const spoken = (['de', 'ar'] as const).flatMap((language) => screens.filter(([name]) => MAIN.includes(name)).map(([name, query, act, width = 1200]) => ({ language, name, query, act, width })));

it.each(spoken)('axe finds nothing, and nothing is wider than the window, in $language: $name', async ({ language, query, act, width }) => {
  await chromium.show(page, `${query}&theme=light&language=${language}`, { width, height: 800 });
  await act?.(page);
  await page.evaluate(axe);
  expect(await violations(page, all)).toBe('');
  const found = await page.evaluate(() => ({ dir: document.documentElement.dir, lang: document.documentElement.lang.slice(0, 2), over: document.documentElement.scrollWidth - innerWidth }));
  expect(found).toEqual({ dir: language === 'ar' ? 'rtl' : 'ltr', lang: language, over: 0 });
});

it('axe would find something', async () => {
  const page = await chromium.blank();
  try {
    await page.setContent('<html lang="en"><title>x</title><main><h1>x</h1><button></button><p style="color: #aaa; background: #fff">pale</p></main></html>');
    await page.evaluate(axe);
    expect(await violations(page, all)).toMatch(/button-name[\s\S]*color-contrast/);
  } finally {
    await page.close();
  }
});
