// The words of a text that mean something: @people and #rooms.

import type { Inline } from './tree';

// Neither inside a word nor of an address: not `a@b`, `C#minor`, `https://a.example/#top`.
const WORD = /(?<![\p{L}\p{N}@#/&=_.-])(?:@(?<login>[A-Za-z0-9][A-Za-z0-9._-]{0,31})|#(?<room>[a-z0-9][a-z0-9_-]{0,63})(?![\p{L}\p{N}]))/gu;

export function words(source: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  const plain = (to: number): void => {
    if (to > from) found.push({ is: 'text', text: source.slice(from, to) });
    from = to;
  };
  for (const match of source.matchAll(WORD)) {
    const { login, room } = match.groups ?? {};
    plain(match.index);
    if (login !== undefined) {
      // The full stop at the end belongs to the sentence.
      const name = login.replace(/[._-]+$/, '');
      found.push({ is: 'mention', text: `@${name}`, login: name.toLowerCase() });
      from += name.length + 1;
    } else if (room !== undefined) {
      found.push({ is: 'room', text: match[0], name: room });
      from += match[0].length;
    }
  }
  plain(source.length);
  return found;
}
