// What is being typed at the caret that can be completed: @someone, #room, :emoji or /command.

export interface Token {
  sign: '@' | '#' | ':' | '/';
  /** What stands after the sign, so far. */
  query: string;
  /** Where the sign is. */
  from: number;
  /** Where the caret is. */
  to: number;
}

// Signs stand at the beginning of a word; an emoji wants two letters, so that "10:3" and ":)" are left alone.
const TOKEN = /(?:^|[\s([{"'*_~>|])(?:(?<person>@[\p{L}\p{N}._-]*)|(?<room>#[a-z0-9_-]*)|(?<emoji>:[a-z0-9_+-]{2,}))$/iu;
const COMMAND = /^\/([a-z]*)$/i;

export function tokenAt(text: string, caret: number): Token | null {
  const before = text.slice(0, caret);
  const command = COMMAND.exec(before);
  if (command) return { sign: '/', query: (command[1] ?? '').toLowerCase(), from: 0, to: caret };
  const found = TOKEN.exec(before.slice(-80));
  const typed = found?.groups?.['person'] ?? found?.groups?.['room'] ?? found?.groups?.['emoji'];
  if (typed === undefined || inCode(before)) return null;
  return { sign: typed[0] as Token['sign'], query: typed.slice(1).toLowerCase(), from: caret - typed.length, to: caret };
}

/** Code is typed as it is. */
function inCode(before: string): boolean {
  if ((before.match(/^```/gm)?.length ?? 0) % 2 === 1) return true;
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return (line.match(/`/g)?.length ?? 0) % 2 === 1;
}
