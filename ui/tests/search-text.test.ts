// What a search finds in a text, and what is shown of it.

import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { excerpt } from '../src/features/search/excerpt';
import { find, termsOf, wanted } from '../src/lib/search/query';

describe('the predicate', () => {
  const vectors = JSON.parse(readFileSync('../protocol/vectors/search.json', 'utf8')) as { query: string; text: string; found: [number, number][] | null }[];
  it.each(vectors)('finds $query in $text as the server does', ({ query, text, found }) => {
    expect(find(termsOf(query), text)).toEqual(found);
  });

  it('knows what messages have', () => {
    const said = { id: 'm', cid: 'c', seq: 1, ts: '2026-01-05T12:00:00.000Z', author: 'u', text: 'see HTTPS://example.org', deleted: false, pinned: false, files: [], mentions: [], reactions: [] };
    expect(wanted({ query: '', has: 'link' })(said)).toEqual([]);
    expect(wanted({ query: '', has: 'link' })({ ...said, text: 'see http:// and ftp://a' })).toBeNull();
    expect(wanted({ query: 'see', has: 'reaction' })(said)).toBeNull();
    expect(wanted({ query: 'see', before: '2026-01-05T12:00:00.000Z' })(said)).toBeNull();
    expect(wanted({ query: 'see', after: '2026-01-05T12:00:00.000Z' })(said)).toEqual([[0, 3]]);
    expect(wanted({ query: 'see' })({ ...said, deleted: true })).toBeNull();
    expect(wanted({ query: 'see', mentions: 'me' })(said)).toBeNull();
    for (const named of ['me', '*']) {
      expect(wanted({ query: '', mentions: 'me' })({ ...said, mentions: ['other', named] })).toEqual([]);
      expect(wanted({ query: '', mentions: 'u' })({ ...said, mentions: ['u', named] })).toBeNull();
    }
  });
});

describe('an excerpt', () => {
  const joined = (text: string, ranges: [number, number][]): string => excerpt(text, ranges).map(({ text: piece, hit }) => (hit ? `[${piece}]` : piece)).join('');
  it('is the whole of a short text', () => {
    expect(joined('a short text', [[2, 7]])).toBe('a [short] text');
  });
  it('is what is around the first hit of a long one, and cuts no character', () => {
    const text = `${'🦊'.repeat(200)} needle ${'🦊'.repeat(200)}`;
    const cut = joined(text, [[401, 407]]);
    expect(cut).toMatch(/^… 🦊+ \[needle\] 🦊+ …$/u);
    expect(cut.length).toBeLessThan(300);
  });
});
