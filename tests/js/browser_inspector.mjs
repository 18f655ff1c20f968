// The inspector on live links: what goes over them, covered until one asks, and a report without anything that lets somebody in.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { clean, closeBrowser, person } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { stage } from './lib/stage.mjs';

const OWN = 'what Ada wrote herself';
const OTHERS = 'between Bob and the room';

let ada, bob, secrets;

const rowOf = (event, direction) => ada.page.locator(`[data-testid="inspector-row"][data-event="${event}"][data-direction="${direction}"]`);
/** The texts of a row's cells, in order: time, way, namespace, room, event, bytes, ack. */
const cellsOf = (row) => row.locator('[role=gridcell]').allInnerTexts();
const detail = () => ada.at('inspector-json').textContent();

async function opened(event, direction) {
  await rowOf(event, direction).last().click();
  await ada.sees('inspector-json');
  return JSON.parse(await detail());
}

await scenario(clean({
  'it opens with its keys over live links': async () => {
    [ada, bob] = [await person('ada'), await person('bob')];
    await ada.signIn(stage.url, stage.ada);
    await bob.signIn(stage.url, stage.bob);
    for (const who of [ada, bob]) await who.click('room-general');
    await ada.shows('room-title', 'general');
    const cookies = [...(await ada.context.cookies()), ...(await bob.context.cookies())].map(({ value }) => value);
    assert.ok(cookies.some((value) => value.length >= 40), 'the session is a cookie');
    secrets = [...cookies, stage.ada.token, stage.bob.token, stage.ada.password, stage.bob.password].filter(Boolean);
    await ada.page.keyboard.press('Control+Alt+i');
    await ada.sees('inspector');
  },

  'a message shows as a request with its room and the time of its answer': async () => {
    await ada.send(OWN);
    const row = rowOf('message:send', 'out');
    await row.waitFor();
    await ada.until(() => /^[\d.,]+$/.test([...document.querySelectorAll('[data-testid="inspector-row"][data-event="message:send"][data-direction="out"] [role=gridcell]')].at(-1)?.textContent?.trim() ?? ''));
    const [, , namespace, room, , bytes] = await cellsOf(row);
    assert.deepEqual([namespace.trim(), room.trim()], ['/general', 'general']);
    assert.ok(Number(bytes.replace(/\D/g, '')) > OWN.length, bytes);
    const { body, answered } = await opened('message:send', 'out');
    assert.equal(body.text, `‹${OWN.length} characters›`);
    assert.ok(answered.took_us > 0 && answered.event === 'message:send');
    // And the log says the same to everybody in the room.
    await rowOf('room:entry', 'in').waitFor();
  },

  "another person's words are covered until one asks for them": async () => {
    await ada.click('inspector-clear');
    await bob.send(OTHERS);
    await ada.reads(OTHERS);
    await rowOf('room:entry', 'in').waitFor();
    const covered = await opened('room:entry', 'in');
    assert.deepEqual([covered.body.text, covered.body.kind], [`‹${OTHERS.length} characters›`, 'message']);
    assert.ok(!(await ada.at('inspector').textContent()).includes(OTHERS));
    await ada.at('inspector-texts').check();
    await ada.click('inspector-clear');
    await bob.send(`${OTHERS}, again`);
    await rowOf('room:entry', 'in').waitFor();
    assert.equal((await opened('room:entry', 'in')).body.text, `${OTHERS}, again`);
    await ada.screenshot('inspector');
  },

  'the filter finds it, and a pause holds what comes': async () => {
    await ada.fill('inspector-filter', 'event:room:entry room:general in');
    await ada.until(() => [...document.querySelectorAll('[data-testid="inspector-row"]')].every((row) => row.dataset.event === 'room:entry'));
    await ada.click('inspector-pause');
    await bob.send('while it is paused');
    // Typing is an event too: more than one may come between two looks.
    await ada.until(() => /^Paused, and [1-9]/.test(document.querySelector('[data-testid="inspector-count"]')?.textContent ?? ''));
    await ada.click('inspector-pause');
    await ada.fill('inspector-filter', '');
  },

  'what is tried in the sandbox shows': async () => {
    await ada.click('inspector-tab-cheats');
    await ada.click('inspector-sandbox');
    await ada.shows('room-title', 'sandbox');
    await ada.click('inspector-try-ack');
    await ada.reads('Hello, sandbox!');
    await rowOf('message:send', 'out').last().waitFor();
    await ada.click('inspector-tab-cheats');
    await ada.click('inspector-try-room');
    await ada.sees('reaction');
    await ada.click('inspector-tab-cheats');
    await ada.click('inspector-try-others');
    await rowOf('typing:set', 'out').first().waitFor();
    await ada.click('inspector-tab-cheats');
    await ada.click('inspector-try-refusal');
    await ada.page.locator('[data-testid="inspector-row"].refused').first().waitFor();
    assert.equal(await bob.at('room-sandbox').count(), 0, 'nobody else is disturbed');
  },

  'the links say how they are': async () => {
    await ada.click('inspector-tab-links');
    const links = ada.page.locator('[data-testid="inspector-link"][data-state="live"]');
    assert.equal(await links.count(), 2);
    assert.match(await links.last().innerText(), /websocket/);
    await ada.click('inspector-ping');
    await ada.until(() => /\d ms/.test(document.querySelector('[data-testid="inspector-link"]')?.textContent ?? ''));
    await ada.page.locator('[data-testid="inspector-note"][data-change="up"]').first().waitFor();
  },

  'a report is saved, and neither a token nor a word of anybody is in it': async () => {
    await ada.click('inspector-tab-events');
    await ada.fill('inspector-filter', '');
    assert.equal(await ada.at('inspector-texts').isChecked(), true, 'texts are shown on the screen meanwhile');
    await ada.click('report-open');
    const shown = await ada.at('report-text').textContent();
    await ada.screenshot('inspector-report');
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.click('report-save')]);
    assert.match(download.suggestedFilename(), /^confab-report-.*\.json$/);
    const text = readFileSync(await download.path(), 'utf8');
    assert.equal(text, shown, 'what was looked through is what is saved');
    for (const secret of [...secrets, OWN, OTHERS, 'Hello, sandbox!', new URL(stage.url).host]) assert.ok(!text.includes(secret), 'a secret is in the report');
    const report = JSON.parse(text);
    assert.equal(report.state.links['/general'], 'live');
    assert.ok(report.links.some(({ change }) => change.is === 'up'));
    const names = report.events.map(({ event }) => event);
    for (const event of ['message:send', 'room:entry', 'link:ping']) assert.ok(names.includes(event), event);
  },

  'once closed it records nothing, and gives the keyboard back': async () => {
    // First what is open in it, then it.
    await ada.page.keyboard.press('Escape');
    await ada.at('inspector-detail').waitFor({ state: 'hidden' });
    await ada.page.keyboard.press('Escape');
    await ada.at('inspector').waitFor({ state: 'hidden' });
    await ada.send('nobody looks');
    await ada.page.keyboard.press('Control+Alt+i');
    await ada.sees('inspector');
    await ada.send('somebody looks');
    await rowOf('message:send', 'out').waitFor();
    assert.equal(await rowOf('message:send', 'out').count(), 1);
    await closeBrowser();
  },
}));
