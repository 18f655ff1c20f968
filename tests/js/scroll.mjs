// A room of very many messages with pictures, up and down, while others write in it: what is read stays where it is, to
// a pixel. The same steps in Chromium and, with CONFAB_WINDOW, in the app's own window. Says how long things took.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertNoComplaints, closeBrowser, person } from './lib/browser.mjs';
import { scenario } from './lib/check.mjs';
import { BrowserHands, WindowHands } from './lib/hands.mjs';
import { stage } from './lib/stage.mjs';

const { room, other, messages, link } = stage;
const DEADLINE = 30_000;
/** More than the page waits before it takes it that nobody scrolls. */
const RESTED_MS = 400;
const TURN_MS = 16;

/**
 * Notes of each key and click how long it was to the next painted frame, and what of that was the page's own work: what was before
 * it in the queue, its handlers with what they changed, and the frame. The rest is the wait for the screen's next turn.
 */
const FEEL = `window.felt = [];
  let handled;
  const after = () => queueMicrotask(() => (handled = performance.now()));
  const feel = (event) => {
    handled = undefined;
    requestAnimationFrame(() => {
      const frame = performance.now();
      const waited = handled === undefined ? 0 : frame - handled;
      setTimeout(() => {
        const whole = performance.now() - event.timeStamp;
        felt.push([event.key ?? 'click', whole, whole - waited]);
      });
    });
  };
  for (const kind of ['keydown', 'click']) {
    addEventListener(kind, feel, true);
    addEventListener(kind, after);
  }
  addEventListener('input', after);`;

let ada, hands;

/** Turns the wheel as quickly as a person can. */
async function turn(by) {
  await hands.wheel(by);
  await live(TURN_MS);
}

/** Waits until this is true in the page. */
async function until(probe, ...args) {
  const deadline = Date.now() + DEADLINE;
  while (!(await hands.evaluate(probe, ...args))) assert.ok(Date.now() < deadline, `in time: ${probe}`);
}

/** Lets the page live for so long: what is judged happens by itself. */
const live = (ms) => hands.evaluate((time) => new Promise((done) => setTimeout(done, time)), ms);

/** Does something under the judge's eyes; what it saw. */
async function watched(name, deed, { still = false } = {}) {
  await live(RESTED_MS);
  await hands.run('window.judge.begin()');
  await deed();
  await live(RESTED_MS);
  const { frames, changed, drift, worst, moved, empty, strange } = await hands.run('return window.judge.end()');
  console.log(`${name}: drift ${drift.toFixed(2)} px in ${frames} frames, ${changed} of them with changes; moved by ${Math.round(moved)} px, at most ${Math.round(empty)} px empty, ${strange} without a row to go by`);
  assert.ok(drift <= 1, `${name}: ${JSON.stringify(worst)}`);
  assert.ok(frames > 5 && changed > 0, `${name}: something must be seen`);
  if (still) assert.ok(Math.abs(moved) <= 1, `${name}: nobody scrolled, and it moved by ${moved} px`);
  return moved;
}

/** From a click to the first frame in which the room is there, and to the one in which its messages are painted. */
const paints = (name) =>
  hands.evaluate(async (target) => {
    const before = performance.now();
    document.querySelector(`[data-testid="room-${target}"]`).click();
    const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    let room;
    do {
      await painted();
      if (document.querySelector('[data-testid=room-title]').textContent.trim() === target) room ??= performance.now() - before;
    } while (room === undefined || !document.querySelector('[data-testid=timeline] [data-testid=message]'));
    return [room, performance.now() - before];
  }, name);

const opening = async (name) => (await paints(name))[1];

async function toLatest() {
  await hands.evaluate(() => document.querySelector('[data-testid=jump-latest]')?.click());
  await until(() => document.querySelector('[data-testid=jump-latest]') === null);
}

function say(name, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]?.toFixed(1);
  console.log(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${sorted.length} times`);
}

/** Says how long it was from what was done to the next painted frame, and how much of it was work. */
async function tell(name, chosen) {
  const all = await hands.evaluate(() => window.felt.splice(0));
  const rest = all.filter(([what]) => !chosen(what));
  const mine = all.filter(([what]) => chosen(what));
  say(name, mine.map(([, time]) => time));
  say(`${name}, the page's own work`, mine.map(([, , work]) => work));
  await hands.evaluate((kept) => void window.felt.push(...kept), rest);
}

const rows = () => hands.evaluate(() => document.querySelectorAll('[data-testid=timeline] [data-row]').length);

await scenario({
  'she is there': async () => {
    if (stage.window) hands = new WindowHands(stage.window);
    else {
      ada = await person('ada');
      await ada.signIn(stage.url, stage.ada);
      hands = new BrowserHands(ada);
    }
    await until(() => document.querySelector('[data-testid=room-archive]') !== null);
  },

  'a room of very many messages opens': async () => {
    // From a room with messages, as people come: what an engine does with the first one that it ever draws is part of a start.
    await opening(other);
    await live(100);
    const [paint, first] = await paints(room);
    const again = [];
    for (let i = 0; i < 5; i++) {
      await opening(other);
      await live(100);
      again.push(await opening(room));
      await live(100);
    }
    console.log(`opening a room of ${messages}: first paint ${Math.round(paint)} ms, its messages ${Math.round(first)} ms at first, then ${again.map(Math.round).join(', ')} ms`);
    await hands.run(readFileSync(join(import.meta.dirname, 'lib/judge.js'), 'utf8'));
    await hands.run(FEEL);
    const { x, y } = await hands.evaluate(() => {
      const { left, top, width, height } = document.querySelector('[data-testid=timeline]').getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    });
    await hands.point(x, y);
  },

  'at the end, it follows': async () => {
    // It opened where the first new message is.
    await toLatest();
    await live(1_000);
    const far = await hands.evaluate(() => {
      const { scrollHeight, clientHeight, scrollTop } = document.querySelector('[data-testid=timeline]');
      return scrollHeight - clientHeight - scrollTop;
    });
    assert.ok(far < 2, `${far} px above the end`);
  },

  'up with the wheel': async () => {
    const turns = 60;
    const moved = await watched('wheel up', async () => {
      for (let i = 0; i < turns; i++) await turn(-240);
    });
    // WebKit may hold the last turns back for as long as each frame asks for another.
    assert.ok(moved > 0.9 * turns * 240 && moved < 1.01 * turns * 240, `the wheel was turned by ${turns * 240} px, and it moved by ${moved}`);
    assert.ok((await rows()) <= 340, 'no more than 300 messages are drawn');
  },

  'held still while others write, edit, react, delete': () => watched('held still', () => live(5_000), { still: true }),

  'page by page': () => watched('page keys', async () => {
    await hands.evaluate(() => document.querySelector('[data-testid=timeline] article[tabindex="0"], [data-testid=timeline]').focus({ preventScroll: true }));
    for (let i = 0; i < 10; i++) await hands.press('PageUp');
    for (let i = 0; i < 4; i++) await hands.press('PageDown');
  }),

  'narrower and wider': () => watched('narrower and wider', async () => {
    await hands.resize(900, 700);
    await live(500);
    await hands.resize(1280, 800);
    await live(500);
  }, { still: true }),

  'a link far above': async () => {
    await toLatest();
    await until((href) => document.querySelector(`[data-testid=timeline] a[href="${href}"]`) !== null, link);
    await hands.evaluate((href) => [...document.querySelectorAll(`[data-testid=timeline] a[href="${href}"]`)].at(-1).click(), link);
    await until((seq) => {
      const row = document.querySelector(`[data-testid=timeline] [data-testid=message][data-seq="${seq}"]`)?.getBoundingClientRect();
      const view = document.querySelector('[data-testid=timeline]').getBoundingClientRect();
      return row !== undefined && row.top >= view.top && row.bottom <= view.bottom;
    }, Number(link.split('/').at(-1)));
    await watched('at the link', () => live(3_000), { still: true });
    await hands.evaluate(() => void window.felt.splice(0));
    for (let i = 0; i < 15; i++) {
      await hands.evaluate(() => document.querySelector('[data-testid=timeline] [data-testid=reaction]')?.click());
      await live(60);
    }
    await tell('react', (what) => what === 'click');
    await watched('around the link', async () => {
      for (let i = 0; i < 30; i++) await turn(i % 3 === 2 ? 360 : -360);
    });
    await watched('down from the link', async () => {
      for (let i = 0; i < 40; i++) await turn(300);
    });
    assert.ok((await rows()) <= 340, 'no more than 300 messages are drawn');
  },

  'and back to the end': toLatest,

  // Figures, and no test: this machine is shared.
  'how soon one sees what one does': async () => {
    await hands.evaluate(() => void window.felt.splice(0));
    await hands.evaluate(() => document.querySelector('[data-testid=composer]').focus());
    for (const key of [...'the kettle is on and nobody has read the minutes ', 'Enter', ...'we may as well begin without them, as ever ', 'Enter']) {
      await hands.press(key);
      await live(30);
    }
    await tell('a key', (what) => what.length === 1);
    await tell('send', (what) => what === 'Enter');
    const switches = [];
    for (let i = 0; i < 20; i++) {
      switches.push(await opening(i % 2 === 0 ? other : room));
      await live(100);
    }
    say('switch rooms, until the messages are painted', switches);
  },

  'goodbye': async () => {
    if (ada) {
      await ada.screenshot('scroll');
      await closeBrowser();
      assertNoComplaints();
    }
  },
});
