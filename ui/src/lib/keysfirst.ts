// A key is seen before what comes from outside: what arrives between a key and the frame that shows it waits for that frame.
// It is some milliseconds; what is typed into a busy room is then as quick as in one at rest.

/** Without a frame, such as in a page that is covered, nothing waits longer. */
const LONGEST_MS = 100;

let held = false;
const waiting: (() => unknown)[] = [];

/** Somebody typed: what comes from now on waits for the next frame. */
export function hold(): void {
  if (held || document.visibilityState !== 'visible') return;
  held = true;
  const timer = setTimeout(release, LONGEST_MS);
  requestAnimationFrame(() => setTimeout(() => {
    clearTimeout(timer);
    release();
  }));
}

function release(): void {
  // What comes while these are delivered stands behind them.
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    try {
      next();
    } catch (thrown) {
      // The others must not be lost with it.
      reportError(thrown);
    }
  }
  held = false;
}

/** A person did, and no script; and not a box that was ticked. */
function typed(event: Event): void {
  if (event.isTrusted && event instanceof InputEvent) hold();
}

/**
 * Listens, with what comes delivered in its order: at once, unless a key is on its way to the screen. Answers with how to stop;
 * after that nothing is delivered, what waited neither.
 */
export function keysFirst<T>(subscribe: (listener: (item: T) => void) => () => void, deliver: (item: T) => void): () => void {
  // Once, however often it is asked for.
  addEventListener('input', typed, { capture: true, passive: true });
  let listening = true;
  const stop = subscribe((item) => {
    if (held) waiting.push(() => listening && deliver(item));
    else deliver(item);
  });
  return () => {
    listening = false;
    stop();
  };
}
