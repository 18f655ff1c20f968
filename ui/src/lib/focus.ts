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

/**
 * Remembers what has the keyboard. The answer gives it back, unless it went elsewhere meanwhile than into `from`; it may be
 * nowhere, when what had it is out of the page already.
 */
export function keepsFocus(): (from?: HTMLElement) => void {
  const opener = document.activeElement;
  return (from) => {
    const now = document.activeElement;
    const isLost = now === null || now === document.body || from?.contains(now) === true;
    if (isLost && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
  };
}
