// The protocol's error object, on the side that draws it.

import type { Cause, Error as Refusal, ErrorCode } from '../bindings';
import { locale, t } from './locale/locale.svelte';
import type { PlainKey } from './locale/message';

export type { Refusal };

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'bad_request', 'unauthorized', 'forbidden', 'not_found', 'conflict', 'too_large', 'rate_limited', 'unknown_event',
  'unavailable', 'read_only', 'internal',
]);

/** What codes say in other languages than the server's. A bad request is about what was sent: only its own words tell. */
const WORDS: Readonly<Partial<Record<ErrorCode, PlainKey>>> = {
  unauthorized: 'error.unauthorized', forbidden: 'error.forbidden', not_found: 'error.not_found', conflict: 'error.conflict',
  too_large: 'error.too_large', rate_limited: 'error.rate_limited', unknown_event: 'error.unknown_event',
  unavailable: 'error.unavailable', read_only: 'error.read_only', internal: 'error.internal',
};
/** What causes say, where the code says too little. `said` is the refusal's own sentence, for what only the system knows: which
    file, which port. */
const CAUSES: Readonly<Record<Cause, (said: string) => string>> = {
  quota: () => t('cause.quota'),
  no_keyring: () => t('cause.no_keyring'),
  keyring: (said) => t('cause.keyring', { said }),
  sign_in_file: (said) => t('cause.sign_in_file', { said }),
  settings: (said) => t('cause.settings', { said }),
  hosting: (said) => t('cause.hosting', { said }),
  address: () => t('cause.address'),
  invite_link: () => t('cause.invite_link'),
  not_confab: () => t('cause.not_confab'),
  certificate_changed: () => t('cause.certificate_changed'),
  certificate_unknown: () => t('cause.certificate_unknown'),
  needs_tls: () => t('cause.needs_tls'),
  not_a_file: () => t('cause.not_a_file'),
  disk: (said) => t('cause.disk', { said }),
  file_changed: () => t('cause.file_changed'),
  file_broken: () => t('cause.file_broken'),
  too_many_files: () => t('cause.too_many_files'),
  outbox_full: () => t('error.outbox_full'),
  not_kept: (said) => t('cause.not_kept', { said }),
  session_ended: () => t('error.session_ended'),
};
/** Those that were made here speak the user's language already. */
const ours = new WeakSet<Refusal>();

/** A refusal of our own; `message` in the language of the page. */
export function refusal(code: ErrorCode, message: string): Refusal {
  const made = { code, message };
  ours.add(made);
  return made;
}

/** Why something was refused, in the language of the page as far as it is known there. */
export function reason(error: Refusal): string {
  const key = WORDS[error.code];
  // A cause that only a newer server or shell knows is none here.
  const told = error.cause === undefined ? undefined : CAUSES[error.cause];
  if (told && locale.language !== 'en' && !ours.has(error)) return told(error.message);
  const isReadable = error.message !== '' && (locale.language === 'en' || ours.has(error));
  return isReadable || key === undefined ? error.message : t(key);
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
  return refusal('internal', t('error.app'));
}

/** The same request may succeed later: all other codes are final. */
export function isRetryable(code: ErrorCode): boolean {
  return code === 'rate_limited' || code === 'unavailable' || code === 'internal';
}
