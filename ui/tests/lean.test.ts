// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from 'vitest';

import { lean } from '../shell/lean';

const SOURCES = fileURLToPath(new URL('../src/', import.meta.url));
const whole = readFileSync(createRequire(import.meta.url).resolve('bootstrap/dist/css/bootstrap.min.css'), 'utf8');
const classesIn = (css: string): Set<string> => new Set([...css.matchAll(/\.([a-z][\w-]*)/gi)].map(([, name]) => name ?? ''));

describe('what is left of Bootstrap', () => {
  let rest: string;
  beforeAll(async () => void (rest = await lean(whole)));

  it('has every class that a template names', () => {
    const templates = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.svelte'));
    const named = templates.flatMap((file) => [...readFileSync(SOURCES + file, 'utf8').matchAll(/class="([^"]*)"|class:([\w-]+)/g)]).flatMap(([, list, one]) => (one ?? list ?? '').split(/[\s{}'?:]+/));
    const had = classesIn(whole);
    const wanted = [...new Set(named)].filter((name) => had.has(name));
    expect(wanted.length).toBeGreaterThan(30);
    const has = classesIn(rest);
    expect(wanted.filter((name) => !has.has(name))).toEqual([]);
  });

  it('has the headings of every level, the variables, and the states of what is there', () => {
    expect(rest).toMatch(/\.h5[,{]/);
    expect(rest).toContain('--bs-danger-rgb');
    expect(rest).toContain(':not(.btn-check)+.btn:active');
    expect(rest).toContain('[data-bs-theme=dark]');
  });

  it('has nothing that nobody names', () => {
    expect(classesIn(whole)).toContain('carousel-item');
    expect(classesIn(rest)).not.toContain('carousel-item');
    expect(rest.length).toBeLessThan(whole.length / 3);
  });
});
