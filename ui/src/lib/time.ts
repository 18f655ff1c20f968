// Times as people read them, in their own locale and time zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayAndYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function timeOfDay(ts: string): string {
  return clock.format(new Date(ts));
}

/** Without "AM" and "PM", where there is little room and the hour is clear from what is around. */
export function shortTime(ts: string): string {
  return timeOfDay(ts).replace(/[\s\u202f]?[AP]M$/i, '');
}

export function fullTime(ts: string): string {
  return full.format(new Date(ts));
}

/** Which day a time is on, here: two times are on the same day when these are equal. */
export function dayKey(ts: string): string {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function dayName(ts: string, now: Date = new Date()): string {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  const key = dayKey(ts);
  if (key === dayKey(now.toISOString())) return 'Today';
  if (key === dayKey(yesterday.toISOString())) return 'Yesterday';
  const date = new Date(ts);
  return (date.getFullYear() === now.getFullYear() ? day : dayAndYear).format(date);
}

/** Within a sentence: "today 10:42", or the day alone when it is longer ago. */
export function lately(ts: string, now: Date = new Date()): string {
  const day = dayName(ts, now);
  return day === 'Today' || day === 'Yesterday' ? `${day.toLowerCase()} ${timeOfDay(ts)}` : day;
}

/** "3 hours ago", or "in 7 days" for what is to come. */
export function fromNow(ts: string, now: number = Date.now()): string {
  const away = Date.parse(ts) - now;
  const size = Math.abs(away);
  if (size < MINUTE) return 'just now';
  if (size < HOUR) return relative.format(Math.round(away / MINUTE), 'minute');
  if (size < DAY) return relative.format(Math.round(away / HOUR), 'hour');
  return relative.format(Math.round(away / DAY), 'day');
}

/** "until 14:30", or with its day when that is not today. */
export function until(ts: string, now: Date = new Date()): string {
  const at = new Date(ts);
  const time = timeOfDay(ts);
  if (dayKey(ts) === dayKey(now.toISOString())) return `until ${time}`;
  const days = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime() - new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  return `until ${days < 7 * DAY ? weekday.format(at) : day.format(at)}, ${time}`;
}
