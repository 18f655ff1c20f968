// Debian's Chromium, one context per person. Any console error, page error or CSP violation fails the scenario.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const SCREENS = process.env.CONFAB_SCREENS ?? join(import.meta.dirname, '../../../target/screens');
/** Longer than the longest pause between two attempts to reach the server. */
const DEADLINE = 30_000;

const CHROMIUM = process.env.CONFAB_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

let browser;
const complaints = [];
const people = [];

/** A person at a browser of their own: cookies, storage and cache are not shared. */
export async function person(name, { width = 1280, height = 800, theme = 'light' } = {}) {
  browser ??= await chromium.launch({
    executablePath: CHROMIUM,
    args: FLAGS,
  });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  watch(name, page);
  const opened = new Person(name, page, context);
  people.push(opened);
  return opened;
}

function watch(name, page) {
  page.on('console', (message) => {
    const { url } = message.location();
    // Chromium reports every 401 as an error. This one is the page asking whether somebody is signed in.
    if (/status of 401/.test(message.text()) && new URL(url).pathname === '/api/v1/me') return;
    if (message.type() === 'error' || /content security policy/i.test(message.text())) {
      complaints.push(`${name}: ${message.text()} (${url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.stack ?? error}`));
}

/** A browser on the disk: what it keeps is there when it is opened again, however it ended. */
export class Profile {
  /** `flags` go to the browser. */
  constructor(name, ...flags) {
    Object.assign(this, { name, flags });
    this.dir = mkdtempSync(join(tmpdir(), 'confab-profile-'));
    process.on('exit', () => {
      this.child?.kill('SIGKILL');
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    });
  }

  /** Starts it; answers with its first tab. */
  async open() {
    const flags = [...FLAGS, ...this.flags, '--headless=new', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${this.dir}`];
    this.child = spawn(CHROMIUM, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: this.child.stderr })) {
      const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (!address) continue;
      this.browser = await chromium.connectOverCDP(address);
      break;
    }
    this.child.stderr.resume();
    return this.tab();
  }

  /** One more tab, or the first. */
  async tab() {
    const [context] = this.browser.contexts();
    const page = context.pages().find((blank) => blank.url() === 'about:blank') ?? (await context.newPage());
    page.setDefaultTimeout(DEADLINE);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' });
    watch(this.name, page);
    return new Person(this.name, page, context);
  }

  /** SIGKILL: as a crash, or a lost plug. */
  async kill() {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  /** Closes it as people do. */
  async close() {
    const gone = once(this.child, 'exit');
    const session = await this.browser.newBrowserCDPSession();
    await session.send('Browser.close').catch(() => {});
    await gone;
  }
}

export class Person {
  constructor(name, page, context) {
    Object.assign(this, { name, page, context });
  }

  at(testid) {
    return this.page.getByTestId(testid);
  }

  click(testid) {
    return this.at(testid).click();
  }

  fill(testid, text) {
    return this.at(testid).fill(text);
  }

  /** Waits until it is on the page and visible. */
  sees(testid) {
    return this.at(testid).first().waitFor({ state: 'visible' });
  }

  /** Waits until a message with this text is drawn and committed. */
  reads(text) {
    const message = this.page.locator('[data-testid="message"][data-state="sent"]', { hasText: text });
    return message.last().waitFor({ state: 'visible' });
  }

  /** Waits until `probe`, run in the page, is true. */
  until(probe, argument) {
    return this.page.waitForFunction(probe, argument, { timeout: DEADLINE });
  }

  /** Waits until the element's text is this. */
  shows(testid, text) {
    return this.until(([id, wanted]) => document.querySelector(`[data-testid="${id}"]`)?.textContent?.trim() === wanted, [testid, text]);
  }

  /** Signs in with a password. */
  async signIn(url, { login, password }) {
    await this.page.goto(url);
    await this.fill('sign-in-login', login);
    await this.fill('sign-in-password', password);
    await this.click('sign-in-submit');
    await this.sees('composer');
  }

  /** Writes a message and waits until it is drawn, however far it is. */
  async write(text) {
    await this.fill('composer', text);
    await this.at('composer').press('Enter');
    await this.page.locator('[data-testid="message"]', { hasText: text }).last().waitFor({ state: 'visible' });
  }

  /** Sends a message and waits until it is drawn as committed; `shown` is how its Markdown reads. */
  async send(text, shown = text) {
    await this.fill('composer', text);
    await this.at('composer').press('Enter');
    await this.reads(shown);
  }

  /** What is drawn: text and state of each message that has `part` in it. */
  async messages(part = '') {
    const rows = await this.page.locator('[data-testid="message"]').evaluateAll((all) =>
      all.map((row) => ({ text: row.querySelector('[data-testid="message-text"]')?.textContent?.trim() ?? '', state: row.dataset.state })));
    return rows.filter(({ text }) => text.includes(part));
  }

  async screenshot(name) {
    mkdirSync(SCREENS, { recursive: true });
    // Half-way through a change of colours nothing can be judged.
    await this.page.screenshot({ path: join(SCREENS, `web-${name}.png`), animations: 'disabled' });
  }
}

/** Asks again until the answer is yes: for what a page can only say asynchronously. */
export async function eventually(probe) {
  const deadline = Date.now() + DEADLINE;
  while (!(await probe())) {
    assert.ok(Date.now() < deadline, `in time: ${probe}`);
    await new Promise(setImmediate);
  }
}

/** What the pages complained about; takes it, so that a step can expect it. */
export function takeComplaints() {
  return complaints.splice(0);
}

export function assertNoComplaints() {
  assert.deepEqual(takeComplaints(), []);
}

/** The same steps, each of which ends with a clean console; of one that fails there is a picture of everybody's page. */
export function clean(steps) {
  const watched = async (step) => {
    try {
      await step();
      assertNoComplaints();
    } catch (error) {
      console.error('The console says:', takeComplaints());
      for (const one of people) await one.screenshot(`failed-${one.name}`).catch(() => {});
      await closeBrowser();
      throw error;
    }
  };
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, () => watched(step)]));
}

export async function closeBrowser() {
  await browser?.close();
}
