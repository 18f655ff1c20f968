import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { Backoff } from '../src/port/web/backoff';

type Step = { failed: number } | { worked: true } | { reset: true };
interface Vector {
  name: string;
  of: 'request' | 'link';
  steps: Step[];
}

// The client crate's backoff is held against the same file.
const vectors = JSON.parse(readFileSync('../protocol/vectors/backoff.json', 'utf8')) as Vector[];

describe('waiting after failures', () => {
  it.each(vectors)('$name', ({ of, steps }) => {
    const longest = new Backoff(of, () => 1);
    const half = new Backoff(of, () => 0.5);
    for (const step of steps) {
      for (const backoff of [longest, half]) {
        if ('worked' in step) backoff.worked();
        else if ('reset' in step) backoff.reset();
      }
      if (!('failed' in step)) continue;
      expect([longest.failed(), half.failed()]).toEqual([step.failed, step.failed / 2]);
    }
  });

  it('is never shorter than the server asked for', () => {
    const backoff = new Backoff('request', () => 0);
    expect([backoff.failed(2_000), backoff.failed(), backoff.attempt]).toEqual([2_000, 0, 2]);
  });
});
