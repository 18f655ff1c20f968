// What is being written: in a room, or in one of its threads.

import type { MessageItem } from '../bindings';
import type { KeptDraft } from './drafts';

export interface Desk {
  draft: string;
  /** What `draft` began as, where this device had kept it. */
  kept: KeptDraft | null;
  replyTo: MessageItem | null;
  editing: MessageItem | null;
  /** Under what the draft is kept on this device. */
  readonly draftKey: string;
}
