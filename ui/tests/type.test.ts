import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '../src');
const styles = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(svelte|css)$/.test(file));

/** What a rule may say: a step of the scale, or nothing new. */
const ALLOWED = { 'font-size': /^(var\(--text-\w+\)|inherit)$/, 'font-weight': /^(var\(--strong\)|400)$/ };

describe('the sizes and weights of letters', () => {
  it('are found where they are written', () => {
    expect(styles.length).toBeGreaterThan(50);
  });

  it('are of a font that is there on a desktop that names none, too', () => {
    const families = /--bs-font-sans-serif: ([^;]+);/.exec(readFileSync(join(source, 'styles.css'), 'utf8'))?.[1]?.split(', ');
    // In WebKitGTK's last resort, bold and regular letters come mixed in one word.
    expect(families?.slice(-3)).toEqual(['system-ui', 'Arial', 'sans-serif']);
  });

  it.each(styles)('%s uses those of the scale', (file) => {
    const text = readFileSync(join(source, file), 'utf8');
    const others = Object.entries(ALLOWED).flatMap(([property, allowed]) =>
      [...text.matchAll(new RegExp(`${property}: ([^;]+);`, 'g'))].filter(([, value = '']) => !allowed.test(value)));
    expect(others.map(([rule]) => rule)).toEqual([]);
  });
});
