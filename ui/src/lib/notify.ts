// Whether a message that wants attention is shown as a notification, and as which. The same rule as in
// `client/src/notify.rs`; `protocol/vectors/notify.json` holds both to it. The server has judged levels before.

import type { AttentionWanted, Personal, QuietHours } from '../bindings';
import { t } from './locale/locale.svelte';

export interface Viewer {
  personal: Personal;
  /** The room that is looked at: it is open, and the window has the focus. */
  lookingAt: { workspace: string; room: string } | null;
  now: Date;
  /** The clock of this device: 0 for Monday, and minutes after midnight. */
  weekday: number;
  minute: number;
}

export interface Notification {
  title: string;
  body: string;
  target: { workspace: string; room: string; seq: number };
}

export function notification(wanted: AttentionWanted, viewer: Viewer): Notification | null {
  const { workspace, room, room_name, seq, author, author_name, excerpt, why } = wanted;
  const seen = viewer.lookingAt?.workspace === workspace && viewer.lookingAt.room === room;
  if (seen || viewer.personal.ignored.includes(author) || isQuiet(viewer)) return null;
  const title = room_name === undefined || why === 'direct' ? author_name : t('app.written_in', { author: author_name, room: room_name });
  return { title, body: excerpt, target: { workspace, room, seq } };
}

/** No notification is wanted now. */
export function isQuiet({ personal: { dnd_until, quiet }, now, weekday, minute }: Omit<Viewer, 'lookingAt'>): boolean {
  return (dnd_until !== undefined && now.getTime() < Date.parse(dnd_until)) || (quiet !== undefined && covers(quiet, weekday, minute));
}

/** The clock of this device at a time. */
export function localTime(now: Date): { weekday: number; minute: number } {
  return { weekday: (now.getDay() + 6) % 7, minute: now.getHours() * 60 + now.getMinutes() };
}

function covers({ from, to, days }: QuietHours, weekday: number, minute: number): boolean {
  const begins = (day: number): boolean => (days & (1 << day)) !== 0;
  const today = begins(weekday);
  if (from < to) return today && from <= minute && minute < to;
  return (today && from <= minute) || (begins((weekday + 6) % 7) && minute < to);
}
