// The server is restored from a backup: it is another life of its database, and nothing of the old one may be shown beside it.

import assert from 'node:assert/strict';
import { Profile, takeComplaints } from './lib/browser.mjs';
import { cid, scenario } from './lib/check.mjs';
import { arrive } from './lib/device.mjs';
import { harness, stage } from './lib/stage.mjs';

const NEW = ['new one', 'new two', 'new three'];
const profile = new Profile('ada');
let ada;

const drawn = async () => (await ada.messages()).map(({ text }) => text);

await scenario({
  'a backup, and a message after it': async () => {
    ada = await profile.open();
    await ada.signIn(stage.url, stage.ada);
    await ada.send('in the backup');
    await harness('backup');
    await ada.send('after the backup');
    await ada.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  },

  'the server is restored while the page is away and something waits': async () => {
    await harness('kill');
    await ada.until(() => document.querySelector('[data-testid="connection"]')?.getAttribute('data-state') === 'offline');
    await ada.write('written between two lives');
    await profile.close();
    await harness('restore');
  },

  'the new life goes further than the old one did': async () => {
    await harness('launch');
    const { hall, room, device } = await arrive(stage.bob);
    for (const text of NEW) await hall.ok('message:send', { room: room('general').id, cid: cid(), text });
    device.close();
  },

  'the page shows the new life alone, and sends what waited': async () => {
    ada = await profile.open();
    await ada.page.goto(stage.url);
    await ada.reads('written between two lives');
    await ada.until(() => !document.querySelector('[data-testid="timeline"]').textContent.includes('after the backup'));
    assert.deepEqual(await drawn(), ['in the backup', ...NEW, 'written between two lives']);
    await ada.page.reload();
    await ada.send('and on it goes');
    assert.deepEqual(await drawn(), ['in the backup', ...NEW, 'written between two lives', 'and on it goes']);
    takeComplaints();
    await profile.close();
  },
});
