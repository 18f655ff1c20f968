import { afterEach, describe, expect, it } from 'vitest';

import { refusal } from '../src/lib/error';
import { FakePort, type FakeWorld } from '../src/port/fake';
import { FakeNearby } from '../src/port/fake/nearby';
import { room, serverInfo, signedIn, startOf, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

let page: Page;
afterEach(async () => {
  await page.close();
  localStorage.clear();
  history.replaceState(null, '', '/');
});

const rooms = [room('general'), room('random')];
const fresh = (changes: Parameters<typeof startOf>[0] = {}): FakeWorld => world(rooms, new Map(), startOf(changes));

describe('the keyboard', () => {
  it('is with the first field at once, and nothing takes it away later', async () => {
    page = await Page.open(fresh());
    await page.type('join-address', 'http://192.168.1.7:7300');
    await page.submit('join-continue');
    const login = page.get('sign-in-login') as HTMLInputElement;
    expect(document.activeElement).toBe(login);
    expect(login.autofocus).toBe(false);
  });
});

describe('the first minute', () => {
  it('hosts: asks for a name, starts the server and lands in the room with the composer focused', async () => {
    page = await Page.open(fresh());
    await page.click('host-button');
    await page.type('host-name', '  Ada  ');
    await page.submit('host-submit');
    await page.settled();
    expect(page.port.callsOf('host')).toEqual([['Ada', true]]);
    expect(page.text('room-title')).toBe('general');
    expect(document.activeElement).toBe(page.get('composer'));
    expect(page.get('connection').dataset['state']).toBe('online');
  });

  it('hosts for this computer alone when the host says so', async () => {
    page = await Page.open(fresh());
    await page.click('host-button');
    await page.type('host-name', 'Ada');
    await page.click('host-share');
    await page.submit('host-submit');
    expect(page.port.callsOf('host')).toEqual([['Ada', false]]);
  });

  it('says why hosting failed, and lets one try again', async () => {
    page = await Page.open(fresh());
    await page.click('host-button');
    await page.type('host-name', 'Ada');
    page.port.refuseNext('host', refusal('unavailable', 'No free port was found.'));
    await page.submit('host-submit');
    expect(page.text('error')).toContain('No free port was found.');
    await page.submit('host-submit');
    expect(page.has('layout')).toBe(true);
  });

  it('joins by an invite link with nothing but a name', async () => {
    page = await Page.open(fresh());
    await page.type('join-address', 'http://192.168.1.7:7300/join/k3v9q2');
    await page.submit('join-continue');
    expect(document.querySelector('h1')?.textContent).toBe('Join Northwind');
    await page.type('join-name', 'Zoë');
    await page.submit('join-submit');
    expect(page.port.callsOf('joinAsGuest')).toEqual([['http://192.168.1.7:7300', 'Zoë', 'k3v9q2']]);
    expect(page.has('layout')).toBe(true);
  });

  it('in a browser reads the invite from the address, and clears it once it was used', async () => {
    history.replaceState(null, '', '/join/k3v9q2');
    page = await Page.open(fresh({ can_host: false, can_add: false, credentials: 'browser' }));
    expect(page.has('host-button')).toBe(false);
    await eventually(() => expect(page.get('join-in-app').getAttribute('href')).toMatch(/^confab:\/\/join\/.+:\d+\/k3v9q2$/));
    await page.type('join-name', 'Zoë');
    await page.submit('join-submit');
    expect(page.port.callsOf('joinAsGuest')[0]?.[2]).toBe('k3v9q2');
    expect(location.pathname).toBe('/');
  });

  it('in a browser without an invite offers to sign in, and nothing that the server would refuse', async () => {
    page = await Page.open(fresh({ can_host: false, can_add: false, credentials: 'browser' }));
    expect(page.has('join-guest-tab')).toBe(false);
    expect(page.has('sign-up-tab')).toBe(false);
    await page.type('sign-in-login', 'ada');
    await page.type('sign-in-password', 'correct horse');
    page.port.refuseNext('signIn', refusal('unauthorized', 'That login and password do not fit.'));
    await page.submit('sign-in-submit');
    expect(page.text('error')).toContain('do not fit');
    await page.submit('sign-in-submit');
    expect(page.has('layout')).toBe(true);
  });

  it('sets a fresh server up with its token', async () => {
    page = await Page.open({ ...fresh({ can_host: false, can_add: false, credentials: 'browser' }), server: { ...serverInfo, setup_required: true } });
    await eventually(() => expect(page.has('setup-token')).toBe(true));
    for (const [id, value] of [['token', ' abc '], ['server-name', 'Northwind'], ['name', 'Ada'], ['login', 'ada'], ['password', 'correct horse']]) {
      await page.type(`setup-${id}`, value ?? '');
    }
    await page.submit('setup-submit');
    expect(page.port.callsOf('setUp')).toEqual([['http://192.168.1.7:7300', 'abc', 'Northwind', 'ada', 'Ada', 'correct horse']]);
    expect(page.has('layout')).toBe(true);
  });

  it('asks where to keep the sign-in when there is no keyring, before anything else', async () => {
    page = await Page.open(fresh({ credentials: 'ask' }));
    expect(page.has('host-button')).toBe(false);
    await page.click('credentials-memory');
    expect(page.port.callsOf('chooseCredentialStore')).toEqual([['memory']]);
    expect(page.has('host-button')).toBe(true);
  });

  it('comes back to the place that was open last', async () => {
    const start = signedIn({ workspace: 'general', room: 'r-random' });
    page = await Page.open(world(rooms, new Map(), start));
    expect(page.text('room-title')).toBe('random');
  });

  it('does not use an invite link for somebody who is signed in, and says why', async () => {
    history.replaceState(null, '', '/join/k3v9q2');
    page = await Page.open(world(rooms, new Map()));
    expect(page.text('notice')).toContain('You are signed in as Ada Okafor.');
    expect(location.pathname).toBe('/');
    expect(page.port.callsOf('probe')).toEqual([]);
  });

  it('offers a guest nothing that the server would refuse', async () => {
    const built = world(rooms, new Map());
    const [main] = built.workspaces;
    if (main) main.me = { ...main.me, role: 'guest', guest: true };
    built.user = { ...built.user, role: 'guest', guest: true };
    built.start.accounts = [{ key: 'first', account: { address: 'http://h', server_name: 'H', user: built.user }, place: { workspace: null, room: null } }];
    page = await Page.open(built);
    await page.click('members-toggle');
    for (const testid of ['create-workspace', 'create-room', 'browse-rooms', 'new-direct', 'invite-to-room', 'member-direct-bo']) {
      expect(page.has(testid), testid).toBe(false);
    }
  });

  it('says so when the app cannot start, and tries again', async () => {
    const built = fresh();
    page = await Page.open(built);
    page.port.refuseNext('start', refusal('unavailable', 'The server does not answer.'));
    await page.servers.start();
    await page.settled();
    expect(page.text('error')).toContain('does not answer');
    document.querySelector<HTMLElement>('.btn-primary')?.click();
    await page.settled();
    expect(page.has('start-page')).toBe(true);
  });

  it('signs out to the start page, and tells why when the session was ended elsewhere', async () => {
    page = await Page.open(world(rooms, new Map()));
    await page.type('composer', 'half a thought');
    expect(Object.keys(localStorage).filter((key) => key.startsWith('confab.draft'))).toHaveLength(1);
    page.port.emit({ type: 'signed_out', error: refusal('unauthorized', 'This session was ended.') });
    await page.settled();
    expect(page.text('error')).toContain('This session was ended.');
    expect(Object.keys(localStorage)).toHaveLength(0);
  });
});

describe('on this network', () => {
  const grace = { name: "Grace's Confab", address: 'http://192.168.1.7:7300', version: '0.1.0' };
  let port: FakePort;
  let nearby: FakeNearby;

  async function open(changes: Parameters<typeof startOf>[0] = {}): Promise<void> {
    port = new FakePort(fresh(changes));
    port.nearby = nearby = new FakeNearby(port);
    page = await Page.open(port);
    await eventually(() => expect(page.has('nearby')).toBe(true));
  }

  it('lists servers as they come and go, and one is joined by a click', async () => {
    await open();
    expect(page.text('nearby')).toContain('Looking…');
    nearby.see([grace]);
    await page.settled();
    expect(page.text('nearby-server')).toContain("Grace's Confab");
    expect(page.text('nearby-server')).toContain('192.168.1.7:7300');
    nearby.see([]);
    await page.settled();
    expect(page.all('nearby-server')).toHaveLength(0);
    nearby.see([grace]);
    await page.settled();
    await page.click('nearby-server');
    expect(port.callsOf('probe')).toEqual([['http://192.168.1.7:7300']]);
    expect(page.text('join-server')).toContain('http://192.168.1.7:7300');
    expect(nearby.watched).toBe(false);
  });

  it('says why a server may not be seen', async () => {
    await open();
    await page.click('nearby-why');
    nearby.result = { networks: ['192.168.1.20/24'], tunnel: 'wg0', refused: null, heard: 0, server: 'other_network' };
    await page.type('nearby-address', ' 10.0.0.7 ');
    await page.submit('nearby-check');
    expect(nearby.asked).toEqual(['10.0.0.7']);
    const said = page.all('nearby-finding').map((finding) => finding.textContent);
    expect(said[0]).toContain('192.168.1.20/24');
    for (const part of ['client isolation', 'A VPN is on (wg0)', 'another network', 'Let others on this network join']) {
      expect(said.join(' ')).toContain(part);
    }
    nearby.result = { networks: [], tunnel: null, refused: 'Permission denied', heard: 0, server: null };
    await page.type('nearby-address', '');
    await page.submit('nearby-check');
    expect(nearby.asked.at(-1)).toBeUndefined();
    expect(page.text('nearby')).toContain('on no network');
    expect(page.text('nearby')).toContain('Permission denied');
  });

  it('joins by an address that answers', async () => {
    await open();
    await page.click('nearby-why');
    nearby.result = { ...nearby.result, server: 'yes' };
    await page.type('nearby-address', '192.168.1.9');
    await page.submit('nearby-check');
    await page.click('nearby-use');
    expect(port.callsOf('probe')).toEqual([['192.168.1.9']]);
  });

  it('says that it does not look where it may not', async () => {
    port = new FakePort(fresh());
    port.nearby = { watch: () => Promise.reject(refusal('unavailable', 'CONFAB_NEARBY is off.')), check: () => Promise.reject(refusal('unavailable', 'off')) };
    page = await Page.open(port);
    await eventually(() => expect(page.text('nearby')).toContain('CONFAB_NEARBY is off.'));
    expect(page.all('nearby-why')).toHaveLength(0);
  });

  it('is not there in a browser', async () => {
    page = await Page.open(fresh());
    expect(page.all('nearby')).toHaveLength(0);
  });
});
