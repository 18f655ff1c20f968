// All emoji, with what people call them. A chunk of its own, loaded when it is first asked for; nothing comes from a network.

import words from 'emojilib';
import groups from 'unicode-emoji-json/data-by-group.json';

import type { SkinTone } from '../../state/choices.svelte';

export interface Emoji {
  emoji: string;
  /** What stands between the colons: `thumbs_up`. */
  name: string;
  /** Other words for it: `+1`, `like`. */
  words: readonly string[];
  /** Comes in skin tones. */
  toned: boolean;
}

export interface EmojiGroup {
  name: string;
  emoji: Emoji[];
}

/** What came later, the fonts of today's systems have no picture for. */
const NEWEST = 15.1;
const TONES = ['', '🏻', '🏼', '🏽', '🏾', '🏿'] as const;

export const emojiGroups: readonly EmojiGroup[] = groups.map(({ name, emojis }) => ({
  name,
  emoji: emojis.filter((one) => Number(one.emoji_version) <= NEWEST).map(({ emoji, slug, skin_tone_support: toned }) => ({ emoji, name: slug, words: (words as Record<string, string[]>)[emoji] ?? [], toned })),
}));
const all = emojiGroups.flatMap((group) => group.emoji);
const byEmoji = new Map(all.map((one) => [one.emoji, one]));

/** The emoji in a skin tone: each of the people in it. */
export function inTone({ emoji, toned }: Emoji, tone: SkinTone): string {
  if (!toned || tone === 0) return emoji;
  // Hands that are held between two people have no tone of their own.
  return emoji.replace(/(\p{Emoji_Modifier_Base})\ufe0f?/gu, (found, base: string) => (base === '🤝' && emoji !== base ? found : `${base}${TONES[tone]}`));
}

/** What an emoji is called, in whatever tone it is. */
export function nameOf(emoji: string): string {
  const plain = emoji.replace(/\p{Emoji_Modifier}/gu, '');
  const found = byEmoji.get(plain) ?? byEmoji.get(`${plain}\ufe0f`);
  return (found?.name ?? emoji).replaceAll('_', ' ');
}

/** The best matches for what was typed, best first. */
export function findEmoji(typed: string, most: number): Emoji[] {
  const query = typed.trim().toLowerCase().replace(/[\s-]+/g, '_');
  if (query === '') return [];
  const found: { one: Emoji; rank: number; at: number }[] = [];
  for (const [at, one] of all.entries()) {
    const rank = rankOf(one, query);
    if (rank < 9) found.push({ one, rank, at });
  }
  return found.sort((a, b) => a.rank - b.rank || a.at - b.at).slice(0, most).map(({ one }) => one);
}

function rankOf({ name, words: others }: Emoji, query: string): number {
  if (name === query) return 0;
  if (others.includes(query)) return 1;
  if (name.startsWith(query)) return 2;
  if (name.includes(`_${query}`)) return 3;
  if (others.some((word) => word.startsWith(query))) return 4;
  return name.includes(query) ? 5 : 9;
}
