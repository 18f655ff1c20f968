// The inspector's way to the links of this page.

import type { Inspection, Update } from '../../bindings';
import type { Inspector } from '../index';
import type { AccountSession } from './session';
import type { Tap } from './tap';

export class WebInspector implements Inspector {
  private tap: Tap | undefined;
  /** Closed again while what it needs was being loaded. */
  private wanted = 0;

  constructor(private readonly session: () => AccountSession, private readonly tell: (update: Update) => void) {}

  async open(texts: boolean): Promise<Inspection> {
    const wanted = ++this.wanted;
    const { Tap, inspection } = await import('./tap');
    const { connection, client } = this.session();
    if (wanted === this.wanted) {
      this.tap ??= new Tap((update) => this.tell(update));
      this.tap.texts = texts;
      connection.watch(this.tap);
    }
    return inspection(client, connection.notes.all);
  }

  close(): void {
    this.wanted++;
    this.tap?.close();
    this.tap = undefined;
    try {
      this.session().connection.watch(null);
    } catch {
      // Nobody is signed in any more: there is nothing to look at.
    }
  }

  ping(): void {
    this.session().connection.check();
  }

  async save(name: string, text: string): Promise<boolean> {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    const link = document.createElement('a');
    Object.assign(link, { href: url, download: name });
    link.click();
    // The browser has taken it by the next turn.
    setTimeout(() => URL.revokeObjectURL(url), 0);
    return true;
  }
}
