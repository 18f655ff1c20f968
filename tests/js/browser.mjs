// Three people and a fresh server, in three browsers: from the set-up page to a chat that outlives a reload and a restart.

import assert from 'node:assert/strict';
import { scenario } from './lib/check.mjs';
import { clean, closeBrowser, person } from './lib/browser.mjs';
import { stage } from './lib/stage.mjs';

let ada, bob, cem, link;

await scenario(clean({
  'a fresh server shows its set-up page, and its owner lands in a room': async () => {
    ada = await person('ada');
    const response = await ada.page.goto(stage.url);
    const csp = response.headers()['content-security-policy'];
    assert.ok(csp && !/unsafe-(inline|eval)/.test(csp), `a strict CSP: ${csp}`);
    assert.equal(response.headers()['x-content-type-options'], 'nosniff');
    await ada.sees('setup-token');
    await ada.screenshot('setup');
    await ada.fill('setup-token', stage.setup_token);
    await ada.fill('setup-server-name', 'Northwind');
    await ada.fill('setup-name', 'Ada Lovelace');
    await ada.fill('setup-login', 'ada');
    await ada.fill('setup-password', 'correct horse battery');
    await ada.click('setup-submit');
    await ada.sees('composer');
    await ada.shows('room-title', 'general');
    assert.equal(await ada.at('composer').evaluate((node) => node === document.activeElement), true, 'the composer has the focus');
  },

  'rail, room list and globe are drawn': async () => {
    assert.equal(await ada.at('workspace-general').getAttribute('aria-current') !== null, true);
    for (const name of ['general', 'random']) assert.equal(await ada.at(`room-${name}`).getAttribute('data-kind'), 'public');
    await ada.shows('member-count', '1');
    await ada.screenshot('empty-room');
  },

  'an invite link lets somebody in by name alone': async () => {
    await ada.send('Is anybody there?');
    await ada.click('members-toggle');
    if (!(await ada.at('invite-create').isVisible())) await ada.page.getByRole('button', { name: /invite/i }).first().click();
    await ada.click('invite-create');
    link = await ada.at('invite-link').inputValue();
    assert.ok(link.startsWith(stage.url), link);
    await ada.screenshot('invite');
    await ada.page.keyboard.press('Escape');
    bob = await person('bob');
    await bob.page.goto(link);
    await bob.sees('join-name');
    await bob.screenshot('join');
    await bob.fill('join-name', 'Bob');
    await bob.click('join-submit');
    await bob.sees('composer');
    await bob.reads('Is anybody there?');
    await ada.shows('member-count', '2');
  },

  'they chat both ways': async () => {
    await bob.send('I am! **Hello**, `world`', 'I am! Hello, world');
    await ada.reads('I am!');
    assert.equal(await ada.page.locator('[data-testid="message"] strong', { hasText: 'Hello' }).count(), 1, 'Markdown is drawn');
    await ada.send('<img src=x onerror=alert(1)> stays text');
    await bob.reads('<img src=x onerror=alert(1)> stays text');
    assert.equal(await bob.page.locator('[data-testid="timeline"] img[src="x"]').count(), 0);
    await ada.send('See https://example.org/ for more');
    await bob.reads('See');
  },

  'typing and presence are seen at once': async () => {
    await bob.at('composer').pressSequentially('thinking');
    await ada.until(() => /Bob/.test(document.querySelector('[data-testid="typing"]')?.textContent ?? ''));
    await ada.screenshot('chat-light');
    await bob.fill('composer', '');
    await ada.until(() => !/Bob/.test(document.querySelector('[data-testid="typing"]')?.textContent ?? ''));
    await ada.until(() => document.querySelector('[data-testid="online-count"]')?.getAttribute('data-count') === '2');
  },

  'edit, react and delete': async () => {
    await bob.send('a tpyo');
    const row = bob.page.locator('[data-testid="message"]', { hasText: 'a tpyo' });
    await row.hover();
    await row.getByTestId('message-edit').click();
    await bob.fill('composer', 'a typo, mended');
    await bob.at('composer').press('Enter');
    await ada.reads('a typo, mended');
    await bob.send('gone in a moment');
    await ada.reads('gone in a moment');
    const doomed = bob.page.locator('[data-testid="message"]', { hasText: 'gone in a moment' });
    await doomed.hover();
    await doomed.getByTestId('message-more').click();
    await bob.click('message-delete');
    await bob.click('confirm-yes');
    await ada.until(() => !document.querySelector('[data-testid="timeline"]')?.textContent?.includes('gone in a moment'));
  },

  'messages are Markdown, with code in colours, under the strict policy': async () => {
    await bob.fill('composer', 'Done:\n\n```js\nconst answer = 42;\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n||the end||');
    await bob.at('composer').press('Enter');
    await ada.page.locator('.hljs-keyword', { hasText: 'const' }).waitFor();
    assert.equal(await ada.page.locator('[data-testid="message"] td').count(), 2);
    await ada.page.locator('button.spoiler').click();
    await ada.page.locator('.spoiler.shown', { hasText: 'the end' }).waitFor();
    await bob.fill('composer', 'so :octopu');
    await bob.at('suggestion').first().waitFor();
    await bob.at('composer').press('Tab');
    await bob.at('composer').press('Enter');
    await ada.reads('so 🐙');
    await ada.screenshot('markdown');
  },

  'a file is sent, and can be dragged out of the window': async () => {
    await bob.at('composer').evaluate((field) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File(['Dear Ada'], 'letter: final.txt', { type: 'text/plain' }));
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    });
    await bob.page.locator('[data-testid="attached"][data-state="done"]').waitFor();
    await bob.at('composer').press('Enter');
    await ada.sees('file');
    // Where it is dropped is not the page's to know: what the browser is given for it, it must be able to fetch.
    const dataTransfer = await ada.page.evaluateHandle(() => new DataTransfer());
    await ada.at('file').dispatchEvent('dragstart', { dataTransfer });
    const [mime, name, ...address] = (await dataTransfer.evaluate((given) => given.getData('DownloadURL'))).split(':');
    assert.deepEqual([mime, name], ['text/plain', 'letter final.txt']);
    assert.equal(await ada.page.evaluate((url) => fetch(url).then((answer) => answer.text()), address.join(':')), 'Dear Ada');
  },

  'a link to a message opens at it': async () => {
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const row = ada.page.locator('[data-testid="message"]', { hasText: 'Is anybody there?' });
    await row.click({ button: 'right', position: { x: 400, y: 12 } });
    await ada.click('message-link');
    await ada.sees('done');
    const link = await ada.page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /\/to\/general\/[\w-]+\/\d+$/);
    await ada.click('room-random');
    await ada.page.goto(link);
    await ada.page.locator('.found', { hasText: 'Is anybody there?' }).waitFor();
    await ada.shows('room-title', 'general');
  },

  'what others wrote to somebody is found from anywhere, by words too, and comes back later': async () => {
    await ada.click('room-random');
    await ada.shows('room-title', 'random');
    await bob.send('@ada, the minutes wait for you');
    await ada.click('mentions-open');
    await ada.page.locator('[data-testid="search-hit"]', { hasText: 'the minutes wait' }).waitFor();
    assert.equal(await ada.at('search-hit').count(), 1);
    await ada.screenshot('mentions');
    await ada.click('search-hit');
    await ada.page.locator('.found', { hasText: 'the minutes wait' }).waitFor();
    await ada.shows('room-title', 'general');
    await ada.page.keyboard.press('Control+Shift+f');
    await ada.fill('search-input', 'INUTES');
    await ada.page.locator('mark', { hasText: 'inutes' }).waitFor();
    await ada.at('search-input').press('Escape');
    const row = ada.page.locator('[data-testid="message"]', { hasText: 'the minutes wait' });
    await row.click({ button: 'right', position: { x: 400, y: 12 } });
    await ada.click('message-remind');
    await ada.at('remind-at').first().click();
    await ada.sees('done');
  },

  'the switcher goes anywhere, and back': async () => {
    await ada.page.keyboard.press('Control+k');
    await ada.fill('switcher-input', 'rand');
    await ada.screenshot('switcher');
    await ada.at('switcher-input').press('Enter');
    await ada.shows('room-title', 'random');
    await ada.page.keyboard.press('Alt+ArrowLeft');
    await ada.shows('room-title', 'general');
  },

  'a private room has a lock, and nobody else sees it': async () => {
    await ada.click('create-room');
    await ada.fill('create-room-name', 'board');
    await ada.at('create-room-private').check();
    await ada.screenshot('create-room');
    await ada.click('create-room-submit');
    await ada.shows('room-title', 'board');
    assert.equal(await ada.at('room-board').getAttribute('data-kind'), 'private');
    await ada.send('only I can read this');
    assert.equal(await bob.at('room-board').count(), 0);
  },

  'an invite link makes an account too, and a member finds public rooms': async () => {
    await ada.click('create-room');
    await ada.fill('create-room-name', 'tea');
    await ada.click('create-room-submit');
    await ada.shows('room-title', 'tea');
    cem = await person('cem');
    await cem.page.goto(link);
    await cem.click('sign-up-tab');
    await cem.fill('sign-up-login', 'cem');
    await cem.fill('sign-up-name', 'Cem');
    await cem.fill('sign-up-password', 'a long password');
    await cem.click('sign-up-submit');
    await cem.sees('composer');
    await cem.click('browse-rooms');
    await cem.click('join-room-tea');
    await cem.shows('room-title', 'tea');
    await ada.shows('member-count', '2');
    await cem.send('Green, please.');
    await ada.reads('Green, please.');
  },

  'unread marks the room that one is not in': async () => {
    await cem.click('room-general');
    await cem.shows('room-title', 'general');
    await ada.send('Tea is ready');
    await cem.until(() => document.querySelector('[data-testid="room-tea"]')?.getAttribute('data-unread') === '1');
    await cem.screenshot('unread');
    await cem.click('room-tea');
    await cem.reads('Tea is ready');
    await cem.until(() => document.querySelector('[data-testid="room-tea"]')?.getAttribute('data-unread') === '0');
  },

  'a new workspace is joined at once': async () => {
    await ada.click('create-workspace');
    await ada.fill('create-workspace-name', 'Garden');
    if ((await ada.at('create-workspace-slug').inputValue()) === '') await ada.fill('create-workspace-slug', 'garden');
    await ada.click('create-workspace-submit');
    await ada.sees('workspace-garden');
    await ada.until(() => document.querySelector('[data-testid="workspace-garden"]')?.getAttribute('aria-current'));
    await ada.screenshot('new-workspace');
    await ada.click('workspace-general');
    await ada.sees('room-general');
    await ada.click('room-general');
    await ada.reads('Is anybody there?');
  },

  'a reload keeps the session, the place and the messages': async () => {
    for (const who of [ada, bob, cem]) {
      await who.page.reload();
      await who.sees('composer');
    }
    await ada.shows('room-title', 'general');
    await ada.reads('Is anybody there?');
    const stored = await ada.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
    assert.ok(!/[A-Za-z0-9_-]{43}/.test(stored), 'no token within reach of scripts');
  },

  'keyboard alone: rooms with Alt+arrows, Escape closes': async () => {
    const before = await ada.at('room-title').textContent();
    await ada.page.keyboard.press('Alt+ArrowDown');
    await ada.until((title) => document.querySelector('[data-testid="room-title"]')?.textContent !== title, before);
    await ada.page.keyboard.press('Alt+ArrowUp');
    await ada.shows('room-title', before.trim());
  },

  'a dark theme, and a narrow window': async () => {
    for (let i = 0; i < 3 && (await ada.page.evaluate(() => document.documentElement.dataset.bsTheme)) !== 'dark'; i++) await ada.at('theme-toggle').first().click();
    assert.equal(await ada.page.evaluate(() => document.documentElement.dataset.bsTheme), 'dark');
    await ada.screenshot('chat-dark');
    await ada.page.setViewportSize({ width: 390, height: 780 });
    await ada.sees('menu');
    await ada.screenshot('narrow-room');
    await ada.click('menu');
    await ada.at('room-random').click({ trial: true });
    await ada.screenshot('narrow-list');
    await ada.at('room-random').click();
    await ada.shows('room-title', 'random');
    const overflow = await ada.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(overflow, false, 'nothing sticks out sideways');
    await ada.page.setViewportSize({ width: 1280, height: 800 });
  },

  'signing out ends the session': async () => {
    await bob.click('settings-open');
    await bob.sees('settings');
    await bob.screenshot('settings');
    await bob.click('sign-out');
    await bob.sees('start-page');
    await bob.page.reload();
    await bob.sees('start-page');
    await ada.until(() => document.querySelector('[data-testid="online-count"]')?.getAttribute('data-count') === '2');
    await closeBrowser();
  },
}));
