import { afterEach, expect, it, vi } from 'vitest';

import { scene } from '../src/port/fake/scenes';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;
afterEach(async () => {
  await page.close();
  localStorage.clear();
});

// On a busy machine an app is drawn a second after its page was asked for.
it.each([
  ['scene=chat', () => page.text('typing').includes('Bo')],
  ['scene=offline', () => page.text('connection').includes('Offline')],
  ['scene=changed', () => page.has('certificate-changed')],
  ['scene=servers&gone', () => page.servers.list.some((account) => account.connection === 'offline')],
])('what happens in %s also happens to an app that is slow to start', async (query, happened) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const port = scene(new URLSearchParams(query));
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
  page = await Page.open(port);
  await eventually(() => expect(happened()).toBe(true));
});
