// What the browser says about its network: a page that believes itself connected asks whether it is.

import assert from 'node:assert/strict';
import { closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { harness, stage } from './lib/stage.mjs';

const isOnline = () => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'online';
const isLost = () => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') !== 'online';

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
    await closeBrowser();
  },
});
