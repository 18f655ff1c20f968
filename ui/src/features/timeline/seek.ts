// From a timeline that does not reach back far enough to one that does: page by page.

/** More pages than this are further than anybody waits. */
const MOST_PAGES = 60;
const PATIENCE_MS = 1_500;

export interface Pages {
  /** How many items are loaded. */
  loaded(): number;
  /** Nothing comes before the first. */
  start(): boolean;
  loadOlder(): Promise<unknown>;
}

/** Asks for older pages until what is looked for is there; undefined when it never is. */
export async function seek<T>(find: () => T | undefined, pages: Pages): Promise<T | undefined> {
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = find();
    if (found !== undefined || pages.start()) return found;
    const before = pages.loaded();
    await pages.loadOlder();
    // The answer and the rows come on different ways: the rows may be later.
    const deadline = Date.now() + PATIENCE_MS;
    while (pages.loaded() === before && !pages.start()) {
      if (Date.now() > deadline) return find();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return find();
}
