// Without a server: the page opens, yesterday is there, and what is written waits, though the browser is killed and closed.

import assert from 'node:assert/strict';
import { Profile, closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { harness, stage } from './lib/stage.mjs';

const MESSAGES = Array.from({ length: 50 }, (_, n) => `written offline ${n}.`);
const UNSENT = ['queued', 'sending'];

const profile = new Profile('ada');
let ada, bob;

/** The rows above what a window shows are drawn when the page has nothing else to do. */
const drawn = (who, part, count) =>
  who.until(([text, wanted]) => [...document.querySelectorAll('[data-testid="message-text"]')].filter((row) => row.textContent.includes(text)).length >= wanted, [part, count]);

const texts = async (who, part) => (await who.messages(part)).map(({ text }) => text);

/** What must be there without a server, however the browser ended. */
async function opensOnYesterday() {
  await ada.page.goto(stage.url);
  await ada.shows('room-title', 'general');
  await ada.reads('said yesterday 29');
  await ada.sees('room-random');
  await ada.until((count) => document.querySelector('[data-testid="connection"]')?.getAttribute('data-pending') === String(count), MESSAGES.length + 2);
  await drawn(ada, 'written offline', MESSAGES.length);
  const waiting = await ada.messages('written offline');
  assert.deepEqual(waiting.map(({ text }) => text), MESSAGES);
  assert.ok(waiting.every(({ state }) => UNSENT.includes(state)), JSON.stringify(waiting));
  await drawn(ada, 'mended offline', 1);
  const [changed] = await ada.messages('mended offline');
  assert.ok(UNSENT.includes(changed?.state), 'the edit waits');
  assert.equal((await ada.messages('said yesterday 0 ')).length, 0, 'and is drawn in place of the old text');
}

await scenario({
  'yesterday': async () => {
    ada = await profile.open();
    bob = await person('bob');
    await Promise.all([ada.signIn(stage.url, stage.ada), bob.signIn(stage.url, stage.bob)]);
    // Chromium writes cookies to the disk every half a minute, and when it is closed.
    await profile.close();
    ada = await profile.open();
    await ada.page.goto(stage.url);
    await ada.sees('composer');
    await ada.send('said yesterday 0 with a tpyo');
    for (let n = 1; n < 30; n++) await bob.send(`said yesterday ${n}.`);
    await ada.reads('said yesterday 29');
    // Unread in a room that she does not look at.
    await bob.click('room-random');
    await bob.shows('room-title', 'random');
    await bob.send('anybody here?');
    await ada.until(() => document.querySelector('[data-testid="room-random"]')?.getAttribute('data-unread') === '1');
    await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    takeComplaints();
  },

  'offline she writes, edits and reacts': async () => {
    await harness('kill');
    await ada.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');
    for (const text of MESSAGES) await ada.write(text);
    await ada.page.getByTestId('timeline').evaluate((element) => (element.scrollTop = 0));
    const first = ada.page.locator('[data-testid="message"]', { hasText: 'with a tpyo' });
    await first.hover();
    await first.getByTestId('message-edit').click();
    await ada.fill('composer', 'mended offline');
    await ada.at('composer').press('Enter');
    const second = ada.page.locator('[data-testid="message"]', { hasText: 'said yesterday 1.' });
    await second.hover();
    await second.getByTestId('message-react').click();
    await second.getByTestId('quick-👍').click();
    await second.getByTestId('reaction').waitFor();
  },

  'the browser is killed, and opened without the server': async () => {
    await profile.kill();
    ada = await profile.open();
    await opensOnYesterday();
    assert.equal(await ada.at('composer').inputValue(), '', 'what was sent is no draft any more');
    assert.equal(await ada.at('room-random').getAttribute('data-unread'), '1');
    await ada.screenshot('opened-offline');
    await ada.page.emulateMedia({ colorScheme: 'dark' });
    await ada.screenshot('opened-offline-dark');
    await ada.page.emulateMedia({ colorScheme: 'light' });
    await ada.page.setViewportSize({ width: 390, height: 780 });
    await ada.screenshot('opened-offline-narrow');
    assert.equal(await ada.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'nothing sticks out sideways');
    await ada.fill('composer', 'half a thought');
    takeComplaints();
  },

  'and closed, and opened once more': async () => {
    await profile.close();
    ada = await profile.open();
    await opensOnYesterday();
    assert.equal(await ada.at('composer').inputValue(), 'half a thought', 'the draft is there');
    takeComplaints();
  },

  'when the server is back all arrive, once and in order': async () => {
    await harness('launch');
    await ada.reads(MESSAGES.at(-1));
    await ada.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-pending') === '0');
    await drawn(ada, 'written offline', MESSAGES.length);
    assert.deepEqual(await ada.messages('written offline'), MESSAGES.map((text) => ({ text, state: 'sent' })));
    await bob.click('room-general');
    await bob.reads(MESSAGES.at(-1));
    await drawn(bob, 'written offline', MESSAGES.length);
    assert.deepEqual(await texts(bob, 'written offline'), MESSAGES);
    await bob.page.getByTestId('timeline').evaluate((element) => (element.scrollTop = 0));
    await bob.reads('mended offline');
    await bob.page.getByTestId('reaction').waitFor();
    takeComplaints();
  },

  'nothing waits any more, and nothing is sent again': async () => {
    await ada.page.reload();
    await ada.reads(MESSAGES.at(-1));
    await bob.send('the last word');
    await ada.reads('the last word');
    await drawn(ada, 'written offline', MESSAGES.length);
    assert.deepEqual(await texts(ada, 'written offline'), MESSAGES);
    assert.deepEqual(await texts(bob, 'written offline'), MESSAGES);
    assert.equal(await ada.at('connection').getAttribute('data-pending'), '0');
    const left = await ada.page.evaluate(async () => {
      const [{ name }] = (await indexedDB.databases()).filter((db) => db.name.startsWith('confab-'));
      const db = await new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)));
      return new Promise((resolve) => (db.transaction('outbox').objectStore('outbox').count().onsuccess = ({ target }) => resolve(target.result)));
    });
    assert.equal(left, 0, 'the outbox on the disk is empty');
    await profile.close();
    await closeBrowser();
  },
});
