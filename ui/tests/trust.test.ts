import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Trust } from '../src/bindings';
import { refusal, type Refusal } from '../src/lib/error';
import { locale } from '../src/lib/locale/locale.svelte';
import { FakePort } from '../src/port/fake';
import { elsewhere, fingerprint, onBoth, room, serverInfo, startOf, world } from '../src/port/fake/world';
import { eventually } from './eventually';
import { Page } from './page';

const address = 'https://192.168.1.7:7300';
const another = 'c041'.repeat(16);
const changed: Refusal = { code: 'forbidden', message: `The server shows ${another}.`, cause: 'certificate_changed' };

let page: Page;
let port: FakePort;
afterEach(async () => {
  await page.close();
  localStorage.clear();
  history.replaceState(null, '', '/');
  await locale.use('en');
});

/** The page of a server that was looked up. */
async function lookUp(trust: Trust, at = address, link = at): Promise<void> {
  port = new FakePort(world([room('general')], new Map(), startOf()), 'first', at);
  port.proof = trust;
  page = await Page.open(port);
  await page.type('join-address', link);
  await page.submit('join-continue');
}

const shown = (): (string | undefined)[] => page.all('trust').map((line) => line.dataset['kind']);

describe('before anybody signs in', () => {
  it('says that others can read along, unless the server is on this computer', async () => {
    await lookUp({ kind: 'clear' }, 'http://192.168.1.7:7300');
    expect([shown(), page.text('trust')]).toEqual([['clear'], 'Not encrypted: whoever is on this network can read along.']);
    await page.type('sign-in-login', 'ada');
    await page.type('sign-in-password', 'correct horse');
    await page.submit('sign-in-submit');
    expect(port.callsOf('signIn')).toEqual([['http://192.168.1.7:7300', 'ada', 'correct horse']]);
  });

  it.each(['http://127.0.0.1:7300', 'http://localhost:7300', 'http://[::1]:7300'])('has nothing to say of %s', async (here) => {
    await lookUp({ kind: 'clear' }, here);
    expect([shown(), page.has('sign-in-login')]).toEqual([[], true]);
  });

  it.each(['http://localhost.example.org:7300', 'http://127.example.org:7300'])('is not taken in by %s', async (elsewhere) => {
    await lookUp({ kind: 'clear' }, elsewhere);
    expect(shown()).toEqual(['clear']);
  });

  it('says that it is encrypted', async () => {
    await lookUp({ kind: 'signed' });
    expect([shown(), page.text('trust')]).toEqual([['signed'], 'Encrypted']);
  });

  it('goes in by the certificate that the link names', async () => {
    await lookUp({ kind: 'unknown', fingerprint: another }, address, `${address}/join/k3v9q2#${fingerprint}`);
    expect([shown(), page.text('trust')]).toEqual([['vouched'], 'Encrypted, with the certificate that the link names']);
    expect(page.text('join-server')).toBe(`Ada's computer ${address}`);
    await page.type('join-name', 'Zoë');
    await page.submit('join-submit');
    expect(port.callsOf('joinAsGuest')).toEqual([[`${address}#${fingerprint}`, 'Zoë', 'k3v9q2']]);
  });

  it('shows the fingerprint that nobody vouches for, and goes in by that certificate only', async () => {
    await lookUp({ kind: 'unknown', fingerprint }, address, `${address}/join/k3v9q2`);
    expect(shown()).toEqual(['unknown']);
    expect(page.text('trust')).toContain('Before you join, compare its fingerprint');
    const print = page.get('fingerprint');
    // Copied, it has no spaces; it is looked at in groups.
    expect(print.textContent).toBe(fingerprint);
    expect([...print.children].map((group) => group.textContent)).toEqual(fingerprint.match(/.{4}/g));
    expect([print.dir, print.getAttribute('aria-label')]).toEqual(['ltr', 'Fingerprint of this server’s certificate']);
    const about = page.get('join-submit').getAttribute('aria-describedby') ?? '';
    expect(document.getElementById(about)?.textContent).toContain('Nobody vouches');
    await page.click('sign-up-tab');
    await page.type('sign-up-login', 'zoe');
    await page.type('sign-up-name', 'Zoë');
    await page.type('sign-up-password', 'correct horse');
    await page.submit('sign-up-submit');
    expect(port.callsOf('signUp')).toEqual([[`${address}#${fingerprint}`, 'zoe', 'Zoë', 'correct horse', 'k3v9q2']]);
  });

  it('also before somebody sets a server up', async () => {
    port = new FakePort({ ...world([], new Map(), startOf({ can_host: false })), server: { ...serverInfo, setup_required: true } }, 'first', address);
    port.proof = { kind: 'unknown', fingerprint };
    page = await Page.open(port);
    await eventually(() => expect(page.has('setup-token')).toBe(true));
    expect(page.text('trust')).toContain('the one that it printed when it started');
    for (const id of ['token', 'server-name', 'name', 'login', 'password']) await page.type(`setup-${id}`, 'something');
    await page.submit('setup-submit');
    expect(port.callsOf('setUp')[0]?.[0]).toBe(`${address}#${fingerprint}`);
  });
});

describe('a server with another certificate than the one that is known', () => {
  const tell = async (error: Refusal | null = changed): Promise<void> => {
    port.emit({ type: 'link', namespace: '/', state: error ? { is: 'refused', error } : { is: 'live' } });
    await page.settled();
  };
  const there = (): Promise<void> => eventually(() => expect(page.has('certificate-changed')).toBe(true));

  beforeEach(async () => {
    port = new FakePort(world([room('general', { head: 1, read: 1 }), room('random')], new Map([['r-general', []]])));
    page = await Page.open(port);
    port.say('r-general', 'u-bo', 'kept from before');
    await page.settled();
  });

  it('is told in plain words, over what is kept, and takes the keyboard from nobody', async () => {
    await page.type('composer', 'half a thought');
    expect(document.activeElement).toBe(page.get('composer'));
    await tell();
    await there();
    const alert = page.get('certificate-changed').querySelector('[role=alert]');
    expect(alert?.querySelector('h2')?.textContent).toContain('This is not the server that you know');
    expect(alert?.textContent).toContain("Ada's computer shows another certificate than before.");
    expect(page.text('certificate-changed')).not.toContain(another);
    expect(page.messages().map(({ text }) => text)).toEqual(['kept from before']);
    expect(document.activeElement).toBe(page.get('composer'));
    expect((page.get('composer') as HTMLTextAreaElement).value).toBe('half a thought');
  });

  it('stays while the link is tried again, with what is typed, and goes when the link is live', async () => {
    const ping = vi.spyOn(port.inspector, 'ping');
    await tell();
    await there();
    await page.type('certificate-named', '3f9a');
    await page.click('certificate-retry');
    expect(ping).toHaveBeenCalledOnce();
    port.emit({ type: 'link', namespace: '/', state: { is: 'connecting' } });
    await page.settled();
    expect([page.text('certificate-retry'), (page.get('certificate-named') as HTMLInputElement).value]).toEqual(['Connecting…', '3f9a']);
    await tell();
    expect((page.get('certificate-named') as HTMLInputElement).value).toBe('3f9a');
    await tell(null);
    expect(page.has('certificate-changed')).toBe(false);
  });

  it('is trusted by what its host names, however that is written', async () => {
    await tell();
    await there();
    expect((page.get('certificate-trust') as HTMLButtonElement).disabled).toBe(true);
    await page.type('certificate-named', ` ${fingerprint.match(/.{4}/g)?.join(' ')}\n`);
    const before = page.app;
    await page.submit('certificate-trust');
    expect(port.callsOf('trust')).toEqual([[fingerprint]]);
    expect(page.app).not.toBe(before);
    expect([page.has('certificate-changed'), page.get('connection').dataset['state'], page.text('room-title')]).toEqual([false, 'online', 'general']);
  });

  it('says why what was put in is not enough, and shows nothing that could be put in instead', async () => {
    await tell();
    await there();
    await page.type('certificate-named', 'what?');
    port.refuseNext('trust', { ...refusal('bad_request', 'There is no fingerprint in that.'), cause: 'invite_link' });
    await page.submit('certificate-trust');
    expect(page.text('error')).toBe('There is no fingerprint in that.');
    await page.type('certificate-named', `${address}/join/abc#${fingerprint}`);
    port.refuseNext('trust', changed);
    await page.submit('certificate-trust');
    expect(page.text('error')).toContain('That is not the certificate that the server shows.');
    expect(page.text('certificate-changed')).not.toContain(another);
    expect(port.callsOf('trust').at(-1)).toEqual([`${address}/join/abc#${fingerprint}`]);
  });

  it('is told of no other refusal, and not of the links to workspaces', async () => {
    await tell({ code: 'forbidden', message: 'Too old.' });
    port.emit({ type: 'link', namespace: '/general', state: { is: 'refused', error: changed } });
    await page.settled();
    await import('../src/features/trust/CertificateChanged.svelte');
    await page.settled();
    expect([page.app.certificateChanged, page.has('certificate-changed')]).toEqual([false, false]);
  });
});

it('another certificate on one server leaves the other one alone', async () => {
  port = new FakePort(world([room('general')], new Map()));
  const second = elsewhere([room('general')]);
  page = await Page.open(onBoth(port, second));
  second.emit({ type: 'link', namespace: '/', state: { is: 'refused', error: changed } });
  await page.settled();
  expect(page.servers.list.map((app) => app.certificateChanged)).toEqual([false, true]);
  page.servers.bringForward('second');
  await eventually(() => expect(page.text('certificate-changed')).toContain('Lab shows another certificate'));
});

it('a host reads the fingerprint in the settings', async () => {
  const made = world([room('general')], new Map());
  const here = made.start.accounts[0]?.account.address ?? '';
  made.start.hosting = made.hosting = { address: here, network: [address], fingerprint };
  page = await Page.open(made);
  page.app.dialog = 'settings';
  await eventually(() => expect(page.has('fingerprint')).toBe(true));
  expect(page.get('fingerprint').textContent).toBe(fingerprint);
  expect(page.text('hosting-fingerprint')).toContain('Invite links carry it.');
  expect(page.text('hosting-address')).toBe(address);
});
