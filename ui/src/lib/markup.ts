// Message text to a tree: paragraphs with line breaks, fenced code, `code`, **bold**, *italic*, http(s) links and
// @mentions. What it does not know stays text as it was typed. The tree is drawn as nodes, never as HTML.

export type Inline =
  | { is: 'text'; text: string }
  | { is: 'code'; text: string }
  | { is: 'mention'; text: string; login: string }
  | { is: 'link'; text: string; href: string }
  | { is: 'strong' | 'em'; children: Inline[] };

export type Block = { is: 'text'; lines: Inline[][] } | { is: 'code'; language: string; text: string };

const FENCE = /^```([\w+#.-]{0,32})[ \t]*$/;
// One alternative per construct, tried left to right at each position. `*` must touch its words, so that 2 * 3 * 4
// stays arithmetic.
const INLINE = new RegExp(
  [
    '(?<code>`[^`\\n]+`)',
    '(?<link>https?://[^\\s<>"\'`]+)',
    '(?<strong>\\*\\*(?=\\S)[^\\n]*?\\S\\*\\*)',
    '(?<em>(?<![\\w*])\\*(?=[^\\s*])[^*\\n]*?[^\\s*]\\*(?![\\w*])|(?<![\\w*])\\*[^\\s*]\\*(?![\\w*]))',
    '(?<mention>(?<![\\p{L}\\p{N}])@[A-Za-z0-9][A-Za-z0-9._-]{0,31})',
  ].join('|'),
  'gu',
);
const MAX_DEPTH = 3;

export function parse(source: string): Block[] {
  const blocks: Block[] = [];
  const lines = source.split('\n');
  let text: string[] = [];
  const flush = (): void => {
    while (text.length > 0 && text[0]?.trim() === '') text.shift();
    while (text.length > 0 && text.at(-1)?.trim() === '') text.pop();
    if (text.length > 0) blocks.push({ is: 'text', lines: text.map((line) => inline(line, 0)) });
    text = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence = FENCE.exec(line);
    const end = fence ? lines.findIndex((other, i) => i > at && other.trim() === '```') : -1;
    if (!fence || end < 0) {
      text.push(line);
      continue;
    }
    flush();
    blocks.push({ is: 'code', language: fence[1] ?? '', text: lines.slice(at + 1, end).join('\n') });
    at = end;
  }
  flush();
  return blocks;
}

function inline(source: string, depth: number): Inline[] {
  const out: Inline[] = [];
  let from = 0;
  const plain = (to: number): void => {
    if (to > from) out.push({ is: 'text', text: source.slice(from, to) });
  };
  for (const match of source.matchAll(INLINE)) {
    const found = match[0];
    const { code, link, strong, em, mention } = match.groups ?? {};
    if (match.index < from) continue;
    let node: Inline;
    let length = found.length;
    if (code) node = { is: 'code', text: found.slice(1, -1) };
    else if (link) {
      const href = trimLink(link);
      if (!URL.canParse(href)) continue;
      length = href.length;
      node = { is: 'link', text: href, href };
    } else if (strong && depth < MAX_DEPTH) node = { is: 'strong', children: inline(found.slice(2, -2), depth + 1) };
    else if (em && depth < MAX_DEPTH) node = { is: 'em', children: inline(found.slice(1, -1), depth + 1) };
    else if (mention) {
      const text = mention.replace(/[.\-_]+$/, '');
      length = text.length;
      node = { is: 'mention', text, login: text.slice(1).toLowerCase() };
    } else continue;
    plain(match.index);
    out.push(node);
    from = match.index + length;
  }
  plain(source.length);
  return out;
}

/** The full stop at the end belongs to the sentence; a closing bracket only when it was opened inside the link. */
function trimLink(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? '';
    const body = link.slice(0, end);
    const unmatched = last === ')' && count(body, ')') > count(body, '(');
    if (/[.,;:!?*_~\]]/.test(last) || unmatched) end -= 1;
    else return body;
  }
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}
