// Pictures of every screen, from the development server with the scripted back end: ui/scripts/screens.mjs [scene…]
// They go to target/screens/.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const out = fileURLToPath(new URL('../../target/screens/', import.meta.url));
const wide = { width: 1200, height: 760 };
const tall = { width: 1200, height: 1120 };
const narrow = { width: 600, height: 800 };

const search = (text) => async (page) => {
  await page.keyboard.press('Control+Shift+f');
  await page.getByTestId('search-input').pressSequentially(text);
  await page.getByTestId('search-hit').first().waitFor();
  await page.waitForTimeout(400);
};

const settings = async (page) => {
  await page.getByTestId('settings-open').click();
  await page.getByTestId('settings').waitFor();
};
const mentions = async (page) => {
  await page.getByTestId('mentions-open').click();
  await page.getByTestId('search-hit').first().waitFor();
};
const attach = async (page) => {
  await page.getByTestId('composer-attach').click();
  await page.getByTestId('attached-retry').waitFor();
  await page.getByTestId('timeline').evaluate((timeline) => (timeline.scrollTop = timeline.scrollHeight));
};
const invite = async (page) => {
  await page.keyboard.press('Control+k');
  await page.getByTestId('switcher-input').fill('invite');
  await page.keyboard.press('Enter');
  await page.getByTestId('invite-create').click();
  await page.getByTestId('invite-qr').waitFor();
};
const why = async (page) => {
  await page.getByTestId('nearby-why').click();
  await page.getByTestId('nearby-address').fill('192.168.1.7');
  await page.getByTestId('nearby-check').click();
  await page.getByTestId('nearby-finding').first().waitFor();
};
const remind = async (page) => {
  await page.getByTestId('message').nth(5).click({ button: 'right' });
  await page.getByTestId('message-remind').click();
  await page.getByTestId('remind-menu').waitFor();
};
const enlarge = async (page) => {
  await page.getByTestId('file-image').nth(3).click();
  await page.getByTestId('lightbox').waitFor();
};

const shots = [
  { name: 'start', query: 'scene=start' },
  { name: 'start-dark', query: 'scene=start&theme=dark' },
  { name: 'start-alone', query: 'scene=start&alone' },
  { name: 'start-why', query: 'scene=start&alone', act: why },
  { name: 'start-why-de-dark', query: 'scene=start&alone&language=de&theme=dark', act: why },
  { name: 'start-why-ar', query: 'scene=start&language=ar', act: why },
  { name: 'host-form', query: 'scene=start', act: (page) => page.getByTestId('host-button').click() },
  { name: 'setup', query: 'scene=setup' },
  { name: 'join', query: 'scene=join', path: '/join/k3v9q2' },
  { name: 'join-clear', query: 'scene=start', act: enterBy('192.168.1.7') },
  { name: 'join-vouched-dark', query: 'scene=start&tls=unknown&theme=dark', act: enterBy(`192.168.1.7/join/k3v9q2#${'3f9a'.repeat(16)}`) },
  { name: 'join-unknown', query: 'scene=start&tls=unknown', act: enterBy('192.168.1.7/join/k3v9q2') },
  { name: 'join-unknown-dark-german', query: 'scene=start&tls=unknown&theme=dark&language=de', act: enterBy('192.168.1.7/join/k3v9q2') },
  { name: 'join-unknown-arabic-narrow', query: 'scene=start&tls=unknown&language=ar', size: { width: 360, height: 760 }, act: enterBy('192.168.1.7/join/k3v9q2') },
  { name: 'setup-unknown', query: 'scene=setup&tls=unknown' },
  { name: 'credentials', query: 'scene=credentials' },
  { name: 'chat-light', query: 'scene=chat' },
  { name: 'chat-dark', query: 'scene=chat&theme=dark' },
  { name: 'chat-compact', query: 'scene=chat&compact' },
  {
    name: 'chat-members', query: 'scene=chat',
    act: async (page) => {
      await page.getByTestId('members-toggle').click();
      await page.getByTestId('message').last().hover();
    },
  },
  { name: 'chat-narrow', query: 'scene=chat', size: narrow },
  { name: 'chat-narrow-menu', query: 'scene=chat', size: narrow, act: (page) => page.getByTestId('menu').click() },
  { name: 'invite', query: 'scene=chat&theme=dark', act: invite },
  { name: 'invite-narrow', query: 'scene=chat', size: narrow, act: invite },
  { name: 'create-room', query: 'scene=chat', act: (page) => page.getByTestId('create-room').click() },
  { name: 'settings', query: 'scene=chat', act: settings },
  { name: 'settings-dark', query: 'scene=chat&theme=dark', act: settings },
  {
    name: 'text-larger', query: 'scene=chat',
    act: async (page) => {
      await page.getByTestId('settings-open').click();
      await page.getByRole('radio', { name: 'Larger' }).click();
      await page.keyboard.press('Escape');
    },
  },
  {
    name: 'reply', query: 'scene=chat',
    act: async (page) => {
      await page.getByTestId('message').last().hover();
      await page.getByTestId('message').last().getByTestId('message-reply').click();
      await page.getByTestId('composer').fill('Three lines:\none\ntwo');
    },
  },
  { name: 'servers', query: 'scene=servers' },
  { name: 'servers-dark-gone', query: 'scene=servers&theme=dark&gone' },
  { name: 'servers-behind', query: 'scene=servers&gone', act: (page) => page.getByTestId('server-open').last().click(), wait: 800 },
  { name: 'servers-narrow', query: 'scene=servers', size: narrow, act: (page) => page.getByTestId('menu').click() },
  { name: 'servers-arabic', query: 'scene=servers&language=ar' },
  { name: 'servers-add', query: 'scene=servers', act: (page) => page.getByTestId('add-server').click() },
  { name: 'servers-add-dark-narrow', query: 'scene=servers&theme=dark', size: narrow, act: async (page) => { await page.getByTestId('menu').click(); await page.getByTestId('add-server').click(); } },
  { name: 'people', query: 'scene=people' },
  { name: 'people-dark-narrow', query: 'scene=people&theme=dark', size: narrow },
  { name: 'card', query: 'scene=people', act: async (page) => { await page.getByTestId('author').filter({ hasText: 'Bo' }).last().click(); await page.getByTestId('profile-card').waitFor(); } },
  { name: 'card-arabic-dark', query: 'scene=people&theme=dark&language=ar', act: async (page) => { await page.getByTestId('author').filter({ hasText: 'Bo' }).last().click(); await page.getByTestId('profile-card').waitFor(); } },
  { name: 'settings-desktop', query: 'scene=chat&desktop', size: tall, act: settings },
  { name: 'settings-german', query: 'scene=chat&desktop&language=de', size: tall, act: settings },
  { name: 'card-me-dark', query: 'scene=people&theme=dark', act: async (page) => { await page.getByTestId('me').click(); await page.getByTestId('profile-card').waitFor(); } },
  { name: 'workspace', query: 'scene=chat', act: async (page) => { await page.getByTestId('workspace-menu').click(); await page.getByTestId('workspace-settings-open').click(); await page.getByTestId('workspace-settings').waitFor(); } },
  { name: 'workspace-narrow', size: narrow, query: 'scene=chat', act: async (page) => { await page.getByTestId('menu').click(); await page.getByTestId('workspace-menu').click(); await page.getByTestId('workspace-settings-open').click(); await page.getByTestId('workspace-settings').waitFor(); } },
  { name: 'workspace-dark-arabic', query: 'scene=chat&theme=dark&language=ar', act: async (page) => { await page.getByTestId('workspace-menu').click(); await page.getByTestId('workspace-settings-open').click(); await page.getByTestId('workspace-settings').waitFor(); } },
  { name: 'profile', query: 'scene=people', act: async (page) => { await page.getByTestId('me').click(); await page.getByTestId('card-edit').click(); await page.getByTestId('profile').waitFor(); } },
  { name: 'people-settings', query: 'scene=people', act: settings },
  { name: 'people-room-menu', query: 'scene=people', act: (page) => page.getByTestId('room-menu').click() },
  { name: 'commands', query: 'scene=people', act: async (page) => { await page.getByTestId('composer').fill('/help'); await page.getByTestId('composer').press('Enter'); await page.getByTestId('commands').waitFor(); } },
  { name: 'confirm', query: 'scene=people', act: async (page) => { await page.getByTestId('message').last().click({ button: 'right' }); await page.getByTestId('message-pin').waitFor(); } },
  { name: 'files', query: 'scene=files', size: tall, act: attach },
  { name: 'files-top-dark', query: 'scene=files&theme=dark', size: { width: 1200, height: 2_100 }, act: attach },
  { name: 'files-narrow', query: 'scene=files', size: { width: 360, height: 1_000 }, act: attach },
  { name: 'files-lightbox', query: 'scene=files', act: enlarge },
  { name: 'files-lightbox-narrow', query: 'scene=files&theme=dark', size: { width: 420, height: 760 }, act: enlarge },
  { name: 'search', query: 'scene=chat', act: search('the') },
  { name: 'search-dark', query: 'scene=chat&theme=dark', act: search('from:bo the') },
  { name: 'search-filters', query: 'scene=chat', act: search('the from:') },
  { name: 'mentions', query: 'scene=chat', act: mentions },
  { name: 'mentions-dark-german', query: 'scene=chat&theme=dark&language=de', act: mentions },
  { name: 'mentions-arabic', query: 'scene=chat&language=ar', act: mentions },
  { name: 'mentions-narrow', query: 'scene=chat', size: narrow, act: async (page) => { await page.getByTestId('menu').click(); await mentions(page); } },
  { name: 'mentions-none', query: 'scene=empty', act: async (page) => { await page.getByTestId('mentions-open').click(); await page.getByText('Nobody has mentioned you yet.').waitFor(); } },
  { name: 'search-narrow', query: 'scene=chat', size: narrow, act: search('the') },
  { name: 'empty', query: 'scene=empty' },
  { name: 'nothing', query: 'scene=nothing' },
  { name: 'offline', query: 'scene=offline', wait: 600 },
  { name: 'offline-dark', query: 'scene=offline&theme=dark', wait: 600 },
  {
    name: 'message-menu', query: 'scene=chat',
    act: async (page) => {
      const row = page.getByTestId('message').nth(-4);
      await row.hover();
      await row.getByTestId('message-more').click();
    },
  },
  { name: 'message-remind', query: 'scene=chat', act: remind },
  { name: 'message-remind-arabic-dark', query: 'scene=chat&language=ar&theme=dark', act: remind },
  {
    name: 'message-emoji-dark', query: 'scene=chat&theme=dark',
    act: async (page) => {
      const row = page.getByTestId('message').nth(-2);
      await row.hover();
      await row.getByTestId('message-react').click();
      await row.getByTestId('emoji-more').click();
      await page.getByTestId('emoji-search').waitFor();
    },
  },
  {
    name: 'scrolled', query: 'scene=chat', size: { width: 1200, height: 520 },
    act: async (page) => {
      await page.getByTestId('timeline').hover();
      await page.mouse.wheel(0, -700);
      await page.getByTestId('room-notice').last().click({ force: true });
      await page.mouse.wheel(0, -30);
    },
  },
  {
    name: 'suggest-people', query: 'scene=chat',
    act: async (page) => {
      await page.getByTestId('composer').pressSequentially('Good idea @');
      await page.getByTestId('suggestion').first().waitFor();
    },
  },
  {
    name: 'suggest-commands-dark', query: 'scene=chat&theme=dark',
    act: (page) => page.getByTestId('composer').pressSequentially('/'),
  },
  {
    name: 'suggest-emoji-narrow', query: 'scene=chat', size: { width: 420, height: 760 },
    act: async (page) => {
      await page.getByTestId('composer').pressSequentially('Soup :nood');
      await page.getByTestId('suggestion').first().waitFor();
    },
  },
  {
    name: 'composer-emoji', query: 'scene=chat',
    act: async (page) => {
      await page.getByTestId('composer-emoji').click();
      await page.getByTestId('emoji-search').fill('hand');
    },
  },
  { name: 'switcher', query: 'scene=chat', act: (page) => page.keyboard.press('Control+k') },
  {
    name: 'switcher-dark', query: 'scene=chat&theme=dark',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByTestId('switcher-input').fill('re');
    },
  },
  { name: 'switcher-narrow', query: 'scene=chat', size: { width: 420, height: 760 }, act: (page) => page.keyboard.press('Control+k') },
  { name: 'files-panel', query: 'scene=files', act: filesPanel },
  { name: 'files-panel-dark-german-narrow', query: 'scene=files&theme=dark&language=de', size: narrow, act: filesPanel },
  { name: 'composer-code', query: 'scene=chat', act: (page) => page.getByTestId('composer').fill('Like this:\n```rust\nfn main() {\n    println!("hello");\n}\n```'), wait: 600 },
  { name: 'changed', query: 'scene=changed', act: certificateChanged },
  { name: 'changed-dark', query: 'scene=changed&theme=dark', act: certificateChanged },
  { name: 'changed-refused-german-narrow', query: 'scene=changed&language=de', size: narrow, act: certificateRefused },
  { name: 'changed-arabic', query: 'scene=changed&language=ar', act: certificateChanged },
  { name: 'changed-low-dark-arabic', query: 'scene=changed&language=ar&theme=dark', size: { width: 420, height: 600 }, act: certificateChanged },
  { name: 'settings-hosting', query: 'scene=chat', act: hostingInfo },
  { name: 'inspector', query: 'scene=chat', act: inspect() },
  { name: 'inspector-open-dark', query: 'scene=chat&theme=dark', act: inspect(openEvent) },
  { name: 'inspector-german', query: 'scene=chat&language=de', act: inspect(openEvent) },
  { name: 'inspector-arabic', query: 'scene=chat&language=ar', act: inspect(openEvent) },
  { name: 'inspector-narrow', query: 'scene=chat', size: { width: 420, height: 760 }, act: inspect() },
  { name: 'inspector-narrow-open-dark', query: 'scene=chat&theme=dark', size: { width: 420, height: 760 }, act: inspect(openEvent) },
  { name: 'inspector-links', query: 'scene=chat', act: inspect((page) => page.getByTestId('inspector-tab-links').click()) },
  { name: 'inspector-links-narrow-arabic', query: 'scene=chat&language=ar', size: { width: 420, height: 760 }, act: inspect((page) => page.getByTestId('inspector-tab-links').click()) },
  { name: 'inspector-cheats', query: 'scene=chat', size: tall, act: inspect((page) => page.getByTestId('inspector-tab-cheats').click()) },
  { name: 'inspector-cheats-german-dark-narrow', query: 'scene=chat&theme=dark&language=de', size: { width: 420, height: 760 }, act: inspect((page) => page.getByTestId('inspector-tab-cheats').click()) },
  { name: 'inspector-report', query: 'scene=chat', act: inspect((page) => page.getByTestId('report-open').click()) },
  { name: 'inspector-report-narrow-arabic', query: 'scene=chat&language=ar', size: { width: 420, height: 760 }, act: inspect((page) => page.getByTestId('report-open').click()) },
  { name: 'inspector-busy', query: 'scene=busy', act: inspect(), wait: 2_000 },
  { name: 'keys', query: 'scene=chat', act: (page) => page.keyboard.press('Control+/') },
  { name: 'markdown', query: 'scene=markdown', wait: 1_500, size: tall },
  { name: 'markdown-dark', query: 'scene=markdown&theme=dark', wait: 1_500, size: tall },
  { name: 'markdown-narrow', query: 'scene=markdown', wait: 1_500, size: { width: 420, height: 1_200 } },
  { name: 'long', query: 'scene=long' },
  { name: 'long-narrow', query: 'scene=long', size: narrow },
  { name: 'behind', query: 'scene=behind&unread=150' },
  { name: 'behind-far', query: 'scene=behind&unread=900' },
  { name: 'behind-far-narrow-dark', query: 'scene=behind&unread=900&theme=dark&language=de', size: narrow },
  { name: 'big', query: 'scene=big', act: measureBig },
];

/** Opens the files of the room. */
async function filesPanel(page) {
  await page.getByTestId('room-menu').click();
  await page.getByTestId('files-toggle').click();
  await page.getByTestId('files-item').first().waitFor();
}

/** Looks what is behind an address or a link. */
function enterBy(link) {
  return async (page) => {
    await page.getByTestId('join-address').fill(link);
    await page.getByTestId('join-continue').click();
    await page.getByTestId('trust').waitFor();
  };
}

/** The server shows another certificate than the one that is known. */
function certificateChanged(page) {
  return page.getByTestId('certificate-changed').waitFor();
}

/** And that one is not the one that its host named. */
async function certificateRefused(page) {
  await page.getByTestId('certificate-named').fill(`https://192.168.1.7:7300/join/k3v9q2#${'3f9a'.repeat(16)}`);
  await page.getByTestId('certificate-trust').click();
  await page.getByTestId('error').waitFor();
}

/** Opens the settings where they say who is connected. */
async function hostingInfo(page) {
  await page.keyboard.press('Control+,');
  await page.getByTestId('hosting-connected').waitFor();
  await page.getByTestId('hosting-fingerprint').scrollIntoViewIfNeeded();
}

/** Opens the inspector, and does something there. */
function inspect(then = () => undefined) {
  return async (page) => {
    await page.keyboard.press('Control+Alt+i');
    await page.getByTestId('inspector-row').first().waitFor();
    await then(page);
  };
}

/** Opens one of its events. */
async function openEvent(page) {
  await page.locator('[data-testid=inspector-row][data-event="message:send"]').first().click();
}

/** Scrolls through 10,000 messages and says how many rows were in the page and how far the view ever jumped. */
async function measureBig(page) {
  const figures = await page.evaluate(async () => {
    const scroller = document.querySelector('[data-testid=timeline]');
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
    const topOf = (row) => row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    const topRow = () => [...scroller.querySelectorAll('[data-row]')].find((row) => topOf(row) + row.offsetHeight > 0 && row.querySelector('[data-seq]'));
    let most = 0;
    let worst = 0;
    const times = [];
    for (let i = 0; i < 400; i++) {
      const row = topRow();
      const before = topOf(row);
      scroller.scrollTop -= 240;
      const began = performance.now();
      await frame();
      await frame();
      times.push(Math.round(performance.now() - began));
      if (row.isConnected) worst = Math.max(worst, Math.abs(topOf(row) - before - 240));
      most = Math.max(most, scroller.querySelectorAll('[data-row]').length);
    }
    times.sort((a, b) => a - b);
    return { most, worst, twoFramesMs: { median: times[200], p95: times[380], slowest: times[399] }, first: topRow().querySelector('[data-seq]').dataset.seq };
  });
  console.log('big:', figures);
}

const server = await createServer({ server: { port: 0, strictPort: false }, logLevel: 'error', root: fileURLToPath(new URL('..', import.meta.url)) });
await server.listen();
const origin = `http://localhost:${server.config.server.port || server.httpServer.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
await mkdir(out, { recursive: true });
const wanted = process.argv.slice(2);
let failed = false;
for (const { name, query, path = '/', size = wide, act, wait = 500 } of shots) {
  if (wanted.length > 0 && !wanted.some((part) => name.startsWith(part))) continue;
  const page = await browser.newPage({ viewport: size, colorScheme: 'light' });
  const complain = (text) => {
    failed = true;
    console.error(`${name}: ${text}`);
  };
  page.on('pageerror', (error) => complain(error.message));
  page.on('console', (line) => { if (line.type() === 'error') complain(line.text()); });
  await page.goto(`${origin}${path}?fake&${query}`);
  await page.waitForSelector('[data-testid=layout], [data-testid=start-page], [data-testid=credentials-file]');
  await page.waitForTimeout(wait);
  await act?.(page);
  await page.waitForTimeout(250);
  await page.screenshot({ path: `${out}${name}.png` });
  await page.close();
}
await browser.close();
await server.close();
process.exit(failed ? 1 : 0);
