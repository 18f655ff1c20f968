// The keys that lead from message to message, in the timeline and in the panel of a thread.

/** Does what a key means on a focused message; `field` is what is written in below the last one. */
export function walk(event: KeyboardEvent, list: HTMLElement, field: HTMLElement | null, byPointer: boolean): void {
  if (!(event.target instanceof HTMLElement) || event.target.tagName !== 'ARTICLE' || event.altKey || event.ctrlKey || event.metaKey) return;
  // What is typed after a click at a message is typed there.
  if (event.key === 'Escape' || (byPointer && event.key.length === 1)) return field?.focus();
  const all = [...list.querySelectorAll<HTMLElement>('article')];
  const at = all.indexOf(event.target);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  // Below the last one is the field to write in.
  if (to >= all.length) return field?.focus();
  all[Math.max(0, to)]?.focus();
}
