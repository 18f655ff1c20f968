// What of a timeline is in the page, and where it is scrolled to. The only place that sets a scroll position.
//
// At most `MOST` items are drawn, below a space that stands for all that is not. When rows above the view come, go or
// change their height, the space takes what they move: the row that is read stays where it is to the pixel, and the
// scroll position is not touched. (To write it while an engine scrolls by itself loses either the place or the wheel:
// WebKit's animation goes to an absolute end, and its scrolling thread is ahead of the page.) It is written only to go
// somewhere: to the end, which the view follows, to a message, and to set the space right when nobody scrolls.

import { tick } from 'svelte';

import type { Item } from '../../bindings';
import { Extent } from './extent';

const MOST = 300;
/** Drawn on both sides of a message that is gone to. */
const AROUND = 24;
/** So much is seen above what is new, in pixels: it opens at the upper edge. */
const SEEN_ABOVE = 48;
/** Drawn more when an edge comes near: few enough for one frame. */
const STEP = 24;
/** So many are drawn once nobody waits for anything, so that the first turn of a wheel meets rows. */
const RESERVE = 100;
/** That many at a time, there and where the view was not filled: who waits for it waits for no more than these. */
const FEW = 12;
/** With fewer than that to draw above, who scrolls up asks for older ones: they are there before what is drawn ends. */
const AHEAD = 60;
/** This near to an edge, in pixels, the next rows are drawn or asked for. */
const NEAR = 1_200;
/** This near to the end counts as at the end. */
const AT_END = 24;
/** Nobody reads a row of which no more is in view, in pixels: when it grows, what is below it must not move. */
const SLIVER = 1;
/** The space above, as long as something is to come there: many pages for who scrolls without a rest. */
const SPARE = 20_000;
/** Nobody scrolls or does anything else who has not for so long. */
const REST_MS = 200;
const PRESSES = ['pointerdown', 'keydown'] as const;

export interface ViewWorld {
  /** Nothing comes before the first item. */
  start(): boolean;
  /** How many items are loaded, those that are drawn elsewhere too. */
  loaded(): number;
  /** Asks for older items; they arrive through `changed`. */
  loadOlder(): Promise<unknown>;
}

/** The parts of the page that a view is made of. */
export interface ViewElements {
  /** What scrolls. */
  scroller: HTMLElement;
  /** The space above the rows. */
  space: HTMLElement;
  /** The rows and what stands with them, each row with its key in `data-row`. */
  rows: HTMLElement;
}

/** What a page that is not narrow has beside the timeline, and each has above and below it, in pixels. */
const ASIDE = 300;
const ABOVE_AND_BELOW = 128;
/** What the views of all rooms have in common: the size of the first is guessed. */
const extent = new Extent(innerWidth - (matchMedia('(min-width: 900px)').matches ? ASIDE : 0), innerHeight - ABOVE_AND_BELOW);

/** Where a row was when the page was laid out last: in pixels from the upper edge of the space. */
interface Place {
  top: number;
  bottom: number;
}

export class TimelineView {
  /** The items that are drawn: from this index, up to and without `to`. */
  from = $state(0);
  to = $state(0);
  /** At the end, and staying there. */
  following = $state(true);
  /** Items that came below while not following. */
  below = $state(0);
  /** Somebody has moved it since it was opened. */
  touched = false;
  /** An older page is on its way. */
  loading = $state(false);
  private items: readonly Item[] = [];
  private at: ViewElements | undefined;
  private space = 0;
  /** The rows as they were laid out last, in their order. */
  private places = new Map<string, Place>();
  private lastTop = 0;
  /** Where the upper edge of the view was in the frame that is seen, as in `places`; undefined after a jump. */
  private shown: number | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;
  /** What there was when an older page was asked for. */
  private asked = { loaded: 0, items: 0 };
  /** Where the view was sent last: of two that send it, the later one wins. */
  private aim: object = {};
  /** Until its first frame is painted: the item at which the view opens. What nobody sees yet is drawn after that frame. */
  private opening: string | undefined;
  private painted = { frame: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined };

  constructor(private readonly world: ViewWorld) {}

  attach(elements: ViewElements): () => void {
    this.at = elements;
    const { scroller, space, rows } = elements;
    space.style.height = `${this.space}px`;
    let frame = 0;
    const onscroll = (): void => {
      this.scrolled();
      // Before this frame is painted; the next change finds what people see.
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        this.shown = this.view;
      });
    };
    scroller.addEventListener('scroll', onscroll, { passive: true });
    // Who presses a button of the mouse lets it go in a moment, and then waits for what it does.
    const onpress = (): void => this.putOff();
    for (const kind of PRESSES) addEventListener(kind, onpress, { passive: true, capture: true });
    // The composer grows, the window changes, a picture comes. It is told after layout and before the page is painted.
    const resize = new ResizeObserver(() => this.settle());
    resize.observe(scroller);
    resize.observe(rows);
    this.settle();
    return () => {
      resize.disconnect();
      cancelAnimationFrame(frame);
      scroller.removeEventListener('scroll', onscroll);
      for (const kind of PRESSES) removeEventListener(kind, onpress, { capture: true });
      clearTimeout(this.resting);
      this.resting = undefined;
      cancelAnimationFrame(this.painted.frame);
      clearTimeout(this.painted.timer);
      this.at = undefined;
    };
  }

  /** The timeline has other items now; called before the page shows them. It opens at the item with the key `first`. */
  changed(items: readonly Item[], first?: string): void {
    const old = this.items;
    this.items = items;
    if (first !== undefined) return this.open(first);
    const grown = items.length - old.length;
    const from = indexOf(items, old[this.from]?.key, this.from, grown);
    if (from < 0) return this.toEnd();
    const wasAtEnd = this.to >= old.length;
    const last = indexOf(items, old[this.to - 1]?.key, this.to - 1, grown);
    if (this.following) {
      this.to = items.length;
      this.from = Math.min(from, extent.before(items, this.to));
      if (this.to - this.from > MOST) this.from = this.to - (MOST - STEP);
      return;
    }
    const end = indexOf(items, old.at(-1)?.key, old.length - 1, grown);
    if (end >= 0) this.below += items.length - 1 - end;
    this.from = from;
    this.to = Math.min(wasAtEnd || last < 0 ? items.length : last + 1, from + MOST);
  }

  /** The page shows the items: puts the view where it belongs, before anything is painted. */
  settle(): void {
    const { at } = this;
    if (!at) return;
    const { scroller } = at;
    // Somebody has left the end already, and the event is on its way.
    // (Nobody has left a view that was never at a place; to ask it where it is would lay it out once more.)
    if (this.following && this.lastTop > 0 && scroller.scrollTop < this.lastTop - 1 && toEnd(scroller) > AT_END) this.following = false;
    if (this.opening !== undefined) this.place(this.opening);
    else {
      this.absorb();
      if (this.following) this.stay();
    }
    this.remember();
    this.fill();
    this.rest();
  }

  /** Goes to the end, and stays there. */
  toEnd(): void {
    this.aim = {};
    this.touched = true;
    this.opening = undefined;
    this.following = true;
    this.below = 0;
    const end = this.items.length;
    const from = extent.before(this.items, end);
    // What is drawn there already stays.
    if (this.to !== end || this.from > from) {
      this.to = end;
      this.from = from;
    }
    this.lastTop = 0;
    this.settle();
  }

  /** Draws the item with this key and what is around it, and puts it into the view; false when it is not loaded. */
  async reveal(key: string): Promise<boolean> {
    const index = this.items.findIndex((item) => item.key === key);
    if (index < 0) return false;
    const aim = (this.aim = {});
    this.touched = true;
    this.opening = undefined;
    this.following = false;
    if (index < this.from || index >= this.to) {
      this.from = Math.max(0, index - AROUND);
      this.to = Math.min(this.items.length, index + AROUND);
    }
    await tick();
    const row = this.rowOf(key);
    if (!this.at || !row || this.aim !== aim) return true;
    const { scroller } = this.at;
    const outside = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    this.go(outside - Math.max(0, (scroller.clientHeight - row.offsetHeight) / 2));
    return true;
  }

  /** Opens it once more, at the item with this key. */
  async reopen(key: string): Promise<void> {
    this.open(key);
    await tick();
    this.settle();
  }

  /** Draws a view's worth of items around this one, the first that is new. */
  private open(key: string): void {
    const index = this.items.findIndex((item) => item.key === key);
    const end = this.items.length;
    this.from = Math.min(extent.before(this.items, index, 2 * SEEN_ABOVE), extent.before(this.items, end));
    this.to = extent.after(this.items, index);
    this.following = this.to === end;
    this.opening = key;
    this.touched = false;
    const { painted } = this;
    cancelAnimationFrame(painted.frame);
    clearTimeout(painted.timer);
    painted.frame = requestAnimationFrame(() => {
      painted.timer = setTimeout(() => {
        this.opening = undefined;
        this.settle();
      });
    });
  }

  /** Puts the view to the end, or up to this item if it is above the view then. */
  private place(key: string): void {
    const row = this.rowOf('new') ?? this.rowOf(key);
    this.stay();
    if (!this.at || !row) return;
    const { scroller } = this.at;
    const outside = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    if (this.following && outside >= 0) return;
    this.following = false;
    this.scrollTo(scroller.scrollTop + outside - SEEN_ABOVE);
  }

  private scrolled(): void {
    const { at } = this;
    if (!at) return;
    const { scroller } = at;
    if (Math.abs(scroller.scrollTop - this.lastTop) > 1) this.touched = true;
    // Only going up leaves the end: rows that grow below must not.
    if (toEnd(scroller) <= AT_END && this.to >= this.items.length) {
      this.following = true;
      this.below = 0;
    } else if (scroller.scrollTop < this.lastTop - 1) this.following = false;
    this.lastTop = scroller.scrollTop;
    this.fill();
    this.putOff();
  }

  /** Moves what is seen by so many pixels. */
  private go(by: number): void {
    const { at } = this;
    if (!at) return;
    this.scrollTo(at.scroller.scrollTop + by);
    this.level();
    // It may be where the end is in view too, or there may be nothing to scroll.
    this.scrolled();
  }

  /** The end is in view. */
  private stay(): void {
    const { at } = this;
    if (!at) return;
    // As it is, as long as it serves: who is at the end then sees nothing move that changes above, and nothing is painted anew.
    if (!this.hasMore) this.setSpace(0);
    else if (this.space < SPARE / 2 || this.space > 2 * SPARE) this.setSpace(SPARE);
    this.scrollTo(at.scroller.scrollHeight);
  }

  /** What moved the row at the top of the view is taken from the space above it. */
  private absorb(): void {
    const { at } = this;
    // Before it was laid out for the first time nothing has moved; to ask would lay it out once more than is needed.
    if (!at || this.places.size === 0) return;
    const { view } = this;
    const edge = at.space.getBoundingClientRect().top;
    // Of what is in view now, the first that is seen already: one that comes into view in the same frame may change.
    const seen = Math.max(view, this.shown ?? view);
    const row = this.rowAt(seen < view + at.scroller.clientHeight ? seen : view);
    if (!row) return;
    const moved = row.element.getBoundingClientRect().top - edge - row.place.top;
    if (moved !== 0) this.setSpace(this.space - moved);
  }

  /** The first row at or below this place, as it was laid out last, that is still there. */
  private rowAt(top: number): { element: HTMLElement; place: Place } | undefined {
    for (const [key, place] of this.places) {
      // A day or "New" may go when other rows come before it; a message stays.
      if (place.bottom <= top + SLIVER || key.startsWith('day ') || key === 'new') continue;
      const element = this.rowOf(key);
      if (element) return { element, place };
    }
    return undefined;
  }

  /** The space is given another height; what no space can take, the scroll position does. */
  private setSpace(height: number): void {
    const { at } = this;
    if (!at || height === this.space) return;
    this.space = height;
    if (height < 0) return this.level();
    at.space.style.height = `${height}px`;
  }

  /** Sets the space right without moving what is seen. */
  private level(): void {
    const { at } = this;
    if (!at) return;
    const more = this.hasMore;
    if (more ? this.space >= SPARE / 2 && this.space <= 2 * SPARE : this.space >= 0 && this.space < 1) return;
    // Whole pixels: a scroll position may know no others.
    const by = more ? Math.ceil(SPARE - this.space) : -Math.floor(this.space);
    const { scrollTop } = at.scroller;
    const { shown } = this;
    this.space += by;
    at.space.style.height = `${this.space}px`;
    this.scrollTo(scrollTop + by);
    this.shown = shown === undefined ? undefined : shown + by;
    this.remember();
  }

  /** Draws or asks for what is near to the view and not there. */
  private fill(): void {
    const { at } = this;
    if (!at) return;
    const { scroller } = at;
    const view = scroller.getBoundingClientRect();
    let above = view.top - at.rows.getBoundingClientRect().top;
    if (above < 0 && !this.following) {
      // Beyond all rows: by Home, or by the thumb of the scroll bar. Or above the beginning, where nothing comes.
      if (!this.hasMore) this.setSpace(0);
      if (!this.hasMore || -above >= view.height) {
        this.scrollTo(this.space);
        this.remember();
        above = 0;
      }
    }
    const { loaded, items } = this.asked;
    const broughtNone = this.from === 0 && this.world.loaded() > loaded && this.items.length === items;
    // Who is at the end, or where it opened, sees what is drawn; more of it waits until the page has nothing else to do.
    const near = this.touched ? NEAR : 1;
    const nearAbove = this.following && !broughtNone ? 1 : near;
    const wantsBelow = toEnd(scroller) < near && this.to < this.items.length;
    // Where it opens is at the upper edge as soon as there is enough below: then nothing is missing above.
    const wantsAbove = above < nearAbove && !(wantsBelow && this.opening !== undefined);
    if (wantsAbove) this.up(nearAbove === 1 ? FEW : STEP);
    else if (wantsBelow) this.down(near === 1 ? FEW : STEP);
  }

  private up(by: number): void {
    const wasAll = this.from === 0;
    this.from = Math.max(0, this.from - by);
    if (wasAll || (this.from < AHEAD && this.touched && !this.following)) this.older();
    if (!this.following) this.to = Math.min(this.to, this.from + MOST);
  }

  private down(by: number): void {
    this.to = Math.min(this.items.length, this.to + by);
    this.from = Math.max(this.from, this.to - MOST);
  }

  /** Draws some more on the side where less of it is. */
  private widen(): void {
    const { at } = this;
    if (!at) return;
    const above = this.from > 0 ? at.scroller.getBoundingClientRect().top - at.rows.getBoundingClientRect().top : Infinity;
    const below = this.to < this.items.length ? toEnd(at.scroller) : Infinity;
    if (above < below) this.up(FEW);
    else if (below < Infinity) this.down(FEW);
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

  private putOff(): void {
    clearTimeout(this.resting);
    this.resting = undefined;
    this.rest();
  }

  /** Does what can wait, once nobody scrolls or presses anything. What changes meanwhile does not put it off: in a busy room that is without an end. */
  private rest(): void {
    this.resting ??= setTimeout(() => {
      this.resting = undefined;
      const { at } = this;
      if (!at) return;
      const { height } = at.rows.getBoundingClientRect();
      extent.learn(this.items.slice(this.from, this.to), height, at.scroller);
      if (!this.following) this.level();
      if (this.to - this.from < RESERVE) this.widen();
      if (this.following) return;
      // Nothing has come to fill what is empty.
      const empty = at.rows.getBoundingClientRect().top - at.scroller.getBoundingClientRect().top;
      if (empty > 0 && !this.loading && this.space > 0) this.scrollTo(at.scroller.scrollTop + empty);
    }, REST_MS);
  }

  private scrollTo(top: number): void {
    if (!this.at) return;
    this.at.scroller.scrollTop = top;
    this.lastTop = this.at.scroller.scrollTop;
    this.shown = undefined;
  }

  /** Where the upper edge of the view is, in pixels from the upper edge of the space. */
  private get view(): number {
    return this.at ? this.at.scroller.getBoundingClientRect().top - this.at.space.getBoundingClientRect().top : 0;
  }

  /** Something comes above the rows that are drawn. */
  private get hasMore(): boolean {
    return this.from > 0 || (this.items.length > 0 && !this.world.start());
  }

  private remember(): void {
    const { at } = this;
    if (!at) return;
    const edge = at.space.getBoundingClientRect().top;
    this.places = new Map();
    for (const row of at.rows.querySelectorAll<HTMLElement>('[data-row]')) {
      const { top, bottom } = row.getBoundingClientRect();
      this.places.set(row.dataset['row'] ?? '', { top: top - edge, bottom: bottom - edge });
    }
  }

  /** The row of this item, when it is drawn. */
  rowOf(key: string): HTMLElement | undefined {
    const rows = this.at?.rows.querySelectorAll<HTMLElement>('[data-row]') ?? [];
    return [...rows].find((row) => row.dataset['row'] === key);
  }
}

/** How far the end is below what is seen. */
function toEnd({ scrollTop, scrollHeight, clientHeight }: HTMLElement): number {
  return scrollHeight - clientHeight - scrollTop;
}

/** Where a row is now that was at `was`: mostly there, or moved by what came before it. */
function indexOf(items: readonly Item[], key: string | undefined, was: number, grown: number): number {
  if (key === undefined) return -1;
  if (items[was]?.key === key) return was;
  if (items[was + grown]?.key === key) return was + grown;
  return items.findIndex((item) => item.key === key);
}
