// Debian's Chromium, one context per person. Any console error, page error or CSP violation fails the scenario.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const SCREENS = process.env.CONFAB_SCREENS ?? join(import.meta.dirname, '../../../target/screens');
const DEADLINE = 15_000;

let browser;
const complaints = [];

/** A person at a browser of their own: cookies, storage and cache are not shared. */
export async function person(name, { width = 1280, height = 800, theme = 'light' } = {}) {
  browser ??= await chromium.launch({
    executablePath: process.env.CONFAB_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  page.on('console', (message) => {
    const { url } = message.location();
    // Chromium reports every 401 as an error. This one is the page asking whether somebody is signed in.
    if (/status of 401/.test(message.text()) && new URL(url).pathname === '/api/v1/me') return;
    if (message.type() === 'error' || /content security policy/i.test(message.text())) {
      complaints.push(`${name}: ${message.text()} (${url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.stack ?? error}`));
  return new Person(name, page, context);
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

  /** Sends a message and waits until it is drawn as committed; `shown` is how its Markdown reads. */
  async send(text, shown = text) {
    await this.fill('composer', text);
    await this.at('composer').press('Enter');
    await this.reads(shown);
  }

  async screenshot(name) {
    mkdirSync(SCREENS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENS, `web-${name}.png`) });
  }
}

/** What the pages complained about; takes it, so that a step can expect it. */
export function takeComplaints() {
  return complaints.splice(0);
}

export function assertNoComplaints() {
  assert.deepEqual(takeComplaints(), []);
}

export async function closeBrowser() {
  await browser?.close();
}
