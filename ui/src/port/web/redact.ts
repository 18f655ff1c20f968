// What may be shown of a body: the same as `client/src/tap/redact.rs`, held to the same table
// (`protocol/vectors/redact.json`).
//
// A list of what is harmless, not of what is not: a field that nobody thought of is covered. Without the viewer's wish only
// ids, codes, times and numbers are shown. With it texts are, too, but what lets somebody in never is.

import { isRefusal } from '../../lib/error';

/** Fields whose texts are ids, names of kinds, or times. */
const PLAIN: ReadonlySet<string> = new Set([
  'after', 'at', 'author', 'before', 'cause', 'change', 'cid', 'client', 'created', 'dnd_until', 'edited_ts', 'epoch', 'expires', 'from', 'has', 'id',
  'incomplete', 'kind', 'last_ts', 'level', 'mentions', 'mime', 'on', 'presence', 'present', 'reply_to', 'rid', 'role', 'room', 'rooms', 'seq', 'slug',
  'state', 'status_until', 'thread', 'ts', 'user', 'users', 'version', 'why', 'workspace',
]);
/** Parts of the names of fields that let somebody in. */
const SECRET = /authorization|cookie|credential|invite|passphrase|password|secret|token/i;
/** Where codes of invitations and of webhooks stand in addresses. */
const IN_ADDRESSES = [/(join\/)[^ \t\n\f\r"'<>()[\]]+/g, /(hooks\/)[^ \t\n\f\r"'<>()[\]]+/g];
/** Taken for a secret: a token of 256 bits has 43 characters, an id 36 at most. */
const LONG = /[A-Za-z0-9_-]{40,}/g;
/** It may be an id, a name of a kind or a time: never a sentence. */
const ID = /^[A-Za-z0-9_.:/@*+-]{0,64}$/;
/** The longest text that is shown. */
const TEXT = 2_000;
/** The most that is shown of a body, in values: a page of a log has thousands. */
const VALUES = 400;

const HIDDEN = '‹secret›';
const MORE = '‹more›';

/** Makes bodies fit to be shown. */
export class Redactor {
  /** It never shows these, wherever they stand. */
  constructor(private readonly secrets: readonly string[] = []) {}

  /** What is left of a body, with what people wrote or without. */
  shown(body: unknown, texts: boolean): unknown {
    return this.value('', body, { texts, left: VALUES });
  }

  /** A text without what lets somebody in. */
  scrubbed(text: string): string {
    let left = text;
    for (const secret of this.secrets) left = left.replaceAll(secret, HIDDEN);
    for (const place of IN_ADDRESSES) left = left.replace(place, `$1${HIDDEN}`);
    return left.replace(LONG, HIDDEN);
  }

  private value(key: string, value: unknown, walk: Walk): unknown {
    if (value === null || value === undefined) return null;
    if (SECRET.test(key)) return HIDDEN;
    if (typeof value === 'string') return this.text(key, value, walk.texts);
    if (Array.isArray(value)) return this.array(key, value, walk);
    if (typeof value === 'object') return this.object(value, walk);
    return value;
  }

  private array(key: string, items: readonly unknown[], walk: Walk): unknown[] {
    const shown: unknown[] = [];
    for (const item of items) {
      if (walk.left-- <= 0) return [...shown, MORE];
      shown.push(this.value(key, item, walk));
    }
    return shown;
  }

  private object(fields: object, walk: Walk): unknown {
    // The server's own sentence about a refusal: nothing of anybody's is in it.
    const isError = isRefusal({ ...fields, message: '' });
    const shown: [string, unknown][] = [];
    for (const [key, value] of Object.entries(fields)) {
      if (walk.left-- <= 0) {
        shown.push([MORE, null]);
        break;
      }
      const name = walk.texts || ID.test(key) ? this.scrubbed(key) : covered(key);
      if (isError && (key === 'code' || key === 'message') && typeof value === 'string') shown.push([name, this.scrubbed(value)]);
      else shown.push([name, key === 'code' ? HIDDEN : this.value(key, value, walk)]);
    }
    // Own properties, whatever they are called.
    return Object.fromEntries(shown);
  }

  private text(key: string, text: string, texts: boolean): string {
    if (text === '') return '';
    // Cut afterwards: what is left of a secret at the edge would not look like one.
    if (texts) return cut(this.scrubbed(text));
    return PLAIN.has(key) && ID.test(text) ? this.scrubbed(text) : covered(text);
  }
}

interface Walk {
  texts: boolean;
  left: number;
}

function covered(text: string): string {
  const count = [...text].length;
  return count === 1 ? '‹1 character›' : `‹${count} characters›`;
}

function cut(text: string): string {
  const characters = text.length > TEXT ? [...text] : [];
  return characters.length > TEXT ? `${characters.slice(0, TEXT).join('')}${MORE}` : text;
}
