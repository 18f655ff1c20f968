// The inspector of a scripted back end: a few events that went by before, and one for what is called since.

import type { EventRecord, Inspection, LinkNote, Update } from '../../bindings';
import { Redactor } from '../web/redact';
import type { Inspector } from '../index';

const BEFORE: readonly [ms: number, direction: EventRecord['direction'], namespace: string, event: string, body: object, took?: number][] = [
  [0, 'in', '/', 'lobby:ready', { user: { id: 'u-ada', display_name: 'Ada Okafor' }, workspaces: [{ slug: 'general', name: 'Northwind' }] }],
  [18, 'in', '/general', 'workspace:ready', { workspace: { slug: 'general', name: 'Northwind' }, rooms: [{ id: 'r-general', name: 'general' }], heads: { 'r-general': 21 } }],
  [30, 'out', '/general', 'room:join', { room: 'r-general', after: 12, rid: 'r1' }, 3_400],
  [41, 'out', '/general', 'room:members', { room: 'r-general', rid: 'r2' }, 1_900],
  [1_240, 'in', '/general', 'typing:changed', { room: 'r-general', user: 'u-bo', on: true }],
  [2_112, 'in', '/general', 'room:entry', { room: 'r-general', seq: 22, ts: '2026-01-05T12:00:00.000Z', kind: 'message', id: 'm22', author: 'u-bo', text: 'Asking in #random too.', mentions: [] }],
  [2_130, 'in', '/', 'unread:changed', { workspace: 'general', room: 'r-general', head: 22, unread: 1, mentions: 0 }],
  [3_020, 'out', '/general', 'read:mark', { room: 'r-general', seq: 22, rid: 'r3' }, 2_200],
  [4_400, 'out', '/general', 'typing:set', { room: 'r-general', on: true }],
  [5_031, 'out', '/general', 'message:send', { room: 'r-general', cid: '0198c1f0-a0b0-7000-8000-00000000abcd', text: 'On my way', rid: 'r4' }, 6_750],
  [5_040, 'in', '/general', 'room:entry', { room: 'r-general', seq: 23, kind: 'message', id: 'm23', author: 'u-ada', text: 'On my way', mentions: [] }],
  [9_800, 'in', '/general', 'presence:batch', { changes: [{ user: 'u-chen', state: 'online' }, { user: 'u-fatima', state: 'away' }] }],
  [15_005, 'out', '/', 'link:ping', { rid: 'r5' }, 820],
  [15_010, 'out', '/general', 'room:members', { room: 'no-such-room', rid: 'r6' }, 1_100],
];
/** What calls of the port look like on the wire. */
const CALLS: Readonly<Record<string, (...args: never[]) => [event: string, body: object]>> = {
  send: (draft: object) => ['message:send', { ...draft, cid: 'c-1' }],
  react: (room: string, id: string, emoji: string, on: boolean) => ['message:react', { room, id, emoji, on }],
  setTyping: (room: string, on: boolean) => ['typing:set', { room, on }],
  markRead: (room: string, seq: number) => ['read:mark', { room, seq }],
  roomMembers: (room: string) => ['room:members', { room }],
};

export class FakeInspector implements Inspector {
  /** What was saved, by its name. */
  readonly saved = new Map<string, string>();
  readonly notes: LinkNote[] = [];
  opened = false;
  texts = false;
  private readonly redactor = new Redactor(['a secret token']);
  private last = 0;

  constructor(private readonly emit: (update: Update) => void, private readonly began = new Date(2026, 0, 5, 13, 20, 11)) {
    const note = (ms: number, namespace: string, change: LinkNote['change']): void => void this.notes.push({ namespace, at: this.at(ms), change });
    for (const namespace of ['/', '/general']) note(-70_000, namespace, { is: 'opening' });
    for (const namespace of ['/', '/general']) note(-69_960, namespace, { is: 'up', transport: 'websocket' });
    for (const namespace of ['/', '/general']) note(-4_100, namespace, { is: 'down', why: 'transport close' });
    for (const namespace of ['/', '/general']) note(-900, namespace, { is: 'opening' });
    for (const namespace of ['/', '/general']) note(-860, namespace, { is: 'up', transport: 'websocket' });
  }

  async open(texts: boolean): Promise<Inspection> {
    this.texts = texts;
    if (!this.opened) queueMicrotask(() => this.before());
    this.opened = true;
    return { client: 'confab-fake/0.1.0', platform: 'linux x86_64', links: [...this.notes] };
  }

  close(): void {
    this.opened = false;
  }

  ping(): void {
    this.request(20_000, '/general', 'link:ping', { rid: 'r9' }, 900);
  }

  async save(name: string, text: string): Promise<boolean> {
    this.saved.set(name, text);
    return true;
  }

  /** The port was called. */
  called(method: string, args: readonly unknown[]): void {
    const call = this.opened && Object.hasOwn(CALLS, method) ? CALLS[method] : undefined;
    if (call) this.request(21_000, '/general', ...call(...(args as never[])), 4_200);
  }

  /** An event goes by. */
  push(namespace: string, event: string, body: object): void {
    this.tell([this.record(22_000, 'in', namespace, event, body)]);
  }

  tell(records: EventRecord[], missed = 0): void {
    if (this.opened) this.emit({ type: 'inspected', records, links: [], missed });
  }

  private before(): void {
    this.tell(BEFORE.flatMap(([ms, direction, namespace, event, body, took]) => {
      const record = this.record(ms, direction, namespace, event, body);
      return took === undefined ? [record] : [record, this.answer(ms + took / 1_000, record, took)];
    }));
  }

  private request(ms: number, namespace: string, event: string, body: object, took: number): void {
    const record = this.record(ms, 'out', namespace, event, body);
    this.tell([record, this.answer(ms + took / 1_000, record, took)]);
  }

  private answer(ms: number, { id, namespace, event, room }: EventRecord, took_us: number): EventRecord {
    const found = room !== 'no-such-room';
    const body = found ? { ok: true } : { ok: false, error: { code: 'not_found', message: 'There is nothing here under that id.' } };
    const answer = { request: id, event, took_us, ...(found ? {} : { refused: 'not_found' as const }) };
    return { ...this.record(ms, 'in', namespace, 'ack', body), answer, ...(room === undefined ? {} : { room }) };
  }

  private record(ms: number, direction: EventRecord['direction'], namespace: string, event: string, body: object): EventRecord {
    const room = 'room' in body && typeof body.room === 'string' ? { room: body.room } : {};
    const shown = (texts: boolean): string => JSON.stringify(this.redactor.shown(body, texts));
    return {
      id: ++this.last, at: this.at(ms), direction, namespace, event, bytes: JSON.stringify(body).length, body: shown(false), ...room,
      ...(this.texts ? { full: shown(true) } : {}),
    };
  }

  private at(ms: number): string {
    return new Date(this.began.getTime() + ms).toISOString();
  }
}
