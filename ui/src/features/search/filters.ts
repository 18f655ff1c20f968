// Filters as they are typed: `from:ada`, `mentions:me`, `in:general`, `before:2026-01-31`, `after:…`, `has:link`.

import { score } from '../../lib/fuzzy';
import { t } from '../../lib/locale/locale.svelte';
import type { Filter } from '../../state/search.svelte';
import type { WorkspaceState } from '../../state/workspace.svelte';

export interface Suggestion {
  key: string;
  /** What stands in the field's place: `from:` still needs a value, a filter is one. */
  takes: Filter | string;
  title: string;
  hint: string;
}

const KINDS = [
  { word: 'from:', hint: 'filter.from' },
  { word: 'mentions:', hint: 'filter.mentions' },
  { word: 'in:', hint: 'filter.in' },
  { word: 'before:', hint: 'filter.before' },
  { word: 'after:', hint: 'filter.after' },
  { word: 'has:', hint: 'filter.has' },
] as const;
const HAS = [
  { what: 'link', title: 'filter.link', hint: 'filter.link_hint' },
  { what: 'file', title: 'filter.file', hint: 'filter.file_hint' },
  { what: 'reaction', title: 'filter.reaction', hint: 'filter.reaction_hint' },
] as const;
const DAYS = [
  { title: 'filter.today', back: 0 },
  { title: 'filter.yesterday', back: 1 },
  { title: 'filter.week_ago', back: 7 },
  { title: 'filter.month_ago', back: 30 },
  { title: 'filter.year_ago', back: 365 },
] as const;
const MOST = 6;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The word that the caret stands behind, and where it begins. */
export function wordAt(text: string, caret: number): { word: string; start: number } {
  const start = text.lastIndexOf(' ', caret - 1) + 1;
  return { word: text.slice(start, caret), start };
}

/** What the word that is being typed could become; nothing for an ordinary word. */
export function suggestions(word: string, workspace: WorkspaceState, now = new Date()): Suggestion[] {
  const typed = word.toLowerCase();
  const colon = typed.indexOf(':');
  if (colon < 0) {
    if (typed === '') return [];
    return KINDS.filter((kind) => kind.word.startsWith(typed)).map(({ word: title, hint }) => ({ key: title, takes: title, title, hint: t(hint) }));
  }
  const value = typed.slice(colon + 1).replace(/^[@#]/, '');
  switch (typed.slice(0, colon)) {
    case 'from':
    case 'mentions': {
      const kind = typed.startsWith('from') ? 'from' : 'mentions';
      return best([...workspace.members.values()], value, (member) => [member.login, member.display_name.toLowerCase()]).map((member) => (
        { key: member.id, takes: { kind, user: member.id }, title: member.display_name, hint: `@${member.login}` }));
    }
    case 'in':
      return best([...workspace.named, ...workspace.direct], value, (room) => [workspace.titleOf(room.info).toLowerCase()]).map(({ info }) => (
        { key: info.id, takes: { kind: 'in', room: info.id }, title: workspace.titleOf(info), hint: info.topic }));
    case 'has':
      return HAS.filter(({ what, title }) => what.startsWith(value) || t(title).toLowerCase().startsWith(value)).map(({ what, title, hint }) => ({ key: what, takes: { kind: 'has', what }, title: t(title), hint: t(hint) }));
    case 'before':
    case 'after': {
      const kind = typed.startsWith('before') ? 'before' : 'after';
      if (isDay(value)) return [{ key: value, takes: { kind, day: value }, title: value, hint: '' }];
      const all = DAYS.map(({ title, back }) => ({ title: t(title), day: dayBefore(now, back) }));
      return all.filter(({ title, day }) => title.startsWith(value) || day.startsWith(value)).map(({ title, day }) => ({ key: day, takes: { kind, day }, title, hint: day }));
    }
    default:
      return [];
  }
}

/** The filter that a whole word is, when there is no doubt; null when it is an ordinary word. */
export function filterOf(word: string, workspace: WorkspaceState): Filter | null {
  const [kind, value = ''] = word.toLowerCase().split(/:(.*)/s);
  const name = value.replace(/^[@#]/, '');
  if (kind === 'from' || kind === 'mentions') {
    const found = name === 'me' ? workspace.me : [...workspace.members.values()].find(({ login }) => login === name);
    return found ? { kind, user: found.id } : null;
  }
  if (kind === 'in') {
    const room = workspace.idsByName.get(name);
    return room === undefined ? null : { kind, room };
  }
  if (kind === 'before' || kind === 'after') return isDay(name) ? { kind, day: name } : null;
  const has = kind === 'has' ? HAS.find(({ what }) => what === name) : undefined;
  return has ? { kind: 'has', what: has.what } : null;
}

/** What a chip says. */
export function labelOf(filter: Filter, workspace: WorkspaceState): string {
  switch (filter.kind) {
    case 'from':
    case 'mentions':
      return workspace.nameOf(filter.user);
    case 'in': {
      const room = workspace.rooms.get(filter.room);
      return room ? workspace.titleOf(room.info) : '?';
    }
    case 'has':
      return t(HAS.find(({ what }) => what === filter.what)?.title ?? 'filter.file');
    default:
      return filter.day;
  }
}

function best<T>(all: readonly T[], typed: string, names: (one: T) => string[]): T[] {
  const scored = all.map((one) => ({ one, points: Math.max(...names(one).map((name) => score(typed, name))) }));
  return scored.filter(({ points }) => points > 0).sort((a, b) => b.points - a.points).slice(0, MOST).map(({ one }) => one);
}

function isDay(text: string): boolean {
  return DAY.test(text) && !Number.isNaN(Date.parse(text));
}

function dayBefore(now: Date, days: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
