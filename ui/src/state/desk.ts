// What is being written: in a room, or in one of its threads.

import type { MessageItem } from '../bindings';

export interface Desk {
  draft: string;
  replyTo: MessageItem | null;
  editing: MessageItem | null;
  /** Under what the draft is kept on this device. */
  readonly draftKey: string;
}
