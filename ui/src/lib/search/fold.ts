// Texts as search sees them: without case, without accents, with single spaces. The same as `fold` in the protocol crate,
// held to one table (protocol/vectors/search.json).

export interface Folded {
  chars: string[];
  /** For each of them where what it stands for begins and ends in the original. */
  starts: number[];
  ends: number[];
}

const SPACE = /[\p{White_Space}\p{Cc}]/u;
/** Marks that people leave out when they type a word. In other scripts marks are vowels. */
const ACCENT = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]/u;
const MARK = /\p{M}/u;
/** Hangul syllables and kana, which would fall into parts. */
const WHOLE = /[\uac00-\ud7a3\u3040-\u30ff]/u;
/** Scripts that are written without spaces between words, and Hangul, whose words are short. */
const DENSE = /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const WORD = /[\p{Alphabetic}\p{N}]/u;

const isAccent = (char: string): boolean => ACCENT.test(char) && MARK.test(char);

export function fold(text: string): Folded {
  const folded: Folded = { chars: [], starts: [], ends: [] };
  const { chars, starts, ends } = folded;
  let at = 0;
  const push = (char: string, start: number, end: number): void => {
    chars.push(char);
    starts.push(start);
    ends.push(end);
  };
  // What follows belongs to the last character: an accent of its own, or more white space.
  const widen = (end: number): void => {
    if (ends.length > 0) ends[ends.length - 1] = end;
  };
  const space = (start: number, end: number): void => (chars.at(-1) === ' ' ? widen(end) : push(' ', start, end));
  for (const char of text) {
    const start = at;
    const end = (at += char.length);
    if (char > ' ' && char < '\u007f') push(char.toLowerCase(), start, end);
    else if (SPACE.test(char)) space(start, end);
    else if (isAccent(char)) widen(end);
    else if (WHOLE.test(char)) push(char, start, end);
    else {
      for (const part of char.normalize('NFKD')) {
        if (SPACE.test(part)) space(start, end);
        else if (!isAccent(part)) for (const low of part.toLowerCase()) if (!isAccent(low)) push(low, start, end);
      }
    }
  }
  return folded;
}

/** Whether something of one or two characters may begin here. */
export function startsAt({ chars }: Folded, at: number): boolean {
  const char = chars[at] ?? ' ';
  const before = chars[at - 1] ?? ' ';
  return !WORD.test(before) || !WORD.test(char) || DENSE.test(char) || DENSE.test(before);
}
