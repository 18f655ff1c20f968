// Times as people type them after a command: "20 min", "in 2 hours", "10:30", "tomorrow 9:00", "2d". What follows is
// left over.

const MINUTE = 60_000;
const UNITS: Record<string, number> = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE };
/** When a day begins for somebody who says only "tomorrow". */
const MORNING = 9;

export interface When {
  at: Date;
  /** What stands after the time. */
  rest: string;
}

/** The time at the beginning of a text; null when there is none. A time of day that has passed means tomorrow's. */
export function whenOf(text: string, now: Date = new Date()): When | null {
  const span = /^(?:in\s+)?(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?)(?![a-z])\s*/i.exec(text);
  if (span) {
    const at = new Date(now.getTime() + Number(span[1]) * (UNITS[(span[2] ?? '').charAt(0).toLowerCase()] ?? 0));
    return at > now ? { at, rest: text.slice(span[0].length).trim() } : null;
  }
  const clock = /^(tomorrow\b)?\s*(?:at\s+)?(?:(\d{1,2})[:.](\d{2})(?!\d)|)\s*/i.exec(text);
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
