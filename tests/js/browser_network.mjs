// What the browser says about its network: a waiting page tries again at once, and a page that believes itself connected
// asks whether it is.

import assert from 'node:assert/strict';
import { closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { harness, stage } from './lib/stage.mjs';

const connection = () => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') ?? 'online';
const isOnline = `(${connection})() === 'online'`;
const isLost = `(${connection})() !== 'online'`;

let ada;

await scenario({
  'somebody is connected': async () => {
    ada = await person('ada');
    await ada.signIn(stage.url, stage.ada);
    await ada.send('hello');
    await ada.page.waitForFunction(isOnline);
  },

  'a silent connection is given up when the network changed, long before the next ping': async () => {
    await harness('freeze');
    const began = Date.now();
    await ada.page.evaluate(() => dispatchEvent(new Event('online')));
    await ada.page.waitForFunction(isLost);
    // The library's own heartbeat needs 25 to 45 s.
    assert.ok(Date.now() - began < 20_000, `${Date.now() - began} ms`);
    await harness('thaw');
    await ada.page.waitForFunction(isOnline);
    takeComplaints();
  },

  'a waiting page comes back when the network does, without waiting for its turn': async () => {
    await harness('kill');
    await ada.page.waitForFunction(isLost);
    // From here on no pause ever ends by itself.
    await ada.page.evaluate(() => (window.setTimeout = () => 1));
    // The pause before that one may still end, and its attempt fails.
    await ada.page.waitForFunction(() => document.querySelector('[data-testid="connection"]'));
    await harness('launch');
    await ada.page.evaluate(() => dispatchEvent(new Event('online')));
    await ada.page.waitForFunction(isOnline);
    takeComplaints();
    await closeBrowser();
  },
});
