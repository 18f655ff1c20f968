// Full jitter: a random wait below a ceiling that doubles, so that a crowd that lost the same server does not come back in
// step. It never gives up. The same law as in `client/src/backoff.rs`; `protocol/vectors/backoff.json` holds both to it.

const BASE_MS = 500;
/** While a failure may still be a restart or a short loss of the network. */
const CAP_MS = 8_000;
/** After so many failures in a row a link has a higher ceiling; a network that comes back is noticed by other means. */
const LATER = [
  { after: 30, cap: 150_000 },
  { after: 18, cap: 30_000 },
] as const;
const LASTING = 18;

export class Backoff {
  private failures = 0;

  constructor(private readonly of: 'request' | 'link', private readonly random: () => number = Math.random) {}

  /** How many attempts failed in a row. */
  get attempt(): number {
    return this.failures;
  }

  /** One more failed: how many milliseconds to wait; `least` is what the server asked for. */
  failed(least = 0): number {
    const later = this.of === 'link' ? LATER.find(({ after }) => this.failures >= after) : undefined;
    const ceiling = Math.min(BASE_MS * 2 ** Math.min(this.failures, 16), later?.cap ?? CAP_MS);
    this.failures += 1;
    return Math.max(least, Math.round(this.random() * ceiling));
  }

  /** It worked, if only for a moment: this is no outage that lasts, however often it fails again. */
  worked(): void {
    this.failures = Math.min(this.failures, LASTING - 1);
  }

  /** It worked, and for long enough to count. */
  reset(): void {
    this.failures = 0;
  }
}
