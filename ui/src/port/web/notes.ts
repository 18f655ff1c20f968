// What became of the links lately, kept whether anybody looks or not: it is little. And where a viewer stands while
// somebody does.

import type { Socket } from 'socket.io-client';

import type { LinkChange, LinkNote } from '../../bindings';

const MOST = 100;

/** Somebody who looks at the links: `tap.ts`, which is loaded only then. */
export interface Viewer {
  /** A namespace's socket: from now on all that goes over it. */
  attach(namespace: string, socket: Socket): void;
  /** Emits a request, and waits for its answer. */
  asked(request: () => Promise<unknown>): Promise<unknown>;
  noted(note: LinkNote): void;
}

export class LinkNotes {
  readonly all: LinkNote[] = [];
  viewer: Viewer | null = null;

  note(namespace: string, change: LinkChange): void {
    const note = { namespace, at: new Date().toISOString(), change };
    this.all.push(note);
    if (this.all.length > MOST) this.all.shift();
    this.viewer?.noted(note);
  }
}
