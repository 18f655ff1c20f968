// Puts the service worker into the build, with the list of the files that the page is made of.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Plugin } from 'vite';

export function shell(): Plugin {
  return {
    name: 'confab-shell',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const hash = createHash('sha256');
      const files = Object.entries(bundle)
        .filter(([name]) => !name.endsWith('.map'))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, part]) => {
          hash.update(name).update(part.type === 'chunk' ? part.code : part.source);
          return name === 'index.html' ? '/' : `/${name}`;
        });
      const source = readFileSync(fileURLToPath(new URL('./sw.js', import.meta.url)), 'utf8')
        .replace('__BUILD__', hash.digest('hex').slice(0, 12))
        .replace('__FILES__', JSON.stringify(files));
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
