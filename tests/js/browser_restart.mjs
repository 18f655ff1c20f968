// A server that goes away and comes back while two people write. The harness kills and
// starts it when asked.

import assert from 'node:assert/strict';
import { assertNoComplaints, closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { harness, stage } from './lib/stage.mjs';

async function signIn(name) {
  const who = await person(name);
  await who.signIn(stage.url, stage[name]);
  return who;
}

let ada, bob;

await scenario({
  'two people sign in': async () => {
    [ada, bob] = await Promise.all([signIn('ada'), signIn('bob')]);
    await ada.send('before');
    await bob.reads('before');
    assertNoComplaints();
  },

  'while the server is away nothing is lost, and the composer stays open': async () => {
    await harness('kill');
    await ada.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') !== 'online');
    for (let n = 0; n < 5; n++) {
      await ada.fill('composer', `written offline ${n}`);
      await ada.at('composer').press('Enter');
    }
    await ada.until(() => document.querySelectorAll('[data-testid="message"][data-state="queued"], [data-testid="message"][data-state="sending"]').length === 5);
    await ada.screenshot('offline');
    takeComplaints();
  },

  'when it is back all arrive, once and in order': async () => {
    await harness('launch');
    await bob.reads('written offline 4');
    await ada.reads('written offline 4');
    takeComplaints();
    for (const who of [ada, bob]) {
      const texts = await who.page.locator('[data-testid="message-text"]').allTextContents();
      const offline = texts.map((text) => text.trim()).filter((text) => text.startsWith('written offline'));
      assert.deepEqual(offline, [0, 1, 2, 3, 4].map((n) => `written offline ${n}`), who.name);
    }
    await bob.send('and on it goes');
    await ada.reads('and on it goes');
    assertNoComplaints();
    await closeBrowser();
  },
});
