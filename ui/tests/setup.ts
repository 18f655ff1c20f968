// What jsdom lacks and the UI uses. No behaviour is faked that a test then checks. Tests of a real browser have no jsdom.

if (typeof window !== 'undefined') {
  if (!('ResizeObserver' in globalThis)) {
    globalThis.ResizeObserver = class {
      observe(): void {}
      unobserve(): void {}
      disconnect(): void {}
    };
  }
  window.matchMedia ??= (query: string) => Object.assign(new EventTarget(), {
    matches: query.includes('hover: hover'), media: query, onchange: null, addListener: () => undefined, removeListener: () => undefined,
  });
  Element.prototype.scrollIntoView ??= () => undefined;
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false;
  };
}
