// The rows of the seeds that are about what is drawn, one per run: `seeds.mjs ROW`.

import assert from 'node:assert/strict';
import { assertNoComplaints, closeBrowser, person, takeComplaints } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

async function signIn(login) {
  const who = await person(login);
  await who.page.goto(stage.url);
  await who.fill('sign-in-login', login);
  await who.fill('sign-in-password', stage[login].password);
  await who.click('sign-in-submit');
  await who.sees('composer');
  return who;
}

const rows = {
  form: async () => {
    const ada = await signIn('ada');
    assert.match(await ada.at('composer-send').getAttribute('class'), /\bbtn\b/, 'Bootstrap draws it');
    await ada.fill('composer', 'sent by the button');
    await ada.click('composer-send');
    await ada.reads('sent by the button');
    assert.equal(await ada.at('composer').inputValue(), '', 'the input is empty again');
    await ada.send('sent by Enter');
    await ada.at('composer').press('Shift+Enter');
    assert.equal(await ada.at('message').count(), 2, 'Shift+Enter breaks the line');
    const authors = await ada.page.locator('[data-testid="message"]').evaluateAll((nodes) => nodes.map((node) => node.textContent));
    assert.ok(authors[0].includes('Ada'));
  },

  scroll: async () => {
    const [ada, bob] = [await signIn('ada'), await signIn('bob')];
    for (let n = 0; n < 30; n++) await ada.send(`line ${n}`);
    await bob.reads('line 29');
    const gap = () => bob.at('timeline').evaluate((node) => {
      const scroller = [node, ...node.querySelectorAll('*')].find((e) => e.scrollHeight > e.clientHeight + 40 && getComputedStyle(e).overflowY !== 'visible');
      return scroller ? scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight : -1;
    });
    assert.ok((await gap()) >= 0 && (await gap()) < 8, `stuck to the end: ${await gap()}`);
    await bob.at('timeline').hover();
    await bob.page.mouse.wheel(0, -600);
    await bob.sees('jump-latest');
    await ada.send('while Bob reads above');
    await bob.until(() => /1/.test(document.querySelector('[data-testid="jump-latest"]')?.textContent ?? ''));
    assert.ok((await gap()) > 100, 'a new message does not pull the reader down');
    await bob.click('jump-latest');
    await bob.reads('while Bob reads above');
    await bob.at('jump-latest').waitFor({ state: 'hidden' });
    assert.ok((await gap()) < 8);
  },

  layers: async () => {
    const ada = await signIn('ada');
    await ada.page.keyboard.press('Control+Alt+i');
    await ada.click('inspector-tab-links');
    const lines = ada.at('inspector-link');
    await lines.nth(1).waitFor();
    const links = await lines.evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
    // Two namespaces, the transport below them, and when they came up.
    assert.deepEqual(links.map(([namespace, , transport]) => [namespace, transport]), [['/', 'websocket'], ['/general', 'websocket']]);
    await ada.click('inspector-ping');
    await ada.until(() => /\d ms/.test(document.querySelector('[data-testid="inspector-link"]')?.textContent ?? ''));
    await ada.click('inspector-tab-events');
    await ada.send('over all of its layers');
    const ways = () => ada.page.locator('[data-testid="inspector-row"][data-event="message:send"]').evaluateAll((rows) => rows.map((row) => row.dataset.direction));
    await ada.page.locator('[data-testid="inspector-row"][data-event="message:send"][data-direction="in"]').waitFor();
    assert.deepEqual(await ways(), ['out', 'in'], 'an event, and the acknowledgement that answers it');
  },

  icons: async () => {
    const ada = await signIn('ada');
    await ada.click('create-room');
    await ada.fill('create-room-name', 'vault');
    await ada.at('create-room-private').check();
    await ada.click('create-room-submit');
    await ada.shows('room-title', 'vault');
    const icon = (testid) => ada.at(testid).locator('svg, .bi, .icon').first().evaluate((node) => node.outerHTML);
    const [lock, globe] = [await icon('room-vault'), await icon('room-general')];
    assert.notEqual(lock, globe);
    assert.equal(await ada.at('room-vault').getAttribute('data-kind'), 'private');
    assert.equal(await ada.at('room-general').getAttribute('data-kind'), 'public');
    assert.notEqual((await ada.at('workspace-general').innerHTML()).trim(), '', 'the workspace has its picture or initials');
  },
};

const row = process.argv[2];
await scenario({
  [row]: async () => {
    try {
      await rows[row]();
      assertNoComplaints();
    } catch (error) {
      console.error('The console says:', takeComplaints());
      throw error;
    } finally {
      await closeBrowser();
    }
  },
});
