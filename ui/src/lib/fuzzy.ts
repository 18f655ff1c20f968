// How well a name fits what was typed: letters in order, better at the beginning of words and in a row.

/** 0 = does not fit; the higher, the better. Both in lower case. Of several words, each must fit. */
export function score(query: string, name: string): number {
  if (query === '') return 1;
  if (name === query) return 1_000;
  if (name.startsWith(query)) return 900 - Math.min(99, name.length - query.length);
  // One letter is in nearly every name: it means the beginning of a word.
  if (query.length === 1) return words(name).some((word) => word.startsWith(query)) ? 600 : 0;
  const at = name.indexOf(query);
  if (at > 0) return (startsWord(name, at) ? 700 : 500) - Math.min(99, at);
  if (!query.includes(' ')) return scattered(query, name);
  const each = query.split(' ').filter(Boolean).map((word) => score(word, name));
  return each.includes(0) ? 0 : each.reduce((sum, points) => sum + points, 0) / each.length - 50;
}

/** Letters in order, but not in a row: mostly the first ones of words, as `rp` for `release-party`. */
function scattered(query: string, name: string): number {
  let from = 0;
  let points = 300;
  let inside = 0;
  for (const letter of query) {
    const at = name[from] === letter ? from : nextOf(letter, name, from);
    if (at < 0) return 0;
    if (at > from || from === 0) {
      points -= 4;
      if (!startsWord(name, at)) inside += 1;
    }
    from = at + letter.length;
  }
  return inside > (query.length < 3 ? 0 : query.length / 2) ? 0 : Math.max(1, points - inside * 60);
}

/** Where a letter is next: where it begins a word, or else anywhere. */
function nextOf(letter: string, name: string, from: number): number {
  for (let at = name.indexOf(letter, from); at >= 0; at = name.indexOf(letter, at + 1)) if (startsWord(name, at)) return at;
  return name.indexOf(letter, from);
}

function words(name: string): string[] {
  return name.split(/[\s\-_./@#]+/);
}

function startsWord(name: string, at: number): boolean {
  return at === 0 || ' -_./@#'.includes(name[at - 1] ?? '');
}

/** The form that names are compared in: lower case, without accents. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** The best `most` of many, best first; ties stay in their order. */
export function best<T>(all: readonly T[], scoreOf: (one: T) => number, most: number): T[] {
  const found: { one: T; points: number; at: number }[] = [];
  for (const [at, one] of all.entries()) {
    const points = scoreOf(one);
    if (points > 0) found.push({ one, points, at });
  }
  return found.sort((a, b) => b.points - a.points || a.at - b.at).slice(0, most).map(({ one }) => one);
}
