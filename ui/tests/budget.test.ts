import { describe, expect, it } from 'vitest';

import { firstLoad, gzipped, type Part } from '../shell/budget';

const part = (name: string, imports: string[] = [], isEntry = false): Part => ({ name, imports, isEntry, code: `${name};`.repeat(500) });

describe('the budget of the first load', () => {
  const parts = new Map([
    ['index.js', part('index', ['shared.js', 'external'], true)],
    ['web.js', part('web', ['shared.js', 'deep.js'])],
    ['shared.js', part('shared')],
    ['deep.js', part('deep', ['deeper.js'])],
    ['deeper.js', part('deeper')],
    ['lazy.js', part('lazy', ['index.js'])],
  ]);

  it('counts what is imported at once, through others too, and nothing that is lazy', () => {
    expect(firstLoad(parts).sort()).toEqual(['deep.js', 'deeper.js', 'index.js', 'shared.js', 'web.js']);
    const one = gzipped(parts, ['index.js']);
    expect(one).toBeGreaterThan(0);
    expect(gzipped(parts, firstLoad(parts))).toBeGreaterThan(4 * one);
  });

  it('does not become blind when a part is renamed', () => {
    parts.delete('web.js');
    expect(() => firstLoad(parts)).toThrow(/first load/);
  });
});
