// From the parser's flat list of tokens to our tree.

import type { Token } from 'markdown-it';

import type { Align, Block, Inline, ListItem } from './tree';
import { words } from './words';

const TASK = /^\[([ xX])\][ \u00a0]+/;

/** Walks the tokens once; each method leaves `at` behind what it took. */
class Walk {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  blocks(end?: string): Block[] {
    const found: Block[] = [];
    for (let token = this.next(); token && token.type !== end; token = this.next()) {
      const block = this.block(token);
      if (block) found.push(block);
    }
    return found;
  }

  private block(token: Token): Block | undefined {
    switch (token.type) {
      case 'paragraph_open':
        return { is: 'paragraph', children: this.line() };
      case 'heading_open':
        return { is: 'heading', level: Number(token.tag.slice(1)), children: this.line() };
      case 'fence':
        return { is: 'code', language: language(token.info), text: token.content.replace(/\n$/, '') };
      case 'blockquote_open':
        return { is: 'quote', children: this.blocks('blockquote_close') };
      case 'bullet_list_open':
        return { is: 'list', start: null, items: this.items('bullet_list_close') };
      case 'ordered_list_open':
        return { is: 'list', start: Number(token.attrGet('start') ?? 1), items: this.items('ordered_list_close') };
      case 'table_open':
        return this.table();
      case 'hr':
        return { is: 'rule' };
      default:
        return undefined;
    }
  }

  /** The one line of text of a paragraph, a heading or a cell, and its end. */
  private line(): Inline[] {
    const children = inlines(this.next()?.children ?? []);
    this.next();
    return children;
  }

  private items(end: string): ListItem[] {
    const items: ListItem[] = [];
    for (let token = this.next(); token && token.type !== end; token = this.next()) items.push(task(this.blocks('list_item_close')));
    return items;
  }

  private table(): Block {
    const align: Align[] = [];
    const rows: Inline[][][] = [];
    for (let token = this.next(); token && token.type !== 'table_close'; token = this.next()) {
      if (token.type === 'tr_open') rows.push([]);
      if (token.type !== 'th_open' && token.type !== 'td_open') continue;
      if (rows.length === 1) align.push(alignment(String(token.attrGet('style') ?? '')));
      rows.at(-1)?.push(this.line());
    }
    return { is: 'table', align, rows };
  }

  private next(): Token | undefined {
    return this.tokens[this.at++];
  }
}

export function convert(tokens: readonly Token[]): Block[] {
  return new Walk(tokens).blocks();
}

function inlines(tokens: readonly Token[]): Inline[] {
  const root: Inline[] = [];
  const stack: Inline[][] = [root];
  let links = 0;
  for (const token of tokens) {
    const into = stack.at(-1) ?? root;
    const open = (node: Inline & { children: Inline[] }): void => {
      into.push(node);
      stack.push(node.children);
    };
    switch (token.type) {
      case 'text':
        into.push(...(links > 0 ? plain(token.content) : words(token.content)));
        break;
      case 'code_inline':
        into.push({ is: 'code', text: token.content });
        break;
      case 'softbreak':
      case 'hardbreak':
        into.push({ is: 'break' });
        break;
      // Nothing is fetched from elsewhere before somebody clicks.
      case 'image':
        into.push({ is: 'link', href: String(token.attrGet('src') ?? ''), children: plain(token.content || String(token.attrGet('src') ?? '')) });
        break;
      case 'link_open':
        links += 1;
        open({ is: 'link', href: String(token.attrGet('href') ?? ''), children: [] });
        break;
      case 'strong_open':
      case 'em_open':
      case 'spoiler_open':
        open({ is: token.type.slice(0, -5) as 'strong' | 'em' | 'spoiler', children: [] });
        break;
      case 's_open':
        open({ is: 'del', children: [] });
        break;
      default:
        if (token.nesting === -1 && stack.length > 1) stack.pop();
        else if (token.content !== '') into.push(...plain(token.content));
        if (token.type === 'link_close') {
          links -= 1;
          const link = (stack.at(-1) ?? root).at(-1);
          if (link?.is === 'link' && link.children.length === 0) link.children.push(...plain(link.href));
        }
    }
  }
  return root;
}

function plain(text: string): Inline[] {
  return text === '' ? [] : [{ is: 'text', text }];
}

function task(children: Block[]): ListItem {
  const [first] = children;
  const text = first?.is === 'paragraph' ? first.children[0] : undefined;
  const found = text?.is === 'text' ? TASK.exec(text.text) : null;
  if (first?.is !== 'paragraph' || text?.is !== 'text' || !found) return { children };
  const rest: Inline[] = [{ is: 'text', text: text.text.slice(found[0].length) }, ...first.children.slice(1)];
  return { done: found[1] !== ' ', children: [{ is: 'paragraph', children: rest }, ...children.slice(1)] };
}

function language(info: string): string {
  return /^[\w+#.-]{1,32}/.exec(info.trim())?.[0] ?? '';
}

function alignment(style: string): Align {
  return style.endsWith('right') ? 'end' : style.endsWith('center') ? 'center' : 'start';
}
