// Completes what is being typed: which suggestions there are, which one is chosen, and what taking it does.

import { insert } from '../../lib/insert';
import type { App } from '../../state/app.svelte';
import type { RoomState } from '../../state/room.svelte';
import { suggestions, type Suggestion } from './suggest';
import { tokenAt, type Token } from './token';

export class Completion {
  list = $state.raw<readonly Suggestion[]>([]);
  chosen = $state(0);
  private token: Token | null = null;
  /** Where a token begins that somebody did not want completed. */
  private unwanted = -1;
  private asked = 0;

  constructor(private readonly app: App, private readonly room: RoomState) {}

  /** The text or the caret is another one. */
  async look(field: HTMLTextAreaElement): Promise<void> {
    const asked = ++this.asked;
    const token = field.selectionStart === field.selectionEnd ? tokenAt(field.value, field.selectionStart) : null;
    if (token?.from !== this.unwanted) this.unwanted = -1;
    if (!token || token.from === this.unwanted) return this.close();
    const list = await suggestions(token, this.app, this.room).catch(() => []);
    // Typing went on while the emoji came.
    if (asked !== this.asked) return;
    if (token.from !== this.token?.from || token.query !== this.token.query) this.chosen = 0;
    this.token = token;
    this.list = list;
  }

  close(): void {
    this.asked += 1;
    this.token = null;
    this.list = [];
  }

  /** A key in the field; true when it was meant for the suggestions. */
  key(event: KeyboardEvent, field: HTMLTextAreaElement): boolean {
    const { list, token } = this;
    if (list.length === 0 || !token || event.ctrlKey || event.metaKey || event.altKey) return false;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        this.chosen = (this.chosen + (event.key === 'ArrowDown' ? 1 : -1) + list.length) % list.length;
        return true;
      case 'Enter':
        // A command that is there in full is meant to run.
        if (event.shiftKey || (token.sign === '/' && list[this.chosen]?.key === token.query)) return false;
        this.take(this.chosen, field);
        return true;
      case 'Tab':
        if (event.shiftKey) return false;
        this.take(this.chosen, field);
        return true;
      case 'Escape':
        this.unwanted = token.from;
        this.close();
        return true;
      default:
        return false;
    }
  }

  take(at: number, field: HTMLTextAreaElement): void {
    const { token } = this;
    const found = this.list[at];
    if (!token || !found) return;
    if (found.emoji) this.app.choices.used(found.emoji);
    // The space after it may be there already.
    const to = field.value[token.to] === ' ' ? token.to + 1 : token.to;
    this.close();
    insert(field, token.from, to, found.text);
    this.close();
  }
}
