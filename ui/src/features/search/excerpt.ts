// A message around what was found in it, as pieces of text.

export interface Piece {
  text: string;
  hit: boolean;
}

const BEFORE = 60;
const LENGTH = 240;

/** Cut where it is long, and never within a character or a hit. */
export function excerpt(text: string, highlights: readonly (readonly [number, number])[]): Piece[] {
  const first = highlights[0]?.[0] ?? 0;
  const begin = text.length <= LENGTH || first <= BEFORE ? 0 : wordBegin(text, first - BEFORE);
  const end = whole(text, Math.max(Math.min(text.length, begin + LENGTH), highlights[0]?.[1] ?? 0));
  const pieces: Piece[] = [];
  let at = begin;
  for (const [start, stop] of highlights) {
    if (start < at || stop > end) continue;
    if (start > at) pieces.push({ text: text.slice(at, start), hit: false });
    pieces.push({ text: text.slice(start, stop), hit: true });
    at = stop;
  }
  if (at < end) pieces.push({ text: text.slice(at, end), hit: false });
  if (begin > 0) pieces.unshift({ text: '… ', hit: false });
  if (end < text.length) pieces.push({ text: ' …', hit: false });
  return pieces;
}

/** After the next space, should one be near. */
function wordBegin(text: string, at: number): number {
  const space = text.slice(at, at + BEFORE / 2).search(/\s/);
  return whole(text, space < 0 ? at : at + space + 1);
}

/** Not between the halves of a surrogate pair. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at + 1 : at;
}
