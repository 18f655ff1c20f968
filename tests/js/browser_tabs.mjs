// Two tabs of one person: one outbox, one sender, the same picture in both.

import assert from 'node:assert/strict';
import { Profile, closeBrowser, eventually, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { arrive } from './lib/device.mjs';
import { harness, stage } from './lib/stage.mjs';

const profile = new Profile('ada');
let first, second, bob;

/** Which tab holds the lock of the outbox; every request for it is listed. */
const locks = () => second.page.evaluate(async () => {
  const { held, pending } = await navigator.locks.query();
  const ours = ({ name }) => name.endsWith('-outbox');
  return { held: held.filter(ours).length, pending: pending.filter(ours).length };
});
const drawn = async (who, part) => (await who.messages(part)).map(({ text }) => text);
const pending = (who, count) => who.until((wanted) => document.querySelector('[data-testid="connection"]')?.getAttribute('data-pending') === String(wanted), count);
const offline = (who) => who.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');

/** Counts what a tab sends. */
function listen(who) {
  who.sends = 0;
  who.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => (who.sends += /"message:send/.test(payload) ? 1 : 0)));
  return who;
}

await scenario({
  'two tabs and a friend': async () => {
    first = listen(await profile.open());
    await first.signIn(stage.url, stage.ada);
    second = listen(await profile.tab());
    await second.page.goto(stage.url);
    await second.sees('composer');
    bob = await person('bob');
    await bob.signIn(stage.url, stage.bob);
    assert.deepEqual(await locks(), { held: 1, pending: 1 });
  },

  'what either writes is sent, and drawn once in both': async () => {
    await first.send('from the first');
    await second.send('from the second');
    for (const who of [first, second, bob]) {
      await who.reads('from the second');
      assert.deepEqual(await drawn(who, 'from the'), ['from the first', 'from the second'], who.name);
    }
    assert.deepEqual([first.sends, second.sends], [2, 0], 'one tab sends for both');
  },

  'the sending tab sends for a workspace that only the other one looks at': async () => {
    const { lobby } = await arrive(stage.ada);
    await lobby.ok('workspace:create', { slug: 'garden', name: 'Garden' });
    await second.click('workspace-garden');
    await second.until(() => document.querySelector('[data-testid="workspace-garden"]')?.getAttribute('aria-current') && document.querySelector('[data-testid="composer"]'));
    await second.send('planted from afar');
    await second.click('workspace-general');
    await second.reads('from the second');
  },

  'offline both see what both wrote, in one order': async () => {
    await harness('kill');
    await Promise.all([offline(first), offline(second)]);
    for (let n = 0; n < 6; n++) await [first, second][n % 2].write(`waiting ${n}.`);
    for (const who of [first, second]) {
      await pending(who, 6);
      assert.deepEqual(await drawn(who, 'waiting'), [0, 1, 2, 3, 4, 5].map((n) => `waiting ${n}.`));
    }
    takeComplaints();
  },

  'the sending tab is closed: the other takes over, and sends all, once and in order': async () => {
    await first.page.close();
    await eventually(async () => {
      const { held, pending } = await locks();
      return held === 1 && pending === 0;
    });
    await harness('launch');
    await bob.reads('waiting 5.');
    await pending(second, 0);
    for (const who of [second, bob]) {
      await who.reads('waiting 5.');
      assert.deepEqual(await drawn(who, 'waiting'), [0, 1, 2, 3, 4, 5].map((n) => `waiting ${n}.`), who.name);
    }
    takeComplaints();
  },

  'signing out in one signs out the other, and deletes what was kept': async () => {
    first = await profile.tab();
    await first.page.goto(stage.url);
    await first.reads('waiting 5.');
    // The server's word that the session has ended may be here before that of the other tab, or that one is closed too soon.
    await second.page.evaluate(() => {
      const { postMessage } = BroadcastChannel.prototype;
      BroadcastChannel.prototype.postMessage = function (note) { if (note.is !== 'ended') postMessage.call(this, note); };
    });
    await second.click('settings-open');
    await second.click('sign-out');
    await second.sees('start-page');
    await first.sees('start-page');
    await eventually(() => first.page.evaluate(async () => (await indexedDB.databases()).every(({ name }) => name === 'confab')));
    assert.equal(await first.page.getByTestId('error').count(), 0, 'nobody else did it');
    await profile.close();
  },

  'on a plain address in the LAN, where browsers have no locks, a lease decides': async () => {
    const { port } = new URL(stage.url);
    const plain = new Profile('cem', '--host-resolver-rules=MAP chat.lan 127.0.0.1');
    first = await plain.open();
    await first.signIn(`http://chat.lan:${port}`, stage.cem);
    assert.equal(await first.page.evaluate(() => isSecureContext || 'locks' in navigator), false);
    await first.send('from a plain address');
    second = await plain.tab();
    await second.page.goto(`http://chat.lan:${port}`);
    await second.reads('from a plain address');
    await second.send('and from its neighbour');
    await harness('kill');
    await Promise.all([offline(first), offline(second)]);
    for (let n = 0; n < 4; n++) await [first, second][n % 2].write(`leased ${n}.`);
    await first.page.close();
    await harness('launch');
    await pending(second, 0);
    await bob.reads('leased 3.');
    for (const who of [second, bob]) assert.deepEqual(await drawn(who, 'leased'), [0, 1, 2, 3].map((n) => `leased ${n}.`), who.name);
    takeComplaints();
    await plain.close();
    await closeBrowser();
  },
});
