// One Engine.IO connection to the server, shared by the links of all namespaces, and kept up: when it is lost it is
// tried again with full jitter, for ever. The library's own reconnection is off, because it does not say when the
// next attempt comes, and a namespace that the server refused is not its business.

import { Manager, type Socket } from 'socket.io-client';

import { PROTOCOL, type LinkChange, type LinkState, type PushMap, type RequestMap } from '../../bindings';
import { isRefusal, isRetryable, refusal, type Refusal } from '../../lib/error';
import { t } from '../../lib/locale/locale.svelte';
import type { PlainKey } from '../../lib/locale/message';
import { Backoff } from './backoff';
import { LinkNotes, type Viewer } from './notes';

const REQUEST_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 10_000;
/** A ping is answered at once. */
const PING_TIMEOUT_MS = 4_000;
/** How long a connection must have worked before the next failure counts as the first. */
const STEADY_MS = 10_000;

export type PushHandlers = { [E in keyof PushMap]?: (payload: PushMap[E]) => void };
/** What a workspace or the outbox needs of a link: enough to test them without a network. */
export interface Requester {
  /** Rejects with a refusal: the server's own, or `unavailable` when there is no link or no answer. */
  request<E extends keyof RequestMap>(event: E, payload: RequestMap[E]['request']): Promise<RequestMap[E]['reply']>;
}

export class Connection {
  readonly notes = new LinkNotes();
  private readonly manager: Manager;
  private readonly links = new Set<Link>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly backoff = new Backoff('link');
  /** Since when the server has taken links over the present connection. */
  private since: number | undefined;
  private next = 0;
  private closed = false;

  constructor(origin: string, private readonly client: string) {
    this.manager = new Manager(origin, {
      reconnection: false,
      autoConnect: false,
      timeout: OPEN_TIMEOUT_MS,
      // WebSocket at once where it works; polling where something on the way breaks it.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
    });
    this.manager.on('error', () => this.lost());
    this.manager.on('close', () => this.lost());
    addEventListener('online', this.hurry);
    document.addEventListener('visibilitychange', this.seen);
  }

  open(namespace: string, handlers: PushHandlers, onstate: (state: LinkState) => void): Link {
    const socket = this.manager.socket(namespace, { auth: { protocol: PROTOCOL, client: this.client, batches: true } });
    const link = new Link(this, namespace, socket, handlers, onstate);
    this.notes.viewer?.attach(namespace, socket);
    this.links.add(link);
    link.connect();
    return link;
  }

  /** Cuts the connection: it no longer answers. What waits is refused, and the next attempt is under way. */
  drop(): void {
    this.manager.engine?.close();
  }

  /** Shows all that goes over the links, or nothing any more. */
  watch(viewer: Viewer | null): void {
    this.notes.viewer = viewer;
    for (const link of this.links) link.shownTo(viewer);
  }

  /** What carries the links. */
  get transport(): string {
    return this.manager.engine?.transport?.name ?? '';
  }

  /** Asks over every link whether the server is still there. */
  check(): void {
    for (const link of this.links) if (link.live) link.check();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener('online', this.hurry);
    document.removeEventListener('visibilitychange', this.seen);
    for (const link of [...this.links]) link.close();
    this.links.clear();
  }

  /** The server took a link. */
  up(): void {
    this.backoff.worked();
    this.since ??= performance.now();
  }

  forget(link: Link): void {
    this.links.delete(link);
  }

  /** Tries again after a pause, which every link that is down shows. */
  lost(least = 0): void {
    if (this.closed || this.links.size === 0) return;
    if (this.timer === undefined) {
      if (this.since !== undefined && performance.now() - this.since >= STEADY_MS) this.backoff.reset();
      this.since = undefined;
      const wait = this.backoff.failed(least);
      this.next = Date.now() + wait;
      this.timer = setTimeout(() => this.attempt(), wait);
    }
    const retry_in_ms = Math.max(0, this.next - Date.now());
    for (const link of this.links) link.waiting({ is: 'waiting', retry_in_ms, attempt: this.backoff.attempt });
  }

  private attempt(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const link of this.links) link.connect();
  }

  /** The network is back, or somebody looks at the page: the pause was long enough. And a connection whose network went
      away under it says nothing by itself: it is asked. */
  private readonly hurry = (): void => {
    if (this.timer !== undefined) this.attempt();
    else [...this.links].find((link) => link.live)?.check();
  };

  private readonly seen = (): void => {
    if (document.visibilityState === 'visible') this.hurry();
  };
}

export class Link implements Requester {
  private refused = false;
  private closing = false;

  constructor(
    private readonly connection: Connection,
    private readonly namespace: string,
    private readonly socket: Socket,
    handlers: PushHandlers,
    private readonly onstate: (state: LinkState) => void,
  ) {
    // A namespace has one socket for ever: what a link before this one left on it is not ours.
    socket.removeAllListeners();
    for (const [event, handler] of Object.entries(handlers)) socket.on(event, handler as (payload: unknown) => void);
    socket.on('connect', () => {
      this.note({ is: 'up', transport: connection.transport });
      connection.up();
    });
    socket.on('connect_error', (error) => this.failed(error));
    socket.on('disconnect', (reason) => {
      this.note({ is: 'down', why: reason });
      // The connection itself reports its own end; this is the server closing one namespace.
      if (reason === 'io server disconnect') connection.lost();
    });
  }

  get live(): boolean {
    return this.socket.connected;
  }

  async request<E extends keyof RequestMap>(
    event: E, payload: RequestMap[E]['request'], limit = REQUEST_TIMEOUT_MS,
  ): Promise<RequestMap[E]['reply']> {
    if (!this.socket.connected) throw refusal('unavailable', t('error.no_connection'));
    let answer: unknown;
    try {
      const emit = (): Promise<unknown> => this.socket.timeout(limit).emitWithAck(event, payload);
      const { viewer } = this.connection.notes;
      answer = await (viewer ? viewer.asked(emit) : emit());
    } catch {
      // No answer in time: the connection may be half-open, and only a new one tells.
      if (this.socket.connected) this.connection.drop();
      throw refusal('unavailable', t('error.no_answer'));
    }
    const reply = answer as { ok?: unknown; error?: unknown };
    if (reply.ok === true) return answer as RequestMap[E]['reply'];
    throw isRefusal(reply.error) ? reply.error : refusal('internal', t('error.unreadable'));
  }

  /** Asks whether the server is still there; no answer ends the connection. */
  check(): void {
    this.request('link:ping', {}, PING_TIMEOUT_MS).catch(() => undefined);
  }

  /** Fire and forget: for what is outdated a moment later. */
  volatile<E extends keyof RequestMap>(event: E, payload: RequestMap[E]['request']): void {
    this.socket.volatile.emit(event, payload);
  }

  connect(): void {
    if (this.refused || this.closing || this.socket.connected) return;
    this.onstate({ is: 'connecting' });
    this.note({ is: 'opening' });
    if (this.socket.active) this.socket.io.open();
    else this.socket.connect();
  }

  waiting(state: LinkState): void {
    if (!this.refused && !this.closing && !this.socket.connected) this.onstate(state);
  }

  shownTo(viewer: Viewer | null): void {
    viewer?.attach(this.namespace, this.socket);
  }

  close(): void {
    if (!this.closing && this.socket.active) this.note({ is: 'dropped' });
    this.closing = true;
    this.connection.forget(this);
    this.socket.removeAllListeners();
    // A CONNECT that is on its way cannot be taken back, and the server takes no second one: its answer is for the next link to this
    // namespace, or is answered with a DISCONNECT.
    const isPending = this.socket.active && !this.socket.connected && this.socket.io.engine?.readyState === 'open';
    if (isPending) this.socket.on('connect', () => this.socket.disconnect());
    else this.socket.disconnect();
    this.onstate({ is: 'closed' });
  }

  private note(change: LinkChange): void {
    this.connection.notes.note(this.namespace, change);
  }

  private failed(thrown: Error): void {
    // Still active: the connection failed, not this namespace, and the connection handles that.
    if (this.socket.active || this.closing) return this.note({ is: 'down', why: thrown.message });
    const error = refusalOf(thrown);
    this.note({ is: 'refused', code: error.code });
    if (isRetryable(error.code)) return this.connection.lost(error.retry_after_ms ?? 0);
    this.refused = true;
    this.onstate({ is: 'refused', error });
  }
}

/** A CONNECT_ERROR's message is the bare code. */
function refusalOf(thrown: Error): Refusal {
  const data = 'data' in thrown ? thrown.data : undefined;
  if (isRefusal(data)) return data;
  const error = { code: thrown.message, message: t(REFUSED[thrown.message] ?? 'error.refused') };
  return isRefusal(error) ? refusal(error.code, error.message) : refusal('unavailable', t('error.refused_for_now'));
}

const REFUSED: Record<string, PlainKey> = {
  unauthorized: 'error.signed_out',
  not_found: 'error.workspace_gone',
  forbidden: 'error.workspace_forbidden',
};
