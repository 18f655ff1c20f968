// Times as people type them after a command: "20 min", "in 2 hours", "10:30", "tomorrow 9:00", "2d". What follows is
// left over. The words of all our languages are taken, whichever the page speaks: people mix them.

const MINUTE = 60_000;
const UNITS: readonly (readonly [words: string, ms: number])[] = [
  ['m|min|mins|minutes?|minuten?|دقيقة|دقائق', MINUTE],
  ['h|hours?|std|stunden?|ساعة|ساعات', 60 * MINUTE],
  ['d|days?|tage?|tagen|يوم|أيام', 24 * 60 * MINUTE],
];
const SPAN = new RegExp(`^(?:(?:in|بعد)\\s+)?(\\d{1,4})\\s*(${UNITS.map(([words]) => words).join('|')})(?!\\p{L})\\.?\\s*`, 'iu');
const CLOCK = /^((?:tomorrow|morgen|غدًا|غدا)(?!\p{L}))?\s*(?:(?:at|um)\s+)?(?:(\d{1,2})[:.](\d{2})(?!\d)|)\s*/iu;
/** When a day begins for somebody who says only "tomorrow". */
const MORNING = 9;

export interface When {
  at: Date;
  /** What stands after the time. */
  rest: string;
}

/** The time at the beginning of a text; null when there is none. A time of day that has passed means tomorrow's. */
export function whenOf(text: string, now: Date = new Date()): When | null {
  const span = SPAN.exec(text);
  if (span) {
    const [, ms = 0] = UNITS.find(([words]) => new RegExp(`^(?:${words})$`, 'iu').test(span[2] ?? '')) ?? [];
    const at = new Date(now.getTime() + Number(span[1]) * ms);
    return at > now ? { at, rest: text.slice(span[0].length).trim() } : null;
  }
  const clock = CLOCK.exec(text);
  if (!clock || clock[0].trim() === '') return null;
  const [whole, tomorrow, hour, minute] = clock;
  if (Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59) return null;
  const at = new Date(now);
  at.setHours(hour === undefined ? MORNING : Number(hour), Number(minute ?? 0), 0, 0);
  if (tomorrow || at <= now) at.setDate(at.getDate() + 1);
  return { at, rest: text.slice(whole.length).trim() };
}

/** Tomorrow morning, when people start again. */
export function tomorrow(now: Date = new Date()): Date {
  const at = new Date(now);
  at.setDate(at.getDate() + 1);
  at.setHours(MORNING, 0, 0, 0);
  return at;
}

/** Monday morning, when people start again; on a Monday, the next one. */
export function nextWeek(now: Date = new Date()): Date {
  const at = tomorrow(now);
  at.setDate(at.getDate() + ((8 - at.getDay()) % 7));
  return at;
}

/** The last moment of today. */
export function endOfDay(now: Date = new Date()): Date {
  const at = new Date(now);
  at.setHours(23, 59, 59, 0);
  return at;
}

/** The last moment of Sunday. */
export function endOfWeek(now: Date = new Date()): Date {
  const at = endOfDay(now);
  at.setDate(at.getDate() + ((7 - at.getDay()) % 7));
  return at;
}
