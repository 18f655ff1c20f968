import { describe, expect, it } from 'vitest';

import { appLink } from '../src/lib/applink';
import { initials, listed, roomName, slugOf } from '../src/lib/names';
import { deviceName } from '../src/lib/device';
import { dayName, fromNow, lately } from '../src/lib/time';
import { refusal } from '../src/lib/error';
import { Api } from '../src/port/web/http';
import { uuid7 } from '../src/port/web/uuid';
import { leadsTo } from '../src/state/links';

describe('names and times', () => {
  it('makes initials, lists, slugs and room names', () => {
    expect([initials('Ada Okafor'), initials('x'), initials('  '), initials('éa')]).toEqual(['AO', 'X', '?', 'É']);
    expect(listed(['A', 'B', 'C', 'D'])).toBe('A, B and 2 others');
    expect(slugOf('Große Runde & Co.')).toBe('gro-e-runde-co');
    expect(roomName('_Release Party! 2')).toBe('release-party-2');
  });

  it('leads from an invite link in a browser into the app, with the port and the fingerprint', () => {
    const from = (href: string): string => appLink(new URL(href), 'k3v9q2');
    const pin = `#${'5c'.repeat(32)}`;
    expect(from(`https://192.168.1.7:7300/join/k3v9q2${pin}`)).toBe(`confab://join/192.168.1.7:7300/k3v9q2${pin}`);
    expect(from('http://box:7300/join/k3v9q2#top')).toBe('confab://join/box:7300/k3v9q2');
    expect(from('https://chat.example/join/k3v9q2')).toBe('confab://join/chat.example:443/k3v9q2');
    expect(from('http://[::1]/join/k3v9q2')).toBe('confab://join/[::1]:80/k3v9q2');
  });

  it('says days and distances', () => {
    const now = new Date(2026, 10, 21, 12);
    expect(dayName(new Date(2026, 10, 21, 1).toISOString(), now)).toBe('Today');
    expect(dayName(new Date(2026, 10, 20, 23).toISOString(), now)).toBe('Yesterday');
    expect(lately(new Date(2026, 10, 20, 23, 5).toISOString(), now)).toMatch(/^yesterday .*05/);
    expect(lately(new Date(2026, 10, 12, 23, 5).toISOString(), now)).toBe(dayName(new Date(2026, 10, 12).toISOString(), now));
    expect(fromNow(new Date(now.getTime() + 7 * 86_400_000).toISOString(), now.getTime())).toMatch(/7/);
  });
});

describe('the web back end', () => {
  it('makes ids that sort by age and are UUIDs of version 7', () => {
    const ids = [1, 2 ** 33, 1_795_000_000_000].map((now) => uuid7(now));
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });

  it('asks for a cookie when it signs in, and passes refusals on', async () => {
    const calls: [string, RequestInit | undefined][] = [];
    const answers = [
      { status: 201, body: { ok: true, token: 'secret', user: { id: 'u' } } },
      { status: 200, body: { name: 'Here' } },
      { status: 409, body: { ok: false, error: refusal('conflict', 'Taken.') } },
      { status: 502, body: 'oops' },
    ];
    const api = new Api('http://h', async (url, init) => {
      calls.push([String(url), init]);
      const { status, body } = answers[calls.length - 1] ?? { status: 500, body: null };
      return new Response(JSON.stringify(body), { status });
    });
    expect(await api.beginSession('/sessions', { login: 'ada' })).toEqual({ address: 'http://h', server_name: 'Here', user: { id: 'u' } });
    expect(calls[0]?.[0]).toBe('http://h/api/v1/sessions');
    expect(new Headers(calls[0]?.[1]?.headers).get('X-Confab-Session')).toBe('cookie');
    await expect(api.me()).rejects.toEqual(refusal('conflict', 'Taken.'));
    await expect(api.me()).rejects.toMatchObject({ code: 'unavailable' });
    const dead = new Api('http://h', () => Promise.reject(new TypeError('network')));
    await expect(dead.me()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('names of devices', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  it.each([
    [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/156.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`, 'Edge on Windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0', 'Firefox on macOS'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Safari/604.1', 'Safari on iPhone'],
    ['Mozilla/5.0 (Linux; Android 16) Chrome/156.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['Mozilla/4.0', 'Browser'],
    ["Confab on Ada's laptop", "Confab on Ada's laptop"],
  ])('%s', (agent, name) => {
    expect(deviceName(agent)).toBe(name);
  });
});

it('a link is of a server by its host and port, however it is written', () => {
  const server = 'http://host:7300';
  for (const link of ['host', ' HOST ', 'host:7300/', 'http://host:7300/join/abc?x', 'confab://join/host/abc', 'confab://join/host:7300/abc#3f9a']) {
    expect(leadsTo(link, server), link).toBe(true);
  }
  for (const link of ['', 'host:80', 'http://host', 'https://host/join/abc', 'other', 'confab://join/', 'confab://join/host:1/abc', 'http://u@other:7300/host:7300']) {
    expect(leadsTo(link, server), link).toBe(false);
  }
  expect(leadsTo('https://chat.example.org/join/abc', 'https://chat.example.org:443')).toBe(true);
  expect(leadsTo('[::1]', 'http://[::1]:7300')).toBe(true);
});

it('the keyboard is never given by the attribute, which some browsers obey only with the next frame', () => {
  const sources = import.meta.glob<string>('../src/**/*.svelte', { query: '?raw', import: 'default', eager: true });
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(Object.keys(sources).filter((path) => /\sautofocus\b/.test(sources[path] ?? ''))).toEqual([]);
});
