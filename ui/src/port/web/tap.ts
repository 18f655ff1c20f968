// What an inspector sees of the links of this page: as `client/src/tap.rs` in the app. It is loaded, and hangs on to the
// sockets, only while somebody looks. Bodies are made fit to be shown before they wait for anybody.

import type { Socket } from 'socket.io-client';

import type { Answered, EventRecord, Inspection, LinkNote, Update } from '../../bindings';
import { isRefusal } from '../../lib/error';
import type { Viewer } from './notes';
import { Redactor } from './redact';

/** Records that wait for the viewer, and the characters of their bodies. The oldest make room, and are counted. */
const RECORDS = 2_000;
const LENGTH = 4 * 1024 * 1024;
/** The viewer is told so often at most: a busy link must not keep the page busy, too. */
const PAUSE_MS = 100;
/** What the answer to a request is called: in this library it is no event. */
const ACK = 'ack';

interface Seen {
  namespace: string;
  body: unknown;
  room?: string | undefined;
  answer?: Answered;
}

export class Tap implements Viewer {
  texts = false;
  private readonly redactor = new Redactor();
  private readonly sockets = new Map<Socket, () => void>();
  private records: EventRecord[] = [];
  private notes: LinkNote[] = [];
  private length = 0;
  private missed = 0;
  private last = 0;
  /** What was emitted last, for whoever waits for its answer. */
  private emitted: EventRecord | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (update: Update) => void) {}

  attach(namespace: string, socket: Socket): void {
    if (this.sockets.has(socket)) return;
    const heard = (event: string, body: unknown): void => void this.record('in', event, { namespace, body });
    const sent = (event: string, body: unknown): void => void (this.emitted = this.record('out', event, { namespace, body }));
    socket.onAny(heard);
    socket.onAnyOutgoing(sent);
    this.sockets.set(socket, () => {
      socket.offAny(heard);
      socket.offAnyOutgoing(sent);
    });
  }

  async asked(request: () => Promise<unknown>): Promise<unknown> {
    this.emitted = undefined;
    const answer = request();
    // Emitted within the call above, or not at all.
    const record = this.emitted as EventRecord | undefined;
    const began = performance.now();
    const body = await answer;
    if (record && this.sockets.size > 0) this.answered(record, body, performance.now() - began);
    return body;
  }

  noted(note: LinkNote): void {
    this.notes.push({ ...note, change: note.change.is === 'down' ? { is: 'down', why: this.redactor.scrubbed(note.change.why) } : note.change });
    this.grown();
  }

  /** Lets go of everything. */
  close(): void {
    for (const detach of this.sockets.values()) detach();
    this.sockets.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
    this.records = [];
    this.notes = [];
  }

  private answered({ id: request, event, namespace, room }: EventRecord, body: unknown, ms: number): void {
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
    const answer = { request, event, took_us: Math.round(ms * 1_000), ...(isRefusal(error) ? { refused: error.code } : {}) };
    this.record('in', ACK, { namespace, body, room, answer });
  }

  private record(direction: EventRecord['direction'], event: string, { namespace, body, room = roomOf(body), answer }: Seen): EventRecord {
    const record: EventRecord = {
      id: ++this.last, at: new Date().toISOString(), direction, namespace, event: this.redactor.scrubbed(event), bytes: sizeOf(body), body: JSON.stringify(this.redactor.shown(body, false)),
      ...(room === undefined ? {} : { room: this.redactor.scrubbed(room) }),
      ...(answer ? { answer } : {}),
      ...(this.texts ? { full: JSON.stringify(this.redactor.shown(body, true)) } : {}),
    };
    this.records.push(record);
    this.length += lengthOf(record);
    while (this.records.length > RECORDS || this.length > LENGTH) {
      const oldest = this.records.shift();
      if (!oldest) break;
      this.length -= lengthOf(oldest);
      this.missed++;
    }
    this.grown();
    return record;
  }

  private grown(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const { records, notes: links, missed } = this;
      this.records = [];
      this.notes = [];
      this.length = this.missed = 0;
      this.tell({ type: 'inspected', records, links, missed });
    }, PAUSE_MS);
  }
}

/** What an inspector begins with. */
export function inspection(client: string, notes: readonly LinkNote[]): Inspection {
  const redactor = new Redactor();
  const links = notes.map((note) => (note.change.is === 'down' ? { ...note, change: { ...note.change, why: redactor.scrubbed(note.change.why) } } : note));
  return { client, platform: navigator.userAgent, links };
}

/** The room that a body is about. */
function roomOf(body: unknown): string | undefined {
  const { room, messages } = Object(body) as { room?: unknown; messages?: unknown };
  if (typeof room === 'string') return room;
  const { id } = Object(room) as { id?: unknown };
  if (typeof id === 'string') return id;
  return Array.isArray(messages) && messages.length > 0 ? roomOf({ room: (Object(messages[0]) as { room?: unknown }).room }) : undefined;
}

function lengthOf({ body, full }: EventRecord): number {
  return body.length + (full?.length ?? 0);
}

/** The length as JSON, in bytes. */
function sizeOf(body: unknown): number {
  return new TextEncoder().encode(JSON.stringify(body) ?? '').length;
}
