// How many items fill a view, told before any of them is drawn. Each row that nobody sees makes a room open 1.5 ms later,
// and one too few is a second layout in the same frame: rooms of long messages and rooms of short ones need other numbers.

import type { Item, MessageItem } from '../../bindings';
import { fitted, lookOf, WIDEST } from '../files/look';

/** What is guessed is drawn with so much more. */
const MARGIN = 1.15;
/** What is beside a message's text and not part of it, and the usual width of a letter, in pixels. */
const BESIDE = 88;
const LETTER = 7.3;
/** In lines of text, what is not text: the name above the first of a run, a quote, a file, reactions or answers below. */
const NAME = 1.3;
const QUOTE = 1.1;
const FILE = 2.7;
const FOOT = 1.4;
/** A notice after another: some more words in one row. */
const FOLDED = 0.2;
/** No line is less high, in pixels: what says so was measured while the page was not laid out. */
const LOWEST = 8;
/** What is learned from fewer lines is chance. */
const ENOUGH = 10;

export class Extent {
  /** How high a line turned out to be, in pixels, with all that stands between the lines. */
  private line = 24;

  /** The size of the view, in pixels. */
  constructor(private width: number, private height: number) {}

  /** These items were drawn, `drawn` pixels high, in a view of this size. */
  learn(items: readonly Item[], drawn: number, { clientWidth, clientHeight }: { clientWidth: number; clientHeight: number }): void {
    if (clientWidth === 0 || clientHeight === 0 || drawn === 0) return;
    this.width = clientWidth;
    this.height = clientHeight;
    const lines = items.reduce((sum, item, at) => sum + this.lines(item, items[at - 1]), 0);
    if (lines > ENOUGH) this.line = Math.max(LOWEST, drawn / lines);
  }

  /** The first of the items that fill the view, or so many pixels, up to `end`. */
  before(items: readonly Item[], end: number, pixels = this.height): number {
    let left = this.linesIn(pixels);
    let from = end;
    for (let item = items[from - 1]; item && left > 0; item = items[from - 1]) {
      from--;
      left -= this.lines(item, items[from - 1]);
    }
    return from;
  }

  /** The end of the items that fill the view from `from` on. */
  after(items: readonly Item[], from: number): number {
    let left = this.linesIn(this.height);
    let end = from;
    for (let item = items[end]; item && left > 0; item = items[end]) {
      left -= this.lines(item, items[end - 1]);
      end++;
    }
    return end;
  }

  /** What fills so many pixels, in lines. */
  private linesIn(pixels: number): number {
    return (MARGIN * pixels) / this.line;
  }

  private lines(item: Item, previous: Item | undefined): number {
    if (item.kind === 'notice') return previous?.kind === 'notice' ? FOLDED : 1;
    const name = previous?.kind === 'message' && previous.author === item.author ? 0 : NAME;
    const quote = item.reply_to === undefined ? 0 : QUOTE;
    if (item.deleted) return name + quote + 1;
    const foot = (item.reactions.length > 0 ? FOOT : 0) + (item.replies === undefined ? 0 : FOOT);
    return name + quote + Math.max(1, this.text(item.text) + this.files(item)) + foot;
  }

  private text(text: string): number {
    if (text === '') return 0;
    const letters = Math.max(1, (this.width - BESIDE) / LETTER);
    let lines = 0;
    for (let from = 0, to = 0; to >= 0; from = to + 1) {
      to = text.indexOf('\n', from);
      const length = (to < 0 ? text.length : to) - from;
      // An empty line is a space between two paragraphs.
      lines += length === 0 ? 0.3 : Math.ceil(length / letters);
    }
    return lines;
  }

  private files({ files = [] }: MessageItem): number {
    const images = files.filter((file) => lookOf(file) === 'image');
    const [image] = images;
    if (!image) return FILE * files.length;
    // Several stand in columns, each as high as the column is wide.
    const columns = images.length <= 4 ? 2 : 3;
    const high = images.length === 1 ? fitted(image).height : Math.ceil(images.length / columns) * (WIDEST / columns);
    return high / this.line + FILE * (files.length - images.length);
  }
}
