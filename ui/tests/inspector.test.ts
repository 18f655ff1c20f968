// The inspector: what is shown of a body, what a browser's tap records, the filter, and the panel over a scripted back end.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import vectors from '../../protocol/vectors/redact.json';
import type { EventRecord, Update } from '../src/bindings';
import { CHEATS } from '../src/features/inspector/cheats';
import { filterOf, type Seen } from '../src/features/inspector/filter';
import { FakeDesktop } from '../src/port/fake/desktop';
import { chatter, room, signedIn, world } from '../src/port/fake/world';
import { Redactor } from '../src/port/web/redact';
import { inspection, Tap } from '../src/port/web/tap';
import { eventually } from './eventually';
import { Page } from './page';
import { Chance } from './random';

const TOKEN = 'q2_Zx8-LkP0vVtY7mB3nC5dF1gH9jK4sA6wE2rTuIoM';

describe('what is shown of a body', () => {
  interface Case { about: string; body: unknown; covered: unknown; full: unknown }
  const { secrets, cases } = vectors as { secrets: string[]; cases: Case[] };

  it.each(cases)('is what the table says: $about', ({ body, covered, full }) => {
    const redactor = new Redactor(secrets);
    expect(redactor.shown(body, false)).toEqual(covered);
    expect(redactor.shown(body, true)).toEqual(full);
  });

  it('never has a token, wherever it stands', () => {
    const chance = new Chance(7);
    const pick = <T>(from: readonly T[]): T => from[chance.below(from.length)] as T;
    const word = (): string => Array.from({ length: chance.below(12) }, () => pick([...'aZ9_-./ ‹é🍜'])).join('');
    const text = (): string => pick([TOKEN, word() + TOKEN, TOKEN + word(), `${'x '.repeat(chance.below(1_100))}${TOKEN}`, word()]);
    const body = (depth: number): unknown => {
      const kind = depth === 0 ? 2 : chance.below(3);
      if (kind === 0) return Array.from({ length: 4 }, () => body(depth - 1));
      if (kind === 1) return Object.fromEntries(Array.from({ length: 4 }, () => [pick(['text', 'room', 'id', 'token', 'code', 'message', '__proto__', text()]), body(depth - 1)]));
      return text();
    };
    for (let n = 0; n < 400; n++) {
      const shown = JSON.stringify(new Redactor(n % 2 ? [TOKEN] : []).shown(body(3), n % 3 > 0));
      expect(shown).not.toContain(TOKEN);
    }
  });

  it('is a part of a page of the log', () => {
    const entries = Array.from({ length: 500 }, (_, seq) => ({ seq, kind: 'message', text: 'x' }));
    const { entries: shown } = new Redactor().shown({ entries }, false) as { entries: unknown[] };
    expect(shown.length).toBeLessThan(120);
    expect(shown.at(-1)).toBe('‹more›');
  });
});

describe('the tap of a browser', () => {
  type Any = (...args: unknown[]) => void;

  /** As much of a socket as a tap hangs on to. */
  class Socket {
    readonly heard = new Set<Any>();
    readonly sent = new Set<Any>();
    onAny = (listener: Any): void => void this.heard.add(listener);
    offAny = (listener: Any): void => void this.heard.delete(listener);
    onAnyOutgoing = (listener: Any): void => void this.sent.add(listener);
    offAnyOutgoing = (listener: Any): void => void this.sent.delete(listener);
    push(event: string, body: unknown): void {
      for (const listener of this.heard) listener(event, body);
    }
    emit(event: string, body: unknown): void {
      for (const listener of this.sent) listener(event, body);
    }
  }

  let told: Extract<Update, { type: 'inspected' }>[];
  let tap: Tap;
  let socket: Socket;
  const records = (): EventRecord[] => told.flatMap(({ records }) => records);

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    tap = new Tap((update) => { if (update.type === 'inspected') told.push(update); });
    socket = new Socket();
    tap.attach('/w', socket as never);
  });
  afterEach(() => void vi.useRealTimers());

  it('records what goes by, with its room and its size, and the time of an answer', async () => {
    let answer: (body: unknown) => void = () => undefined;
    const asked = tap.asked(() => {
      socket.emit('message:send', { room: 'r1', cid: 'c1', text: 'between us' });
      return new Promise((resolve) => (answer = resolve));
    });
    socket.push('room:entry', { room: 'r1', seq: 4, text: 'psst' });
    vi.advanceTimersByTime(40);
    answer({ ok: true, seq: 5 });
    expect(await asked).toEqual({ ok: true, seq: 5 });
    const refused = { ok: false, error: { code: 'not_found', message: 'There is nothing here.' } };
    await tap.asked(async () => { socket.emit('room:join', { room: 'r2' }); return refused; });
    vi.advanceTimersByTime(100);
    expect(records().map(({ direction, event, room, answer: of }) => [direction, event, room, of?.event])).toEqual([
      ['out', 'message:send', 'r1', undefined], ['in', 'room:entry', 'r1', undefined], ['in', 'ack', 'r1', 'message:send'], ['out', 'room:join', 'r2', undefined], ['in', 'ack', 'r2', 'room:join'],
    ]);
    const [send, entry, ack, , no] = records();
    expect(ack?.answer).toMatchObject({ request: send?.id, took_us: 40_000 });
    expect(no?.answer?.refused).toBe('not_found');
    expect(JSON.parse(entry?.body ?? '')).toEqual({ room: 'r1', seq: 4, text: '‹4 characters›' });
    expect([send?.bytes, send?.full]).toEqual([JSON.stringify({ room: 'r1', cid: 'c1', text: 'between us' }).length, undefined]);
  });

  it('shows texts when asked for them, and no token', () => {
    tap.texts = true;
    socket.push(TOKEN, { room: 'r1', text: `mine is ${TOKEN}`, token: 'abc' });
    tap.noted({ namespace: '/w', at: '', change: { is: 'down', why: `GET /?token=${TOKEN}` } });
    vi.advanceTimersByTime(100);
    expect(JSON.parse(records()[0]?.full ?? '')).toEqual({ room: 'r1', text: 'mine is ‹secret›', token: '‹secret›' });
    expect(JSON.stringify(told)).not.toContain(TOKEN);
    expect(JSON.stringify(inspection('c', [{ namespace: '/', at: '', change: { is: 'down', why: TOKEN } }]))).not.toContain(TOKEN);
  });

  it('tells at most ten times a second, and keeps a bounded log until then', () => {
    for (let n = 0; n < 5_000; n++) socket.push('presence:changed', { user: 'u', n });
    vi.advanceTimersByTime(99);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect([told.length, records().length, told[0]?.missed]).toEqual([1, 2_000, 3_000]);
    socket.push('presence:changed', { user: 'u' });
    vi.advanceTimersByTime(100);
    expect([told.length, told[1]?.missed]).toEqual([2, 0]);
  });

  it('hangs on to nothing once it is closed, and on to each socket once', async () => {
    tap.attach('/w', socket as never);
    expect([socket.heard.size, socket.sent.size]).toEqual([1, 1]);
    let answer: (body: unknown) => void = () => undefined;
    const asked = tap.asked(() => { socket.emit('link:ping', {}); return new Promise((resolve) => (answer = resolve)); });
    tap.close();
    expect([socket.heard.size, socket.sent.size]).toEqual([0, 0]);
    answer({ ok: true });
    await asked;
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([]);
  });
});

describe('the filter', () => {
  const record = (changes: Partial<EventRecord>): EventRecord => ({ id: 1, at: '', direction: 'in', namespace: '/', event: 'room:entry', bytes: 2, body: '{}', ...changes });
  const seen = (changes: Partial<EventRecord>, room = '', answered?: EventRecord['answer']): Seen => ({ record: record(changes), room, answered });
  const all = [
    seen({ event: 'message:send', direction: 'out', room: 'r1', namespace: '/general', body: '{"cid":"c-77"}' }, 'Random'),
    seen({ event: 'ack', answer: { request: 1, event: 'message:send', took_us: 5 } }),
    seen({ event: 'room:join', direction: 'out', namespace: '/general' }, '', { request: 2, event: 'room:join', took_us: 5, refused: 'not_found' }),
    seen({ event: 'typing:changed', namespace: '/lab' }),
  ];
  const found = (typed: string): number[] => all.flatMap((one, at) => (filterOf(typed)(one) ? [at] : []));

  it.each([
    ['', [0, 1, 2, 3]], ['  ', [0, 1, 2, 3]], ['event:message', [0, 1]], ['event:message:send in', [1]], ['ns:/general', [0, 2]], ['room:rand', [0]], ['room:R1', [0]],
    ['in', [1, 3]], ['out -event:message', [2]], ['refused', [2]], ['-refused -in', [0]], ['c-77', [0]], ['event:', []], ['constructor', []], ['-', [0, 1, 2, 3]],
  ])('%s', (typed, wanted) => expect(found(typed)).toEqual(wanted));
});

describe('the panel', () => {
  let page: Page;
  beforeEach(async () => {
    const made = world([room('general', { head: 3, read: 3 }), room('random')], new Map([['r-general', chatter(3, new Date('2026-01-05T12:00:00Z'))]]));
    made.start = signedIn({ workspace: 'general', room: null });
    page = await Page.open(made);
  });
  afterEach(async () => {
    await page.close();
    localStorage.clear();
  });

  const press = async (code: string, more: KeyboardEventInit = {}): Promise<void> => {
    (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key: code === 'KeyI' ? 'i' : code, code, bubbles: true, cancelable: true, ...more }));
    await page.settled();
  };
  const open = async (): Promise<void> => {
    await press('KeyI', { ctrlKey: true, altKey: true });
    await eventually(async () => { await page.settled(); expect(page.has('inspector-row')).toBe(true); });
  };
  const rows = (): (string | undefined)[] => page.all('inspector-row').map((row) => row.dataset['event']);
  const rowOf = (event: string): HTMLElement => {
    const found = page.all('inspector-row').find((row) => row.dataset['event'] === event);
    if (!found) throw new Error(`no ${event}`);
    return found;
  };

  it('opens with its keys and closes with Escape, and whoever had the keyboard has it again', async () => {
    page.get('composer').focus();
    await open();
    expect(page.get('inspector-tab-events')).toBe(document.activeElement);
    expect(page.port.inspector.opened).toBe(true);
    await press('ArrowRight');
    expect([page.get('inspector-tab-links'), page.get('inspector-tab-links').getAttribute('aria-selected')]).toEqual([document.activeElement, 'true']);
    await press('Escape');
    expect([page.has('inspector'), page.port.inspector.opened]).toEqual([false, false]);
    expect(page.get('composer')).toBe(document.activeElement);
    // A browser's own tools; and a letter of some keyboards.
    await press('KeyI', { ctrlKey: true, shiftKey: true });
    await press('KeyI', { ctrlKey: true, altKey: true, modifierAltGraph: true });
    expect(page.has('inspector')).toBe(false);
  });

  it('opens from the menu of the workspace, from the switcher, and in the app with Ctrl+Shift+I', async () => {
    await page.click('workspace-menu');
    await page.click('inspector-open');
    expect(page.app.inspecting).toBe(true);
    page.app.inspecting = false;
    await press('k', { key: 'k', ctrlKey: true });
    await page.type('switcher-input', '>inspec');
    await page.press('switcher-input', 'Enter');
    expect(page.app.inspecting).toBe(true);
    page.app.inspecting = false;
    Object.assign(page.port, { desktop: new FakeDesktop() });
    await press('KeyI', { ctrlKey: true, shiftKey: true });
    expect(page.app.inspecting).toBe(true);
  });

  it('shows events with room and time of the answer, and their bodies covered until asked', async () => {
    await open();
    expect(rows()).toContain('message:send');
    const cells = [...rowOf('message:send').querySelectorAll('[role=gridcell]')].map((cell) => cell.textContent?.trim());
    expect([cells[2], cells[3], cells[6]]).toEqual(['/general', 'general', '6.8']);
    rowOf('room:entry').click();
    await page.settled();
    expect(page.text('inspector-json')).toContain('‹22 characters›');
    await page.click('inspector-texts');
    page.port.inspector.push('/general', 'room:entry', { room: 'r-general', text: 'psst, a secret token' });
    await page.type('inspector-filter', 'psst');
    expect(rows()).toEqual(['room:entry']);
    rowOf('room:entry').click();
    await page.settled();
    expect(page.text('inspector-json')).toContain('psst, ‹secret›');
    // Turned off again, what was shown is shown no longer.
    await page.click('inspector-texts');
    expect([rows(), page.text('inspector-json').includes('psst')]).toEqual([[], false]);
  });

  it('filters, pauses, clears and saves', async () => {
    await open();
    await page.type('inspector-filter', 'event:message out');
    expect(rows()).toEqual(['message:send']);
    expect(page.text('inspector-count')).toBe('1 of 20 events');
    await page.click('inspector-save');
    const [name, text] = [...page.port.inspector.saved][0] ?? [];
    expect(name).toMatch(/^confab-events-[\dT-]+\.json$/);
    expect(JSON.parse(text ?? '')).toMatchObject([{ event: 'message:send', room_name: 'general', answered: { took_us: 6_750 }, body: { text: '‹9 characters›' } }]);
    await page.type('inspector-filter', '');
    await page.click('inspector-pause');
    page.port.inspector.push('/general', 'member:joined', {});
    await page.settled();
    expect([rows().includes('member:joined'), page.text('inspector-count')]).toEqual([false, 'Paused, and 1 event since']);
    await page.click('inspector-pause');
    expect(rows()).toContain('member:joined');
    await page.click('inspector-clear');
    expect([rows(), page.text('inspector-count')]).toEqual([[], '0 events']);
  });

  it('draws a window of two thousand events, and the keyboard goes through them', async () => {
    await open();
    for (let batch = 0; batch < 30; batch++) {
      page.port.inspector.tell(Array.from({ length: 100 }, (_, n) => ({
        id: 1_000 + batch * 100 + n, at: '2026-01-05T12:00:00.000Z', direction: 'in' as const, namespace: '/general', event: 'presence:changed', bytes: 2, body: `{"n":${batch * 100 + n}}`,
      })));
    }
    await page.settled();
    expect(page.text('inspector-count')).toBe('2,000 events');
    expect(rows().length).toBeLessThan(100);
    page.get('inspector-list').focus();
    await press('Home');
    await press('ArrowDown');
    await press('Enter');
    expect(page.text('inspector-json')).toContain('"n": 1001');
    await press('ArrowDown');
    expect(page.text('inspector-json')).toContain('"n": 1002');
    expect(page.get('inspector-list').getAttribute('aria-activedescendant')).toBe(page.all('inspector-row')[2]?.id);
    await press('Escape');
    expect([page.has('inspector-detail'), page.has('inspector')]).toEqual([false, true]);
    // As more comes and the oldest make room, the keyboard stays at its row.
    page.port.inspector.tell([{ id: 9_000, at: '2026-01-05T12:00:00.000Z', direction: 'in', namespace: '/', event: 'notice:posted', bytes: 2, body: '{}' }]);
    await page.settled();
    await press('Enter');
    expect(page.text('inspector-json')).toContain('"n": 1002');
  });

  it('says how the links are, and what became of them', async () => {
    await open();
    await page.click('inspector-tab-links');
    const [lobby] = page.all('inspector-link');
    expect(lobby?.textContent?.replace(/\s+/g, ' ')).toMatch(/\/.*Online.*websocket.*0\.8 ms.*1/);
    expect(page.all('inspector-note')[0]?.textContent).toContain('Up, over websocket');
    expect(page.all('inspector-note').map((note) => note.dataset['change'])).toContain('down');
    await page.click('inspector-ping');
    await page.click('inspector-tab-events');
    expect(rows().filter((event) => event === 'link:ping')).toHaveLength(4);
  });

  it('tries every way that a client has, in a room where nobody is disturbed', async () => {
    await open();
    await page.click('inspector-tab-cheats');
    const tries = CHEATS.filter(({ run }) => run).map(({ id }) => id);
    expect(tries).toContain('ack');
    expect(page.get('inspector-try-ack')).toHaveProperty('disabled', true);
    await page.click('inspector-sandbox');
    expect(page.port.callsOf('createRoom')).toMatchObject([[{ name: 'sandbox', kind: 'private' }]]);
    expect(page.text('room-title')).toBe('sandbox');
    for (const id of tries) {
      await page.click('inspector-tab-cheats');
      await page.click(`inspector-try-${id}`);
      expect(page.get('inspector-tab-events').getAttribute('aria-selected')).toBe('true');
      expect(rows().length, id).toBeGreaterThan(0);
    }
    expect(page.port.callsOf('send').every(([draft]) => (draft as { room: string }).room === 'r-sandbox')).toBe(true);
    expect(page.port.callsOf('react')).toHaveLength(1);
    expect(page.port.callsOf('setTyping').slice(0, 2)).toEqual([['r-sandbox', true], ['r-sandbox', false]]);
  });

  it('shows a report before it is saved, without what people wrote', async () => {
    await open();
    await page.click('inspector-texts');
    page.port.inspector.push('/general', 'room:entry', { room: 'r-general', text: 'psst, a secret token' });
    await page.settled();
    await page.click('report-open');
    const shown = page.get('report-text').textContent ?? '';
    await page.click('report-save');
    const [name, text = ''] = [...page.port.inspector.saved][0] ?? [];
    expect([name?.startsWith('confab-report-'), text]).toEqual([true, shown]);
    for (const secret of ['psst', 'a secret token', 'Okafor', 'Northwind', '192.168', 'r-general"}]']) expect(text).not.toContain(secret);
    const report = JSON.parse(text) as Record<string, unknown>;
    expect(report).toMatchObject({
      kind: 'confab diagnostic report', server: { version: '0.1.0' }, account: { role: 'owner' }, settings: { language: 'system' },
      state: { links: { '/': 'live', '/general': 'live' } }, counts: { events: { 'message:send': 1, 'answer to message:send': 1 } },
    });
    expect((report['links'] as unknown[]).length).toBeGreaterThan(5);
    expect(page.has('report')).toBe(false);
  });
});
