// Holds what a browser must load before anything is drawn below a limit: a build that grows beyond it fails.

import { gzipSync } from 'node:zlib';

import type { Plugin } from 'vite';

export interface Part {
  name: string;
  code: string;
  isEntry: boolean;
  imports: string[];
}

/** JavaScript before lazy parts, in bytes after gzip. */
export const FIRST_LOAD = 200_000;
/** The page cannot do without one of these, so they count though they are imported when it starts. */
const NEEDED = 'web';

/** The files of the first load: the entry and the browser's port, with all that they import at once. */
export function firstLoad(parts: ReadonlyMap<string, Part>): string[] {
  const roots = [...parts].filter(([, part]) => part.isEntry || part.name === NEEDED).map(([file]) => file);
  if (roots.length !== 2) throw new Error(`the first load should begin at the entry and at ${NEEDED}, not at: ${roots.join(', ')}`);
  const found = new Set(roots);
  // A set hands out what is added while it is walked.
  for (const file of found) for (const other of parts.get(file)?.imports ?? []) found.add(other);
  return [...found].filter((file) => parts.has(file));
}

export function gzipped(parts: ReadonlyMap<string, Part>, files: readonly string[]): number {
  return files.reduce((sum, file) => sum + gzipSync(parts.get(file)?.code ?? '').length, 0);
}

export function budget(limit = FIRST_LOAD): Plugin {
  return {
    name: 'confab-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const parts = new Map(Object.entries(bundle).flatMap(([file, part]) => (part.type === 'chunk' ? [[file, part] as const] : [])));
      const size = gzipped(parts, firstLoad(parts));
      if (size > limit) this.error(`the first load is ${size} bytes of JavaScript after gzip; the limit is ${limit}`);
    },
  };
}
