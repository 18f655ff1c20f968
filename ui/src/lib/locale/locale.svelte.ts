// The language that the page speaks: one for all of it, and what is drawn follows when it changes. English is always
// there; another one is loaded before it is switched to.

import { en } from './en';
import { Formats } from './intl';
import { piecesOf, sentenceOf, type Key, type Message, type Piece, type PlainKey, type Values, type ValuesOf } from './message';

export const LANGUAGES = ['en', 'de', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];
/** Each in its own words, for those who cannot read the present one. */
export const NAMES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch', ar: 'العربية' };

type Messages = Readonly<Record<Key, Message>>;
/** What is in the first load; parts of the page bring more of it. Other languages are loaded as a whole. */
let english: Readonly<Partial<Messages>> = en;

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
// First strong isolate, and its end.
const ISOLATE = String.fromCharCode(0x2068);
const END = String.fromCharCode(0x2069);

class Locale {
  language = $state<Language>('en');
  formats = $state.raw(new Formats(tagOf('en')));
  private messages = $state.raw<Readonly<Partial<Messages>>>(english);
  private wanted: Language = 'en';

  get dir(): 'ltr' | 'rtl' {
    return this.language === 'ar' ? 'rtl' : 'ltr';
  }

  /** What the right arrow does among things that stand one after the other: 1 goes on, -1 goes back. */
  get forward(): 1 | -1 {
    return this.dir === 'rtl' ? -1 : 1;
  }

  /** The same for the left arrow. */
  get backward(): 1 | -1 {
    return this.dir === 'rtl' ? 1 : -1;
  }

  /** Speaks this language from now on; answers when it does. One that cannot be loaded leaves things as they are. */
  async use(language: Language): Promise<void> {
    this.wanted = language;
    if (language === this.language) return;
    const messages = await load(language).catch((thrown: unknown) => void console.warn('the language could not be loaded', thrown));
    // Somebody chose again meanwhile.
    if (!messages || this.wanted !== language) return;
    this.messages = messages;
    this.formats = new Formats(tagOf(language));
    this.language = language;
  }

  /** English of a part of the page that is loaded just now. */
  learn(part: Readonly<Partial<Messages>>): void {
    english = { ...english, ...part };
    if (this.language === 'en') this.messages = english;
  }

  /** What a message is made of here, for those that have markup within. */
  pieces(key: Key, values: Values): readonly Piece[] {
    return piecesOf(sentenceOf(this.messages[key] ?? '', this.formats.plural, values['n']));
  }

  /** A value as it stands within a sentence: numbers in the digits of the language, and a text that may run the other
      way on an island, or it would turn what is around it. */
  value(value: string | number): string {
    if (typeof value === 'number') return this.formats.number.format(value);
    return this.dir === 'rtl' || RIGHT_TO_LEFT.test(value) ? `${ISOLATE}${value}${END}` : value;
  }

  /** The order of names. Asked for once for a sort, not for each two that it compares. */
  get collate(): (a: string, b: string) => number {
    return this.formats.collator.compare;
  }
}

export const locale = new Locale();

/** A message in the language of the page as it stands in the catalogue, for somebody else to fill in. */
export function sentence(key: Key): string {
  return locale.pieces(key, {}).map((piece) => ('text' in piece ? piece.text : `{${piece.slot}}`)).join('');
}

/** A message in the language of the page, with its placeholders filled in. */
export function t(key: PlainKey): string;
export function t<K extends Key>(key: K, values: ValuesOf<K>): string;
export function t(key: Key, values: Values = {}): string {
  return locale.pieces(key, values).map((piece) => ('text' in piece ? piece.text : locale.value(values[piece.slot] ?? ''))).join('');
}

/** The language for a choice: what the system prefers among ours, or English. */
export function languageFor(choice: Language | 'system', preferred = preferences()): Language {
  if (choice !== 'system') return choice;
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => language === primary(tag));
    if (found) return found;
  }
  return 'en';
}

/** With the region that the system has for the language, if it has one: days and hours are written by region. */
function tagOf(language: Language): string {
  return preferences().find((tag) => primary(tag) === language) ?? language;
}

function primary(tag: string): string {
  return tag.toLowerCase().split('-')[0] ?? '';
}

function preferences(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : (navigator.languages ?? []);
}

async function load(language: Language): Promise<Readonly<Partial<Messages>>> {
  switch (language) {
    case 'en': return english;
    case 'de': return (await import('./de')).de;
    case 'ar': return (await import('./ar')).ar;
  }
}
