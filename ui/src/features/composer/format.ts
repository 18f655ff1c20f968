// Markdown by keys: puts signs around what is selected, or takes them away.

import { insert } from '../../lib/insert';

const SIGNS: Readonly<Record<string, string>> = { b: '**', i: '*', e: '`', 'shift+x': '~~', 'shift+h': '||' };

/** Does what a key with Ctrl or ⌘ means for the field; false when it means nothing. */
export function format(field: HTMLTextAreaElement, event: KeyboardEvent): boolean {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
  const sign = SIGNS[`${event.shiftKey ? 'shift+' : ''}${event.key.toLowerCase()}`];
  if (sign === undefined) return false;
  const { selectionStart: from, selectionEnd: to, value } = field;
  const size = sign.length;
  const picked = value.slice(from, to);
  const around = value.slice(from - size, from) === sign && value.slice(to, to + size) === sign;
  // `*` stands around what is bold, too, and is not italics for that.
  const isBold = sign === '*' && value[from - 2] === '*' && value[from - 3] !== '*';
  if (around && !isBold) {
    insert(field, from - size, to + size, picked);
    field.setSelectionRange(from - size, to - size);
  } else {
    insert(field, from, to, `${sign}${picked}${sign}`);
    field.setSelectionRange(from + size, to + size);
  }
  return true;
}

/** An address that is pasted over words makes a link of them; false when it is anything else. */
export function linked(field: HTMLTextAreaElement, pasted: string): boolean {
  const { selectionStart: from, selectionEnd: to, value } = field;
  const picked = value.slice(from, to);
  if (picked.trim() === '' || /\n|\]\(|^https?:/.test(picked) || !/^https?:\/\/\S+$/.test(pasted.trim())) return false;
  insert(field, from, to, `[${picked}](${pasted.trim()})`);
  return true;
}
