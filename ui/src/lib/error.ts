// The protocol's error object, on the side that draws it.

import type { Error as Refusal, ErrorCode } from '../bindings';

export type { Refusal };

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'bad_request', 'unauthorized', 'forbidden', 'not_found', 'conflict', 'too_large', 'rate_limited', 'unknown_event',
  'unavailable', 'read_only', 'internal',
]);

export function refusal(code: ErrorCode, message: string): Refusal {
  return { code, message };
}

export function isRefusal(value: unknown): value is Refusal {
  return (
    typeof value === 'object' && value !== null && 'code' in value && 'message' in value &&
    typeof value.code === 'string' && CODES.has(value.code) && typeof value.message === 'string'
  );
}

/** Whatever was thrown, as a refusal: a port throws nothing else, so anything else is a defect of ours. */
export function asRefusal(thrown: unknown): Refusal {
  if (isRefusal(thrown)) return thrown;
  console.error(thrown);
  return refusal('internal', 'Something went wrong in the app. Try again; if it stays, restart it.');
}

/** The same request may succeed later: all other codes are final. */
export function isRetryable(code: ErrorCode): boolean {
  return code === 'rate_limited' || code === 'unavailable' || code === 'internal';
}
