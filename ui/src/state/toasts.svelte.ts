// Lines that come up over the page: refusals of what was just tried, and what the server's admins say.

import { reason, type Refusal } from '../lib/error';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'error' | 'notice' | 'done' | 'message';
  /** Stands above the text. */
  readonly title?: string;
  /** What a click on it does. */
  readonly go?: () => void;
}

const LASTS_MS = 7_000;
/** What went well needs no reading twice. */
const DONE_MS = 2_500;
const MOST = 4;

export class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  private last = 0;

  refused(error: Refusal): void {
    this.add('error', reason(error), LASTS_MS);
  }

  done(text: string): void {
    this.add('done', text, DONE_MS);
  }

  /** Stays until it is put away. */
  notice(text: string): void {
    this.add('notice', text);
  }

  /** A message wants attention; a click goes there. */
  message(title: string, text: string, go: () => void): void {
    this.add('message', text, LASTS_MS, { title, go });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  private add(kind: Toast['kind'], text: string, lasts?: number, more: Pick<Toast, 'title' | 'go'> = {}): void {
    const id = ++this.last;
    this.list = [...this.list.filter((toast) => toast.text !== text || toast.title !== more.title), { id, text, kind, ...more }].slice(-MOST);
    if (lasts !== undefined) setTimeout(() => this.dismiss(id), lasts);
  }
}
