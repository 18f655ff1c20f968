// Names as they are drawn: initials, colours, lists, and the rules that a server will apply to them anyway.

import { locale, t } from './locale/locale.svelte';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** One or two letters for a picture that is not there. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s_-]+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return picked.map((word) => firstGrapheme(word ?? '?')).join('').toUpperCase();
}

/** A colour slot 0..7 for a person or workspace: always the same one for the same id. */
export function hue(id: string): number {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % 8;
}

/** "Ada", "Ada and Bo", "Ada, Bo and 3 others". */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, names.length <= most ? most : most - 1).map((name) => locale.value(name));
  if (names.length <= most) return locale.formats.list.format(shown);
  return t('list.others', { names: locale.formats.comma.format(shown), n: names.length - shown.length });
}

/** A room name as the server takes it, made from what was typed so far. */
export function roomName(typed: string): string {
  return typed.toLowerCase().replace(/\s+/g, '-').replace(/[^a-z0-9_-]/g, '').replace(/^[_-]+/, '').slice(0, 64);
}

/** A workspace's address made from its name. */
export function slugOf(typed: string): string {
  return typed.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 32);
}

/** An icon that is an emoji can be drawn as it is; anything longer is a file id. */
export function emojiIcon(icon: string | null | undefined): string | null {
  if (!icon) return null;
  return [...segmenter.segment(icon)].length === 1 ? icon : null;
}

function firstGrapheme(text: string): string {
  for (const { segment } of segmenter.segment(text)) return segment;
  return '';
}
