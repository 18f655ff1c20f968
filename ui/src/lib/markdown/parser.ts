// The dialect: CommonMark with tables, strikethrough, `||spoilers||` and bare addresses, and what a chat must leave out.

import MarkdownIt, { type Token } from 'markdown-it';

/** Deeper than this, the parser gives up on a text and we draw it as it was typed. */
export const DEEPEST = 24;

const SAFE = /^(https?:\/\/|mailto:|confab:\/\/)/i;
const NOT_OF_THE_LINK = /[.,;:!?*_~'"\]]+$/;

export const parser = new MarkdownIt({ html: false, linkify: true, breaks: true, maxNesting: DEEPEST });

// In a chat, four spaces are no code, a line of dashes below a sentence makes no heading of it, and `[1]: x` must not
// vanish as a definition would.
parser.disable(['code', 'lheading', 'reference']);
parser.validateLink = (url) => SAFE.test(url.trim());
// What was typed is what is read.
parser.normalizeLinkText = (text) => text;

// Bare addresses need a scheme or `www.`: `main.rs` and `notes.md` are files, not hosts.
parser.linkify.set({ fuzzyLink: false, fuzzyIP: false });
parser.linkify.add('//', null).add('ftp:', null);
parser.linkify.add('confab:', { validate: (text, at) => reach(/^\/\/[^\s<>"'`|]+/, text.slice(at)) });
parser.linkify.add('www.', {
  validate: (text, at) => reach(/^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+(:\d+)?(\/[^\s<>"'`|]*)?/u, text.slice(at)),
  normalize: (match) => void (match.url = `http://${match.url}`),
});

parser.core.ruler.before('text_join', 'spoiler', (state) => {
  for (const token of state.tokens) if (token.type === 'inline' && token.content.includes('||')) token.children = spoilers(token.children ?? []);
});

function reach(pattern: RegExp, text: string): number {
  return pattern.exec(text)?.[0].replace(NOT_OF_THE_LINK, '').length ?? 0;
}

/** Makes spans of what stands between two `||` on the same level: an escaped one is not in a token of plain text. */
function spoilers(tokens: Token[]): Token[] {
  const parts = tokens.flatMap(split);
  const open = new Map<number, number>();
  let links = 0;
  for (const [at, part] of parts.entries()) {
    if (part.nesting !== 0) {
      links += part.type.startsWith('link_') ? part.nesting : 0;
      // What was opened inside ends with what it is inside of.
      for (const level of open.keys()) if (level > part.level) open.delete(level);
    }
    if (part.type !== 'bars' || links > 0) continue;
    const from = open.get(part.level);
    // They touch what they hide: `a || b || c` is logic.
    if (from === undefined) {
      if (touches(parts[at + 1], /^\S/)) open.set(part.level, at);
    } else if (at > from + 1 && touches(parts[at - 1], /\S$/)) {
      (parts[from] as Token).type = 'spoiler_open';
      (parts[from] as Token).nesting = 1;
      part.type = 'spoiler_close';
      part.nesting = -1;
      open.delete(part.level);
    }
  }
  for (const part of parts) if (part.type === 'bars') part.type = 'text';
  return parts;
}

function touches(part: Token | undefined, pattern: RegExp): boolean {
  return part !== undefined && !part.type.endsWith('break') && (part.type !== 'text' || pattern.test(part.content));
}

function split(token: Token): Token[] {
  if (token.type !== 'text' || !token.content.includes('||')) return [token];
  return token.content.split(/(\|\|)/).filter(Boolean).map((content) => {
    const Part = token.constructor as typeof Token;
    const part = new Part(content === '||' ? 'bars' : 'text', '', 0);
    part.content = content;
    part.level = token.level;
    return part;
  });
}
