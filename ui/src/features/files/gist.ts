// A message in one line, with its files: for quotes, previews and what is read aloud.

import type { FileInfo } from '../../bindings';
import { plainText } from '../../lib/markdown/plain';
import { t } from '../../lib/locale/locale.svelte';

export function gist({ text, files }: { text: string; files?: readonly FileInfo[] }): string {
  return [plainText(text), filesLine(files ?? [])].filter((part) => part !== '').join(' ');
}

/** "📎 notes.pdf", "📎 notes.pdf and 2 more"; empty without files. */
export function filesLine(files: readonly FileInfo[]): string {
  const [first, ...more] = files;
  if (!first) return '';
  return more.length === 0 ? `📎 ${first.name}` : t('files.and_more', { name: first.name, n: more.length });
}
