import { vi } from 'vitest';

/** Asks until nothing is wrong any more. It is soon, but a machine that is busy with something else may take its time. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000 });
}
