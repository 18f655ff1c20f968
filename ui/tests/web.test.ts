// What the port of a browser says about the server that served the page.

import 'fake-indexeddb/auto';
import { afterEach, expect, it, vi } from 'vitest';

import { serverInfo } from '../src/port/fake/world';
import { WebPort } from '../src/port/web';

afterEach(() => vi.unstubAllGlobals());

it.each([['http://chat.test:7300', 'clear'], ['https://chat.test', 'signed']])('the browser has judged the certificate of %s by itself', async (origin, kind) => {
  vi.stubGlobal('location', { origin });
  vi.stubGlobal('fetch', async (path: string) => Response.json(path.includes('/invites/') ? { workspace_name: 'Northwind' } : serverInfo));
  const port = new WebPort();
  expect(await port.probe(`${origin}/`)).toEqual({ address: origin, entry: origin, trust: { kind }, invite: null, workspace_name: null, server: serverInfo });
  expect(await port.probe(`${origin}/join/k3v9q2`)).toMatchObject({ entry: origin, trust: { kind }, invite: 'k3v9q2', workspace_name: 'Northwind' });
  expect(port.trust).toBeNull();
});
