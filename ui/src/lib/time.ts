// Times as people read them, in the language of the page and their own time zone.

import { locale, t } from './locale/locale.svelte';
import { today } from './today';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Minutes whose times are kept: the rooms of a morning, in which much is said. */
const KEPT = 2_000;

export function timeOfDay(ts: string): string {
  return minuteOf(ts).time;
}

/** Without "AM" and "PM", where there is little room and the hour is clear from what is around. */
export function shortTime(ts: string): string {
  return minuteOf(ts).short;
}

interface Minute {
  time: string;
  short: string;
}
/** Each row says its minute, and says it again whenever its room is opened. */
let minutes = new Map<number, Minute>();
let minutesIn = locale.formats;

function minuteOf(ts: string): Minute {
  if (minutesIn !== locale.formats || minutes.size > KEPT) minutes = new Map();
  minutesIn = locale.formats;
  const at = new Date(ts);
  const key = Math.floor(at.getTime() / MINUTE);
  let found = minutes.get(key);
  if (!found) minutes.set(key, (found = written(at)));
  return found;
}

function written(at: Date): Minute {
  const format = locale.formats.date({ hour: '2-digit', minute: '2-digit' });
  const parts = format.formatToParts(at).map(({ type, value }) => (type === 'dayPeriod' ? '' : value));
  return { time: format.format(at), short: parts.join('').trim() };
}

export function fullTime(ts: string): string {
  return locale.formats.date({ dateStyle: 'full', timeStyle: 'medium' }).format(new Date(ts));
}

/** Which day a time is on, here: two times are on the same day when these are equal. */
export function dayKey(ts: string): string {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

export function dayName(ts: string, now: Date = today()): string {
  const near = nearness(ts, now);
  if (near !== undefined) return near === 'today' ? t('time.today') : t('time.yesterday');
  const date = new Date(ts);
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return locale.formats.date({ weekday: 'long', day: 'numeric', month: 'long', ...year }).format(date);
}

/** Within a sentence: "today 10:42", or the day alone when it is longer ago. */
export function lately(ts: string, now: Date = today()): string {
  const near = nearness(ts, now);
  const time = timeOfDay(ts);
  if (near === undefined) return dayName(ts, now);
  return near === 'today' ? t('time.today_at', { time }) : t('time.yesterday_at', { time });
}

/** "3 hours ago", or "in 7 days" for what is to come. */
export function fromNow(ts: string, now: number = Date.now()): string {
  const { relative } = locale.formats;
  const away = Date.parse(ts) - now;
  const size = Math.abs(away);
  if (size < MINUTE) return t('time.now');
  if (size < HOUR) return relative.format(Math.round(away / MINUTE), 'minute');
  if (size < DAY) return relative.format(Math.round(away / HOUR), 'hour');
  return relative.format(Math.round(away / DAY), 'day');
}

/** "14:30", or with its day when that is not today. */
export function moment(ts: string, now: Date = today()): string {
  const at = new Date(ts);
  const time = timeOfDay(ts);
  if (dayKey(ts) === dayKey(now.toISOString())) return time;
  const days = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime() - new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const day = days < 7 * DAY ? locale.formats.date({ weekday: 'long' }).format(at) : locale.formats.date({ weekday: 'long', day: 'numeric', month: 'long' }).format(at);
  return t('time.day_at', { day, time });
}

/** "until 14:30". */
export function until(ts: string, now: Date = today()): string {
  return t('time.until', { when: moment(ts, now) });
}

function nearness(ts: string, now: Date): 'today' | 'yesterday' | undefined {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  const key = dayKey(ts);
  if (key === dayKey(now.toISOString())) return 'today';
  return key === dayKey(yesterday.toISOString()) ? 'yesterday' : undefined;
}
