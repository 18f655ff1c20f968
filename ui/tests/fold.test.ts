import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { Entry, Message } from '../src/bindings';
import { Fold } from '../src/port/web/fold';

type Step = { entry: Entry; change: string } | { page: { messages: Message[]; notices: Entry[] } };
interface Vector {
  name: string;
  steps: Step[];
  messages: Message[];
  notices: Entry[];
}

// The Rust fold is held against the same file.
const vectors = JSON.parse(readFileSync('../protocol/vectors/fold.json', 'utf8')) as Vector[];

describe('folding does what the shared vectors say', () => {
  it.each(vectors)('$name', ({ steps, messages, notices }) => {
    const fold = new Fold();
    for (const step of steps) {
      if ('page' in step) {
        fold.addPage(step.page.messages, step.page.notices);
        continue;
      }
      const change = fold.apply(step.entry);
      expect(change.is === 'none' ? 'none' : `${change.is} ${change.seq}`).toBe(step.change);
    }
    const bySeq = (a: { seq: number }, b: { seq: number }): number => a.seq - b.seq;
    expect([...fold.messages.values()].sort(bySeq)).toEqual(messages);
    expect([...fold.notices.values()].sort(bySeq)).toEqual(notices);
  });
});
