// A message's text to its tree: once per text, in bounded time.

import { convert } from './convert';
import { DEEPEST, parser } from './parser';
import type { Block, Inline } from './tree';

/** The signs that cost the parser more than a letter does; some make it look at the rest of the text again. */
const COSTLY = /[*_~[\]&|<\\:\n(]/g;
/** More of them than a person types into 16 KiB: above this, the text is drawn as it was typed. */
const MOST_COSTLY = 2_000;
const MOST_AT = 400;
/** Texts whose trees are kept: some screens of the largest timeline. */
const KEPT = 800;
/** Nothing in it could mean anything: most of what people say. */
const PLAIN = /^[\p{L}\p{M}\p{Emoji_Presentation} ,.!?'’"„“”…()%;€$-]*$/u;
const LETTER = /^\p{L}/u;

const kept = new Map<string, readonly Block[]>();

export function parse(text: string): readonly Block[] {
  const found = kept.get(text);
  if (found) return found;
  const blocks = parsed(text);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? '');
  kept.set(text, blocks);
  return blocks;
}

/** The words of a text that is nothing but words, and no gesture of emoji: there is no tree to draw. */
export function wordsOf([block, ...more]: readonly Block[]): string | undefined {
  if (block?.is !== 'paragraph' || more.length > 0) return undefined;
  const [node, second] = block.children;
  return node?.is === 'text' && second === undefined && LETTER.test(node.text) ? node.text : undefined;
}

function parsed(text: string): readonly Block[] {
  if (LETTER.test(text) && PLAIN.test(text) && !text.includes('www.')) return typed(text);
  if (count(text, COSTLY) > MOST_COSTLY || count(text, /@/g) > MOST_AT) return typed(text);
  const tokens = parser.parse(text, {});
  // What is nested deeper, the parser leaves out; a message must not lose words.
  if (tokens.some((token) => token.level >= DEEPEST - 1)) return typed(text);
  return convert(tokens);
}

/** The text as it was typed, line by line. */
function typed(text: string): Block[] {
  const children = text.split('\n').flatMap((line, at): Inline[] => [...(at > 0 ? [{ is: 'break' } as const] : []), { is: 'text', text: line }]);
  return [{ is: 'paragraph', children }];
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
