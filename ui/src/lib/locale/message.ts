// What a message is: a sentence with `{placeholders}`, or one such sentence for each form that a language counts in.
//
// Our own code instead of a library: Intl has the rules (plurals, numbers, dates, lists), so what is left is this file;
// and nothing compiles messages in the page, which the content security policy forbids.

import type { en } from './en';
import type { enInspector } from './en.inspector';
import type { enNearby } from './en.nearby';
import type { enTrust } from './en.trust';

type English = typeof en & typeof enInspector & typeof enNearby & typeof enTrust;
export type Key = keyof English;

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;
type Texts<K extends Key> = English[K] extends string ? English[K] : English[K][keyof English[K]] & string;

/** The placeholders of a message. One that is counted takes the number as `n`, whether its sentences show it or not. */
export type Slot<K extends Key> = Placeholder<Texts<K>> | (English[K] extends string ? never : 'n');
/** Messages that need nothing filled in. */
export type PlainKey = { [K in Key]: [Slot<K>] extends [never] ? K : never }[Key];
export type Values = Readonly<Record<string, string | number>>;
export type ValuesOf<K extends Key> = Readonly<Record<Exclude<Slot<K>, 'n'>, string | number> & Record<Slot<K> & 'n', number>>;

type Forms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;
/** All messages of a language that counts in the plural forms `P`: a missing key and one too many are type errors. */
export type Catalogue<P extends Intl.LDMLPluralRule> = { readonly [K in Key]: English[K] extends string ? string : Readonly<Record<P, string>> };
export type Message = string | Forms;

/** A sentence as what it is made of: text, and the names of its placeholders. */
export type Piece = { text: string } | { slot: string };

const read = new Map<string, readonly Piece[]>();

export function piecesOf(sentence: string): readonly Piece[] {
  let pieces = read.get(sentence);
  if (!pieces) {
    pieces = sentence.split(/(\{\w+\})/).filter((part) => part !== '').map((part) => (/^\{\w+\}$/.test(part) ? { slot: part.slice(1, -1) } : { text: part }));
    read.set(sentence, pieces);
  }
  return pieces;
}

/** The sentence for a number; for a message that is not counted, the only one. */
export function sentenceOf(message: Message, rules: Intl.PluralRules, n: unknown): string {
  if (typeof message === 'string') return message;
  return message[rules.select(typeof n === 'number' ? n : 0)] ?? message.other ?? '';
}
