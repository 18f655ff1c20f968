// A message in one line, for quotes, previews and what is read aloud. Spoilers stay hidden.

import { parse } from './parse';
import type { Block, Inline } from './tree';

export function plainText(text: string): string {
  return blocks(parse(text)).replace(/\s+/g, ' ').trim();
}

function blocks(list: readonly Block[]): string {
  return list.map((block) => {
    switch (block.is) {
      case 'paragraph':
      case 'heading':
        return inlines(block.children);
      case 'code':
        return block.text;
      case 'quote':
        return blocks(block.children);
      case 'list':
        return block.items.map((item) => `• ${blocks(item.children)}`).join(' ');
      case 'table':
        return block.rows.map((row) => row.map(inlines).join(' ')).join(' ');
      case 'rule':
        return '—';
    }
  }).join(' ');
}

function inlines(nodes: readonly Inline[]): string {
  return nodes.map((node) => {
    if (node.is === 'break') return ' ';
    if (node.is === 'spoiler') return '▮▮▮';
    return 'children' in node ? inlines(node.children) : node.text;
  }).join('');
}
