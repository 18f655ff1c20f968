// A search: what was typed, and what was found. This device is asked first, which takes no network and no time; then the server,
// whose answer takes the place of it row by row.

import type { Hit, Incomplete, MessageSearch } from '../bindings';
import { asRefusal, type Refusal } from '../lib/error';
import type { Port } from '../port';

/** Somebody who types asks once, when they pause. */
const PAUSE_MS = 160;

/** Filters that are being typed, or mean nothing here; within quotes they are words. */
const FILTERS = /"[^"]*"?|(?<=^|\s)(?:from|mentions|in|before|after|has):\S*/giu;

/** A filter that stands as a chip before the words. */
export type Filter =
  | { kind: 'from' | 'mentions'; user: string }
  | { kind: 'in'; room: string }
  | { kind: 'before' | 'after'; day: string }
  | { kind: 'has'; what: 'file' | 'link' | 'reaction' };

export class SearchState {
  words = $state('');
  filters = $state.raw<readonly Filter[]>([]);
  hits = $state.raw<readonly Hit[]>([]);
  /** `local`: only what this device has, and the server was not reached. */
  phase = $state<'idle' | 'asking' | 'done' | 'local' | 'failed'>('idle');
  incomplete = $state.raw<Incomplete | null>(null);
  problem = $state.raw<Refusal | null>(null);
  cursor = $state.raw<string | null>(null);
  loadingMore = $state(false);
  /** Counts how often somebody asked for the field. */
  opened = $state(0);
  private run = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly port: Port) {}

  /** The room that it is limited to. */
  get room(): string | undefined {
    return this.filters.find((filter) => filter.kind === 'in')?.room;
  }

  /** A filter that means nothing here, and is left out. */
  get unknown(): string | undefined {
    return this.words.match(FILTERS)?.find((part) => !part.startsWith('"'));
  }

  /** Here, or everywhere: the words and the other filters stay. */
  open(room: string | null): void {
    const others = this.filters.filter(({ kind }) => kind !== 'in');
    this.filters = room === null ? others : [{ kind: 'in', room }, ...others];
    this.opened += 1;
    this.soon(0);
  }

  /** With this filter and nothing else. */
  only(filter: Filter): void {
    this.words = '';
    this.filters = [filter];
    this.opened += 1;
    this.soon(0);
  }

  /** Whether it looks for all that others wrote to this person, and for nothing else. */
  isFor(user: string | undefined): boolean {
    const [filter, ...others] = this.filters;
    return this.words.trim() === '' && others.length === 0 && filter?.kind === 'mentions' && filter.user === user;
  }

  /** One of each kind: a new one takes the place of the old. */
  add(filter: Filter): void {
    this.filters = [...this.filters.filter(({ kind }) => kind !== filter.kind), filter];
    this.soon(0);
  }

  remove(filter: Filter): void {
    this.filters = this.filters.filter((other) => other !== filter);
    this.soon(0);
  }

  clear(): void {
    this.words = '';
    this.filters = [];
    this.soon(0);
  }

  /** Something changed: asks after a pause. */
  soon(pause = PAUSE_MS): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), pause);
  }

  async ask(): Promise<void> {
    clearTimeout(this.timer);
    const mine = ++this.run;
    const request = this.request();
    if (!request) {
      this.hits = [];
      this.cursor = this.incomplete = this.problem = null;
      this.phase = 'idle';
      return;
    }
    this.phase = 'asking';
    this.problem = null;
    const server = this.port.search(request).then((page) => ({ page }), (thrown: unknown) => ({ refused: asRefusal(thrown) }));
    let answered = false;
    const local = await this.port.searchLocal(request).catch(() => ({ hits: [] }));
    if (mine !== this.run) return;
    // What stands there from before stays until there is something better: no flicker between two letters.
    if (!answered && local.hits.length > 0) {
      this.hits = local.hits;
      this.cursor = null;
    }
    const answer = await server;
    if (mine !== this.run) return;
    answered = true;
    if ('page' in answer) {
      const { page } = answer;
      this.hits = page.incomplete ? merged(page.hits, local.hits) : page.hits;
      this.cursor = page.cursor ?? null;
      this.incomplete = page.incomplete ?? null;
      this.phase = 'done';
      return;
    }
    const { refused } = answer;
    this.hits = local.hits;
    this.cursor = this.incomplete = null;
    if (refused.code === 'rate_limited') this.soon(refused.retry_after_ms ?? 1_000);
    this.phase = refused.code === 'unavailable' || refused.code === 'rate_limited' ? 'local' : 'failed';
    if (this.phase === 'failed') this.problem = refused;
  }

  /** The next page. */
  async more(): Promise<void> {
    const request = this.request();
    if (!request || this.cursor === null || this.loadingMore) return;
    const mine = this.run;
    this.loadingMore = true;
    try {
      const page = await this.port.search({ ...request, cursor: this.cursor });
      if (mine !== this.run) return;
      this.hits = merged(this.hits, page.hits);
      this.cursor = page.cursor ?? null;
      this.incomplete = page.incomplete ?? null;
    } catch (thrown) {
      if (mine === this.run) this.problem = asRefusal(thrown);
    } finally {
      this.loadingMore = false;
    }
  }

  /** Null while there is nothing that could be looked for. */
  private request(): MessageSearch | null {
    const request: MessageSearch = { query: this.words.replace(FILTERS, (part) => (part.startsWith('"') ? part : '')).trim() };
    for (const filter of this.filters) {
      if ('user' in filter) request[filter.kind] = filter.user;
      else if (filter.kind === 'in') request.room = filter.room;
      else if (filter.kind === 'has') request.has = filter.what;
      else request[filter.kind] = startOfDay(filter.day);
    }
    const { query, from, mentions, has } = request;
    return query === '' && from === undefined && mentions === undefined && has === undefined ? null : request;
  }
}

/** When a day begins where the user is. */
function startOfDay(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString();
}

/** Each message once, newest first; of two states of a message the first list's. */
function merged(first: readonly Hit[], second: readonly Hit[]): Hit[] {
  const key = ({ room, message }: Hit): string => `${room} ${message.seq}`;
  const there = new Set(first.map(key));
  const all = [...first, ...second.filter((hit) => !there.has(key(hit)))];
  return all.sort((a, b) => Date.parse(b.message.ts) - Date.parse(a.message.ts));
}
