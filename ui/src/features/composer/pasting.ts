// What comes into the composer from elsewhere: pasted, or dropped on the window.

import type { Picked } from '../../bindings';
import { insert } from '../../lib/insert';
import type { Dropped } from '../../state/app.svelte';
import type { Attaching } from '../files/attaching.svelte';
import { linked } from './format';

export interface Takes {
  /** Null where files are not wanted: an edit has none. */
  attaching: Attaching | null;
  /** The shell's half, where the engine keeps files from the page. */
  paste: (() => Promise<Picked[]>) | null;
}

export function pasteInto(field: HTMLTextAreaElement, event: ClipboardEvent, { attaching, paste }: Takes): void {
  const files = [...(event.clipboardData?.files ?? [])];
  const words = event.clipboardData?.getData('text/plain') ?? '';
  // Programs put a picture of copied cells beside their words: then the words are meant.
  if (files.length > 0 && words === '' && attaching) void attaching.take(files);
  // The words of copied files are their paths.
  else if (attaching && paste && (words === '' || event.clipboardData?.types.includes('text/uri-list'))) {
    void attaching.paste(paste).then((took) => {
      if (!took && words !== '' && !linked(field, words)) insert(field, field.selectionStart, field.selectionEnd, words);
    });
  } else if (!linked(field, words)) return;
  event.preventDefault();
}

export function dropInto(field: HTMLTextAreaElement, { files, links }: Dropped, attaching: Attaching): void {
  if (files.length > 0) void attaching.takePicked(files);
  if (links.length > 0) insert(field, field.selectionStart, field.selectionEnd, links.join(' '));
}
