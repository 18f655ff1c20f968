// The UI with the scripted back end in Debian's Chromium, for what needs a layout.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { svelte, vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export class Chromium {
  private constructor(
    private readonly files: string, private readonly server: PreviewServer, private readonly browser: Browser,
    private readonly context: BrowserContext, private readonly origin: string,
  ) {}

  /** One build with the scripted back end in it: some hundred requests for single modules would be slower. */
  static async start(): Promise<Chromium> {
    const files = await mkdtemp(join(tmpdir(), 'confab-ui-'));
    const common = { root, configFile: false, logLevel: 'error' } as const;
    await build({
      ...common, plugins: [svelte({ configFile: false, preprocess: vitePreprocess() })], define: { 'import.meta.env.DEV': 'true' },
      build: { outDir: files, minify: false },
    });
    const server = await preview({ ...common, build: { outDir: files }, preview: { port: 0 } });
    const address = server.httpServer.address();
    const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    return new Chromium(files, server, browser, context, `http://localhost:${typeof address === 'object' ? address?.port : ''}`);
  }

  /** A page with a scene of `src/port/fake/scenes.ts`. */
  async open(query: string, size = { width: 1200, height: 800 }): Promise<Page> {
    const page = await this.blank();
    await this.show(page, query, size);
    return page;
  }

  /** The same in a page that is there: quicker than a new one. */
  async show(page: Page, query: string, size = { width: 1200, height: 800 }): Promise<void> {
    await page.setViewportSize(size);
    await page.goto(`${this.origin}/?fake&${query}`);
    await page.waitForSelector('[data-testid=layout], [data-testid=start-page], [data-testid=credentials-file]');
  }

  blank(): Promise<Page> {
    return this.context.newPage();
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.close();
    await rm(this.files, { recursive: true, force: true });
  }
}
