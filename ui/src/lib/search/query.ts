// What somebody looks for, and where a text has it: the same as `Query` in the protocol crate.

import type { Message, MessageSearch } from '../../bindings';
import { fold, startsAt, type Folded } from './fold';

export type Range = [start: number, end: number];

/** Words and `"phrases"`, folded, each once. */
export function termsOf(typed: string): string[][] {
  const terms: string[][] = [];
  const add = (part: string): void => {
    const { chars } = fold(part);
    const term = chars.slice(chars[0] === ' ' ? 1 : 0, chars.at(-1) === ' ' ? -1 : undefined);
    if (term.length > 0 && !terms.some((other) => other.join('') === term.join(''))) terms.push(term);
  };
  typed.split(/["“”„]/u).forEach((part, at) => {
    if (at % 2 === 1) add(part);
    else part.split(/\p{White_Space}+/u).forEach(add);
  });
  return terms;
}

/** Where a text has all of it: ranges in order, apart from each other. Null when it lacks anything. */
export function find(terms: readonly string[][], text: string): Range[] | null {
  if (terms.length === 0) return [];
  const folded = fold(text);
  const found: Range[] = [];
  for (const term of terms) {
    const before = found.length;
    for (let at = next(folded, term, 0); at !== undefined; at = next(folded, term, at + term.length)) {
      found.push([folded.starts[at] ?? 0, folded.ends[at + term.length - 1] ?? 0]);
    }
    if (found.length === before) return null;
  }
  return joined(found);
}

const LINK = /https?:\/\/[\p{Alphabetic}\p{N}[]/iu;

/** The messages among these that are wanted, with what is to be highlighted; the room is not asked for. */
export function wanted({ query, from, mentions, before, after, has }: MessageSearch): (message: Message) => Range[] | null {
  const terms = termsOf(query);
  const until = before === undefined ? Infinity : Date.parse(before);
  const since = after === undefined ? -Infinity : Date.parse(after);
  return (message) => {
    const ts = Date.parse(message.ts);
    if (message.deleted || (from !== undefined && from !== message.author) || ts >= until || ts < since) return null;
    if (mentions !== undefined && !isFor(message, mentions)) return null;
    if (has === 'file' && (message.files?.length ?? 0) === 0) return null;
    if (has === 'link' && !LINK.test(message.text)) return null;
    if (has === 'reaction' && message.reactions.length === 0) return null;
    return find(terms, message.text);
  };
}

/** Somebody else meant this person, by name or with everybody (`*`). */
function isFor({ author, mentions }: Message, user: string): boolean {
  return author !== user && mentions.some((one) => one === user || one === '*');
}

function next({ chars }: Folded, term: readonly string[], from: number): number | undefined {
  for (let at = from; at + term.length <= chars.length; at++) {
    if (term.every((char, i) => chars[at + i] === char) && (term.length > 2 || startsAt({ chars, starts: [], ends: [] }, at))) return at;
  }
  return undefined;
}

function joined(ranges: Range[]): Range[] {
  const all: Range[] = [];
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = all.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else all.push([start, end]);
  }
  return all;
}
