/**
 * Gives the element the keyboard as it appears, also in a dialog that opens with it.
 *
 * Not the attribute `autofocus`: WebKit obeys it with the next frame it draws, whatever has the keyboard by then. On a
 * busy machine that was in the middle of a password, the rest of which went into the login for everybody to read.
 */
export function takesFocus(element: HTMLElement): void {
  // After `showModal`, which chooses for itself.
  queueMicrotask(() => element.focus());
}
