// What a file is drawn as.

import type { FileInfo } from '../../bindings';
import type { IconName } from '../../lib/icons';

/** The box of one picture in the timeline, in CSS pixels. */
export const WIDEST = 360;
const HIGHEST = 320;

export type Look = 'image' | 'audio' | 'video' | 'row';

/** Only pictures of which the server knows the size and has a small one are drawn as such: nothing may jump. */
export function lookOf({ mime, thumb, width, height }: FileInfo): Look {
  if (mime.startsWith('image/')) return thumb && width && height ? 'image' : 'row';
  if (mime.startsWith('audio/')) return 'audio';
  return mime.startsWith('video/') ? 'video' : 'row';
}

/** How large a single picture is drawn: never larger than it is, never larger than the box. */
export function fitted({ width = WIDEST, height = HIGHEST }: FileInfo): { width: number; height: number } {
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

export function iconOf(mime: string): IconName {
  if (mime.startsWith('image/')) return 'file-image';
  if (mime.startsWith('audio/')) return 'file-music';
  if (mime.startsWith('video/')) return 'file-play';
  if (mime.startsWith('text/') || mime === 'application/pdf') return 'file-text';
  return /zip|compressed|tar|7z|rar/.test(mime) ? 'file-zip' : 'file';
}
