// What of a timeline is in the page, and where it is scrolled to. The only place that sets a scroll position.
//
// At most `MOST` items are drawn. When rows come, go or change height above, the row that was at the top of the view
// stays where it was to the pixel: it is measured before the page changes and put back after. At the end, the view
// follows what comes. (WebKitGTK has no `overflow-anchor`; it is off everywhere, so that all behave alike.)

import { tick } from 'svelte';

import type { Item } from '../../bindings';

const MOST = 300;
/** Drawn at first, and at least: more than a window shows. */
const FIRST = 100;
/** Drawn more when an edge comes near: few enough for one frame. */
const STEP = 50;
/** This near to an edge, in pixels, the next rows are drawn or asked for. */
const NEAR = 800;
/** This near to the end counts as at the end. */
const AT_END = 24;

export interface ViewWorld {
  /** Nothing comes before the first item. */
  start(): boolean;
  /** How many items are loaded, those that are drawn elsewhere too. */
  loaded(): number;
  /** Asks for older items; they arrive through `changed`. */
  loadOlder(): Promise<unknown>;
}

export class TimelineView {
  /** The items that are drawn: from this index, up to and without `to`. */
  from = $state(0);
  to = $state(0);
  /** At the end, and staying there. */
  following = $state(true);
  /** Items that came below while not following. */
  below = $state(0);
  /** An older page is on its way. */
  loading = $state(false);
  private items: readonly Item[] = [];
  private element: HTMLElement | undefined;
  private anchor: { key: string; top: number } | undefined;
  private lastTop = 0;
  /** What there was when an older page was asked for. */
  private asked = { loaded: 0, items: 0 };

  constructor(private readonly world: ViewWorld) {}

  attach(element: HTMLElement, content: HTMLElement): () => void {
    this.element = element;
    const onscroll = (): void => this.scrolled();
    element.addEventListener('scroll', onscroll, { passive: true });
    // The composer grows, the window changes: the end stays in view.
    const resize = new ResizeObserver(() => this.settle());
    resize.observe(element);
    resize.observe(content);
    this.settle();
    return () => {
      resize.disconnect();
      element.removeEventListener('scroll', onscroll);
      this.element = undefined;
    };
  }

  /** The timeline has other items now; called before the page shows them. */
  changed(items: readonly Item[]): void {
    const old = this.items;
    if (!this.following) this.hold();
    this.items = items;
    const grown = items.length - old.length;
    const from = indexOf(items, old[this.from]?.key, this.from, grown);
    if (from < 0) return this.toEnd();
    const wasAtEnd = this.to >= old.length;
    const last = indexOf(items, old[this.to - 1]?.key, this.to - 1, grown);
    if (this.following) {
      this.to = items.length;
      this.from = Math.max(0, Math.min(from, this.to - FIRST));
      if (this.to - this.from > MOST) this.from = this.to - (MOST - STEP);
      return;
    }
    const end = indexOf(items, old.at(-1)?.key, old.length - 1, grown);
    if (end >= 0) this.below += items.length - 1 - end;
    this.from = from;
    this.to = Math.min(wasAtEnd || last < 0 ? items.length : last + 1, from + MOST);
    if (this.from > 0 && (this.element?.scrollTop ?? 0) < NEAR) this.up();
  }

  /** The page shows the items: puts the view where it belongs. */
  settle(): void {
    const { element, anchor } = this;
    if (!element) return;
    if (this.following) element.scrollTop = element.scrollHeight;
    else if (anchor) {
      const row = this.rowOf(anchor.key);
      if (row) element.scrollTop += topOf(row, element) - anchor.top;
    }
    this.anchor = undefined;
    this.lastTop = element.scrollTop;
    // So few rows that there is nothing to scroll; or a page that brought none, since all of it is drawn elsewhere, and
    // nobody scrolls who is at the top already.
    const { loaded, items } = this.asked;
    const isEmpty = this.world.loaded() > loaded && this.items.length === items && element.scrollTop < NEAR;
    if (this.from === 0 && (isEmpty || element.scrollHeight <= element.clientHeight)) this.older();
  }

  toEnd(): void {
    this.following = true;
    this.below = 0;
    this.anchor = undefined;
    this.to = this.items.length;
    this.from = Math.max(0, this.to - FIRST);
    this.settle();
  }

  /** Draws the item with this key and what is around it, and puts it into the view; false when it is not loaded. */
  async reveal(key: string, block: ScrollLogicalPosition = 'center'): Promise<boolean> {
    const at = this.items.findIndex((item) => item.key === key);
    if (at < 0) return false;
    this.following = false;
    if (at < this.from || at >= this.to) {
      this.from = Math.max(0, at - FIRST);
      this.to = Math.min(this.items.length, at + FIRST);
    }
    await tick();
    this.rowOf(key)?.scrollIntoView({ block });
    // It may be where the end is in view too, or there may be nothing to scroll.
    this.scrolled();
    return true;
  }

  private scrolled(): void {
    const { element } = this;
    if (!element) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const toEnd = scrollHeight - clientHeight - scrollTop;
    // Only going up leaves the end: rows that grow below must not.
    if (toEnd <= AT_END && this.to >= this.items.length) {
      this.following = true;
      this.below = 0;
    } else if (scrollTop < this.lastTop - 1) this.following = false;
    this.lastTop = scrollTop;
    if (scrollTop < NEAR) this.up();
    else if (toEnd < NEAR && this.to < this.items.length) this.down();
  }

  private up(): void {
    if (this.from === 0) return this.older();
    if (this.following) return;
    this.hold();
    this.from = Math.max(0, this.from - STEP);
    this.to = Math.min(this.to, this.from + MOST);
  }

  private older(): void {
    if (this.loading || this.world.start() || this.world.loaded() === 0) return;
    this.loading = true;
    const had = this.world.loaded();
    this.asked = { loaded: had, items: this.items.length };
    void this.world.loadOlder().finally(() => {
      this.loading = false;
      // A page of few rows may leave the view unfilled; none at all must not ask for ever.
      if (this.world.loaded() > had) this.settle();
    });
  }

  private down(): void {
    this.hold();
    this.to = Math.min(this.items.length, this.to + STEP);
    this.from = Math.max(this.from, this.to - MOST);
  }

  /** Remembers which row is at the top of the view, and where. */
  private hold(): void {
    const { element } = this;
    if (!element || this.anchor) return;
    for (const row of element.querySelectorAll<HTMLElement>('[data-row]')) {
      const key = row.dataset['row'] ?? '';
      const top = topOf(row, element);
      // A day or "New" may go when other rows come before it; a message stays.
      if (top + row.offsetHeight > 0 && !key.startsWith('day ') && key !== 'new') {
        this.anchor = { key, top };
        return;
      }
    }
  }

  private rowOf(key: string): HTMLElement | undefined {
    const rows = this.element?.querySelectorAll<HTMLElement>('[data-row]') ?? [];
    return [...rows].find((row) => row.dataset['row'] === key);
  }
}

/** Where a row is in the view, with fractions of a pixel. */
function topOf(row: HTMLElement, view: HTMLElement): number {
  return row.getBoundingClientRect().top - view.getBoundingClientRect().top;
}

/** Where a row is now that was at `was`: mostly there, or moved by what came before it. */
function indexOf(items: readonly Item[], key: string | undefined, was: number, grown: number): number {
  if (key === undefined) return -1;
  if (items[was]?.key === key) return was;
  if (items[was + grown]?.key === key) return was + grown;
  return items.findIndex((item) => item.key === key);
}
