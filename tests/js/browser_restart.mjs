// A server that goes away and comes back while two people write. The harness cuts the link when asked on stdout, and says
// on stdin when it is done.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { assertNoComplaints, closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function harness(order) {
  console.log(`please ${order}`);
  const { value } = await lines.next();
  assert.equal(value, 'done');
}

async function signIn(name, login) {
  const who = await person(name);
  await who.page.goto(stage.url);
  await who.fill('sign-in-login', login);
  await who.fill('sign-in-password', stage[login].password);
  await who.click('sign-in-submit');
  await who.sees('composer');
  return who;
}

let ada, bob;

await scenario({
  'two people sign in': async () => {
    [ada, bob] = await Promise.all([signIn('ada', 'ada'), signIn('bob', 'bob')]);
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
