// @vitest-environment node
// The rules of axe over the main screens, in both themes, in a real browser: roles, names, contrast, order.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import type { AxeResults, RunOptions } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const all: RunOptions = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  resultTypes: ['violations'],
};
/** What another theme may break. */
const colours: RunOptions = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }, resultTypes: ['violations'] };

const root = fileURLToPath(new URL('..', import.meta.url));
let built = '';
let server: PreviewServer;
let browser: Browser;
let context: BrowserContext;
let origin = '';

// One build with the scripted back end in it: some hundred requests for single modules are slower than all of axe.
beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'confab-axe-'));
  const common = { root, configFile: false, logLevel: 'error' } as const;
  await build({ ...common, plugins: [svelte({ configFile: false, preprocess: vitePreprocess() })], define: { 'import.meta.env.DEV': 'true' }, build: { outDir: built, minify: false } });
  server = await preview({ ...common, build: { outDir: built }, preview: { port: 0 } });
  const address = server.httpServer.address();
  origin = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  context = await browser.newContext({ reducedMotion: 'reduce' });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(built, { recursive: true, force: true });
});

const hoverLast = async (page: Page): Promise<void> => page.getByTestId('message').last().hover();
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
  ['settings', 'scene=chat', (page) => page.getByTestId('settings-open').click()],
  ['creating a room', 'scene=chat', (page) => page.getByTestId('create-room').click()],
  ['browsing rooms', 'scene=chat', (page) => page.getByTestId('browse-rooms').click()],
  ['offline', 'scene=offline', (page) => page.getByTestId('message-retry').waitFor()],
  ['an empty room', 'scene=empty'],
  ['no workspace', 'scene=nothing'],
  ['start', 'scene=start'],
  ['set-up', 'scene=setup'],
  ['joining', 'scene=join'],
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
  const page = await context.newPage();
  try {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${origin}/?fake&${query}&theme=light`);
    await page.waitForSelector('[data-testid=layout], [data-testid=start-page], [data-testid=credentials-file]');
    await act?.(page);
    await page.evaluate(axe);
    expect(await violations(page, all)).toBe('');
    await page.evaluate(() => (document.documentElement.dataset['bsTheme'] = 'dark'));
    expect(await violations(page, colours)).toBe('');
  } finally {
    await page.close();
  }
}, 60_000);

it('axe would find something', async () => {
  const page = await browser.newPage();
  try {
    await page.setContent('<html lang="en"><title>x</title><main><h1>x</h1><button></button><p style="color: #aaa; background: #fff">pale</p></main></html>');
    await page.evaluate(axe);
    expect(await violations(page, all)).toMatch(/button-name[\s\S]*color-contrast/);
  } finally {
    await page.close();
  }
});
