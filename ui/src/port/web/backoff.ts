// Full jitter: a random wait between nothing and a bound that doubles, so that a crowd that lost the same server does
// not come back in step. It never gives up.

const BASE_MS = 400;
const MAX_MS = 15_000;

/** How long to wait before the attempt after `failures` failed ones; `least` is what the server asked for. */
export function backoff(failures: number, least = 0, random: () => number = Math.random): number {
  const bound = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures, 16));
  return least + Math.round(random() * bound);
}
