// Leaves out of Bootstrap what no source of ours names: most of its rules. An engine holds them against each element that
// comes, so that a room opened a quarter slower with them there.

import { fileURLToPath } from 'node:url';

import { PurgeCSS } from 'purgecss';
import type { Plugin } from 'vite';

/** Where a class may be named; any word in these files counts as one. */
const SOURCES = ['../src/**/*.{svelte,ts}', '../index.html'].map((file) => fileURLToPath(new URL(file, import.meta.url)));
/** Put together from parts, so that no source names them: a heading in a message has its level. */
const MADE_OF_PARTS = [/^h[1-6]$/];
/** Written by scripts, under another name. */
const SET_BY_SCRIPTS = ['data-bs-theme'];

/** What is needed of a style sheet. */
export async function lean(css: string): Promise<string> {
  const [result] = await new PurgeCSS().purge({ content: SOURCES, css: [{ raw: css }], safelist: MADE_OF_PARTS, dynamicAttributes: SET_BY_SCRIPTS, keyframes: true });
  if (!result) throw new Error('PurgeCSS gave no style sheet back');
  return result.css;
}

export function leanBootstrap(): Plugin {
  return {
    name: 'confab-lean-bootstrap',
    apply: 'build',
    enforce: 'pre',
    async transform(code, id) {
      return id.endsWith('/bootstrap.min.css') ? { code: await lean(code), map: null } : null;
    },
  };
}
