// A key is seen before what comes from outside. To draw what others write takes longer than a key, and a key that comes
// meanwhile waits for the end of it; who types has some hundred milliseconds between two keys. So what arrives while
// somebody types waits for the frame that shows their next key, and is drawn right after it: in a busy room, one types as
// in one at rest.

/** Nobody types any more who has written nothing for so long, and nothing waits longer: for a frame neither. */
const PAUSE_MS = 200;

let typing = false;
let pause: ReturnType<typeof setTimeout> | undefined;
let acted: ReturnType<typeof setTimeout> | undefined;
const waiting: (() => unknown)[] = [];

/** Somebody wrote: what comes from now on waits for the frame of it, or of what they write next. */
export function wrote(): void {
  if (document.visibilityState !== 'visible') return;
  typing = true;
  clearTimeout(acted);
  clearTimeout(pause);
  pause = setTimeout(rested, PAUSE_MS);
  requestAnimationFrame(() => setTimeout(flush));
}

/** Somebody pressed something. Unless it writes, they wait for what comes of it: nothing is held back any more. */
export function pressed(): void {
  if (!typing) return;
  clearTimeout(acted);
  acted = setTimeout(rested);
}

function rested(): void {
  clearTimeout(pause);
  // What comes while these are delivered stands behind them.
  flush();
  typing = false;
}

function flush(): void {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    try {
      next();
    } catch (thrown) {
      // The others must not be lost with it.
      reportError(thrown);
    }
  }
}

/** A person did, and no script; and not a box that was ticked. */
function oninput(event: Event): void {
  if (event.isTrusted && event instanceof InputEvent) wrote();
}

/**
 * Listens, with what comes delivered in its order: at once, unless somebody types. Answers with how to stop; after that
 * nothing is delivered, what waited neither.
 */
export function keysFirst<T>(subscribe: (listener: (item: T) => void) => () => void, deliver: (item: T) => void): () => void {
  // Once each, however often it is asked for.
  addEventListener('input', oninput, { capture: true, passive: true });
  for (const kind of ['keydown', 'pointerdown']) addEventListener(kind, pressed, { capture: true, passive: true });
  let listening = true;
  const stop = subscribe((item) => {
    if (typing) waiting.push(() => listening && deliver(item));
    else deliver(item);
  });
  return () => {
    listening = false;
    stop();
  };
}
