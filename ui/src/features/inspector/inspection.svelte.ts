// What the inspector shows: the last events, joined with their answers, and what became of the links.

import type { EventRecord, Inspection as Begun, LinkNote } from '../../bindings';
import { asRefusal } from '../../lib/error';
import type { App, Inspected } from '../../state/app.svelte';
import { filterOf, type Seen } from './filter';

/** As many as are kept, here and while nobody could be told. */
const MOST = 2_000;
const NOTES = 200;

export class Inspection {
  /** Oldest first. Replaced as a whole: two thousand are cheap to watch then. */
  private records = $state.raw<readonly EventRecord[]>([]);
  /** What came while it was paused. */
  private held = $state.raw<readonly EventRecord[]>([]);
  /** The answers, by the record of their request. */
  private answers = $state.raw<ReadonlyMap<number, NonNullable<EventRecord['answer']>>>(new Map());
  begun = $state.raw<Begun | null>(null);
  notes = $state.raw<readonly LinkNote[]>([]);
  missed = $state(0);
  paused = $state(false);
  /** What people wrote is shown. */
  texts = $state(false);
  filter = $state('');
  /** The open event, by its id. */
  chosen = $state<number | null>(null);

  readonly seen: readonly Seen[] = $derived.by(() => {
    const { workspaces } = this.app;
    const rooms = new Map<string, string>();
    for (const workspace of workspaces.values()) for (const { info } of workspace.rooms.values()) rooms.set(info.id, workspace.titleOf(info));
    return this.records.map((record): Seen => ({ record, room: rooms.get(record.room ?? '') ?? '', answered: this.answers.get(record.id) }));
  });
  readonly shown: readonly Seen[] = $derived(this.seen.filter(filterOf(this.filter)));
  readonly open: Seen | null = $derived(this.chosen === null ? null : (this.seen.find(({ record }) => record.id === this.chosen) ?? null));
  readonly waiting: number = $derived(this.held.length);

  constructor(private readonly app: App) {}

  /** Begins to look; answers with how to stop. */
  begin(): () => void {
    const { app } = this;
    app.inspector = (seen) => this.take(seen);
    void this.ask();
    return () => {
      app.inspector = null;
      app.port.inspector.close();
    };
  }

  /** Shows what people wrote from now on, or nothing of it any more: what was shown until then goes, too. */
  showTexts(on: boolean): void {
    this.texts = on;
    const bare = (records: readonly EventRecord[]): EventRecord[] => records.map(({ full: _, ...record }) => record);
    if (!on) {
      this.records = bare(this.records);
      this.held = bare(this.held);
    }
    void this.ask();
  }

  pause(on: boolean): void {
    this.paused = on;
    if (on) return;
    this.records = [...this.records, ...this.held].slice(-MOST);
    this.held = [];
  }

  clear(): void {
    this.records = [];
    this.held = [];
    this.answers = new Map();
    this.missed = 0;
    this.chosen = null;
  }

  /** How long the last answers over a namespace took, in milliseconds: of pings, or else of anything. */
  roundTrip(namespace: string): number | null {
    const answers = this.records.flatMap(({ namespace: its, answer }) => (its === namespace && answer ? [answer] : []));
    const last = answers.findLast(({ event }) => event === 'link:ping') ?? answers.at(-1);
    return last ? last.took_us / 1_000 : null;
  }

  /** All that is kept, without what people wrote. */
  get bare(): readonly EventRecord[] {
    return this.seen.map(({ record: { full: _, ...record } }) => record);
  }

  private async ask(): Promise<void> {
    try {
      const begun = await this.app.port.inspector.open(this.texts);
      if (!this.begun) this.notes = begun.links;
      this.begun = begun;
    } catch (thrown) {
      this.app.toasts.refused(asRefusal(thrown));
    }
  }

  private take({ records, links, missed }: Inspected): void {
    // What was recorded before the switch was turned may come after it.
    const fresh = this.texts ? records : records.map(({ full: _, ...record }) => record);
    if (links.length > 0) this.notes = [...this.notes, ...links].slice(-NOTES);
    this.missed += missed;
    if (fresh.length === 0) return;
    const answers = new Map(this.answers);
    for (const { answer } of fresh) if (answer) answers.set(answer.request, answer);
    if (this.paused) this.held = [...this.held, ...fresh].slice(-MOST);
    else this.records = [...this.records, ...fresh].slice(-MOST);
    const oldest = this.records[0]?.id ?? 0;
    for (const request of answers.keys()) if (request < oldest) answers.delete(request);
    this.answers = answers;
  }
}

/** An event as it is copied and saved. */
export function plain({ record, room, answered }: Seen): object {
  const { full, body, event, direction, ...rest } = record;
  return { event, direction, body: JSON.parse(full ?? body) as unknown, ...(answered ? { answered } : {}), ...rest, ...(room ? { room_name: room } : {}) };
}
