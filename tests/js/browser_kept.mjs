// A message that the server refuses stays visible until it is dealt with; a session that is ended from elsewhere leaves only
// what its person wrote and did not send.

import assert from 'node:assert/strict';
import { Profile, closeBrowser, eventually, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { arrive } from './lib/device.mjs';
import { call, harness, stage } from './lib/stage.mjs';

const profile = new Profile('bob');
let ada, bob, random;

const failed = () => bob.page.locator('[data-testid="message"][data-state="failed"]');

/** All that the page's databases hold, as text. */
const dump = () => bob.page.evaluate(async () => {
  const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const all = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await answer(indexedDB.open(name));
    for (const store of db.objectStoreNames) all.push(await answer(db.transaction(store).objectStore(store).getAll()));
    db.close();
  }
  return JSON.stringify(all);
});

await scenario({
  'the room is archived while somebody writes offline': async () => {
    ada = await arrive(stage.ada);
    random = ada.room('random').id;
    bob = await profile.open();
    await bob.signIn(stage.url, stage.bob);
    await bob.click('room-random');
    await bob.shows('room-title', 'random');
    await bob.send('before');
    await bob.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await bob.context.setOffline(true);
    await harness('kill');
    await bob.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');
    await bob.write('too late one');
    await bob.write('too late two');
    await harness('launch');
    ada = await arrive(stage.ada);
    await ada.hall.ok('room:update', { room: random, archived: true });
  },

  'they fail visibly, with a reason': async () => {
    await bob.context.setOffline(false);
    await failed().nth(1).waitFor();
    assert.match(await failed().first().getByTestId('message-state').textContent(), /Not sent: .+ Retry Discard/);
    await bob.screenshot('failed');
    await bob.page.emulateMedia({ colorScheme: 'dark' });
    await bob.screenshot('failed-dark');
    await bob.page.setViewportSize({ width: 390, height: 780 });
    await bob.screenshot('failed-narrow');
    await bob.page.setViewportSize({ width: 1280, height: 800 });
    takeComplaints();
  },

  'also after a reload; one is discarded, the other is sent when the room is open again': async () => {
    await bob.page.reload();
    await failed().nth(1).waitFor();
    await failed().nth(1).getByTestId('message-discard').click();
    await bob.until(() => document.querySelectorAll('[data-testid="message"][data-state="failed"]').length === 1);
    await ada.hall.ok('room:update', { room: random, archived: false });
    await failed().getByTestId('message-retry').click();
    await bob.reads('too late one');
    const { messages } = await ada.hall.ok('room:history', { room: random, limit: 50 });
    assert.deepEqual(messages.map(({ text }) => text), ['before', 'too late one']);
    takeComplaints();
  },

  'a session that was ended from elsewhere leaves nothing that others wrote': async () => {
    await ada.hall.ok('message:send', { room: random, cid: 'secret-1', text: 'a secret of others' });
    await bob.reads('a secret of others');
    await eventually(async () => (await dump()).includes('a secret of others'));
    await harness('kill');
    await bob.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');
    await bob.write('still to be sent');
    // The page is not there when it happens.
    await bob.page.goto('about:blank');
    await harness('launch');
    const { body } = await call('GET', '/sessions', { token: stage.bob.token });
    for (const session of body.sessions ?? body) if (!session.current) await call('DELETE', `/sessions/${session.id}`, { token: stage.bob.token });
    await bob.page.goto(stage.url);
    await bob.sees('start-page');
    const kept = await dump();
    assert.ok(kept.includes('still to be sent'), kept);
    assert.ok(!kept.includes('a secret of others') && !kept.includes('too late one'), kept);
    takeComplaints();
  },

  'when they sign in again, it is sent': async () => {
    await bob.signIn(stage.url, stage.bob);
    await bob.click('room-random');
    await bob.reads('still to be sent');
    const { messages } = await (await arrive(stage.ada)).hall.ok('room:history', { room: random, limit: 50 });
    assert.deepEqual(messages.map(({ text }) => text), ['before', 'too late one', 'a secret of others', 'still to be sent']);
    takeComplaints();
    await profile.close();
  },

  'a browser that keeps nothing is told so, and the app goes on in memory': async () => {
    const forgetful = await person('cem');
    await forgetful.page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined }));
    await forgetful.signIn(stage.url, stage.cem);
    await forgetful.shows('notice', 'This browser keeps nothing for Confab: it is a private window, or storage is switched off. What you write is lost if you close this tab before it is sent.');
    await forgetful.send('as well as it can');
    await harness('kill');
    await forgetful.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');
    await forgetful.write('while it is away');
    await forgetful.screenshot('keeps-nothing');
    await harness('launch');
    await forgetful.reads('while it is away');
    takeComplaints();
    await closeBrowser();
  },
});
