// What the user keeps on the server for themselves, as this device shows it: whom they ignore, whether they want to be
// disturbed, and the reminders that are due.

import type { Member, Personal, PersonalSet, Reminder } from '../bindings';
import { isQuiet, localTime } from '../lib/notify';

/** Timers hold no more than about 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

const NOTHING: Personal = { invisible: false, ignored: [], reminders: [] };

export class PersonalState {
  kept = $state.raw<Personal>(NOTHING);
  /** The time, as far as anything here depends on it: it goes on when something is due. */
  now = $state(Date.now());
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Reminders that were announced, or were due before this page heard of them. */
  private readonly told = new Set<string>();

  /** `ondue`: a reminder is due now. */
  constructor(private readonly ondue: (reminder: Reminder) => void = () => undefined) {}

  readonly ignored: ReadonlySet<string> = $derived(new Set(this.kept.ignored));
  /** What the user asked to be reminded of, and has not put away. */
  readonly due: readonly Reminder[] = $derived(this.kept.reminders.filter((reminder) => Date.parse(reminder.at) <= this.now));
  /** Until when the user asked not to be disturbed; null when they did not, or it is over. */
  readonly dndUntil: string | null = $derived(isToCome(this.kept.dnd_until, this.now) ? (this.kept.dnd_until ?? null) : null);

  put(personal: Personal): void {
    const known = new Set(this.kept.reminders.map(({ id }) => id));
    for (const { id, at } of personal.reminders) if (!known.has(id) && Date.parse(at) <= Date.now()) this.told.add(id);
    this.kept = personal;
    this.look();
  }

  clear(): void {
    this.put(NOTHING);
  }

  /** What is kept about signals, with these changes: the server takes all of it at once. */
  changed(changes: Partial<PersonalSet>): PersonalSet {
    const { quiet, invisible } = this.kept;
    return { ...(this.dndUntil ? { dnd_until: this.dndUntil } : {}), ...(quiet ? { quiet } : {}), invisible, ...changes };
  }

  /** The same without an end of "do not disturb". */
  disturbed(): PersonalSet {
    const { quiet, invisible } = this.kept;
    return { ...(quiet ? { quiet } : {}), invisible };
  }

  /** No notification is wanted at this moment. */
  quietNow(): boolean {
    const now = new Date();
    return isQuiet({ personal: this.kept, now, ...localTime(now) });
  }

  private look(): void {
    clearTimeout(this.timer);
    this.now = Date.now();
    for (const reminder of this.due.filter(({ id }) => !this.told.has(id))) {
      this.told.add(reminder.id);
      this.ondue(reminder);
    }
    const moments = [this.kept.dnd_until, ...this.kept.reminders.map((reminder) => reminder.at)];
    const next = moments.map((at) => (at ? Date.parse(at) : NaN)).filter((at) => at > this.now);
    if (next.length > 0) this.timer = setTimeout(() => this.look(), Math.min(LONGEST_MS, Math.min(...next) - this.now));
  }
}

/** Others see of somebody that they do not want to be disturbed now. */
export function isBusy(member: Member, now = Date.now()): boolean {
  return isToCome(member.dnd_until, now);
}

function isToCome(at: string | undefined, now: number): boolean {
  return at !== undefined && Date.parse(at) > now;
}
