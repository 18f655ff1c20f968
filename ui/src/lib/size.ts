// How large a file is and of what kind, in words that fit beside its name.

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** "912 bytes", "14.2 kB", "3 GB": decimal units, as file managers show them. */
export function sizeOf(bytes: number): string {
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < UNITS.length - 1) {
    value /= 1_000;
    at += 1;
  }
  return `${value.toLocaleString(undefined, { maximumFractionDigits: at > 0 && value < 99.5 ? 1 : 0 })} ${UNITS[at]}`;
}

/** "PDF", "TAR.GZ" is "GZ": the ending of its name, or else what the content says. */
export function kindOf({ name, mime }: { name: string; mime: string }): string {
  const ending = /[^.]\.([\p{L}\p{N}]{1,8})$/u.exec(name)?.[1];
  if (ending) return ending.toUpperCase();
  return mime === 'application/octet-stream' ? 'File' : (mime.split('/')[1] ?? 'File').toUpperCase();
}
