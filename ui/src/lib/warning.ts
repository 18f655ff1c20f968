// What went wrong without anybody waiting for it, in the words of the page.

import type { Warning } from '../bindings';
import { reason } from './error';
import { t } from './locale/locale.svelte';

export function warningText(warning: Warning): string {
  switch (warning.is) {
    case 'change_refused': return t('warning.change_refused', { reason: reason(warning.error) });
    case 'set_aside': return t('warning.set_aside', { path: warning.path });
    case 'not_kept': return t('warning.not_kept', { why: warning.why });
    case 'signed_out': return t('servers.signed_out', { server: warning.server, reason: reason(warning.error) });
    case 'refused': return reason(warning.error);
  }
}
