// How large a file is and of what kind, in words that fit beside its name.

import { locale, t } from './locale/locale.svelte';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** "912 bytes", "14.2 kB", "3 GB": decimal units, as file managers show them. */
export function sizeOf(bytes: number): string {
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < UNITS.length - 1) {
    value /= 1_000;
    at += 1;
  }
  return locale.formats.unit(value, UNITS[at] ?? 'byte', at === 0 ? 'long' : 'short', at > 0 && value < 99.5 ? 1 : 0);
}

/** "PDF", "TAR.GZ" is "GZ": the ending of its name, or else what the content says. */
export function kindOf({ name, mime }: { name: string; mime: string }): string {
  const ending = /[^.]\.([\p{L}\p{N}]{1,8})$/u.exec(name)?.[1];
  if (ending) return ending.toUpperCase();
  const kind = mime === 'application/octet-stream' ? undefined : mime.split('/')[1]?.toUpperCase();
  return kind ?? t('files.file');
}
