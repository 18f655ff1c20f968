// Colours for code, as a tree of spans. A chunk of its own: loaded when the first block of code is drawn.

import type { ElementContent } from 'hast';
import { common, createLowlight } from 'lowlight';

export interface Coloured {
  text: string;
  /** highlight.js' names: `hljs-keyword` and so on; empty for what has no colour. */
  kind: string;
}

/** Longer code stays uncoloured: some grammars take a quadratic time over hostile text. */
const LONGEST = 12_000;

const lowlight = createLowlight(common);
const kept = new Map<string, Coloured[]>();

/** The code in coloured pieces; null when the language is not known or the code is too long. */
export function highlight(code: string, language: string): Coloured[] | null {
  const name = language.toLowerCase();
  if (code.length > LONGEST || !lowlight.registered(name)) return null;
  const key = `${name}\n${code}`;
  let found = kept.get(key);
  if (!found) {
    found = flat(lowlight.highlight(name, code).children, '');
    if (kept.size >= 200) kept.clear();
    kept.set(key, found);
  }
  return found;
}

/** Nested spans take the innermost name, so that one level of nodes is enough. */
function flat(nodes: readonly (ElementContent | { type: string })[], kind: string): Coloured[] {
  return nodes.flatMap((node) => {
    if (node.type === 'text' && 'value' in node) return [{ text: node.value, kind }];
    if (node.type !== 'element' || !('children' in node)) return [];
    const names = node.properties['className'];
    return flat(node.children, Array.isArray(names) ? names.join(' ') : kind);
  });
}
