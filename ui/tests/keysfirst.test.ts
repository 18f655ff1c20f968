import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { keysFirst, pressed, wrote } from '../src/lib/keysfirst';

describe('what comes while somebody types', () => {
  let frames: (() => void)[];
  let came: number[];
  let deliver: (item: number) => void;
  let stop: () => void;
  const paint = (): void => {
    for (const frame of frames.splice(0)) frame();
    vi.advanceTimersByTime(0);
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    frames = [];
    vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
    came = [];
    stop = keysFirst((listener) => {
      deliver = listener;
      return () => undefined;
    }, (item: number) => void came.push(item));
  });
  afterEach(() => {
    vi.advanceTimersByTime(200);
    paint();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('comes at once, unless somebody types', () => {
    deliver(1);
    expect(came).toEqual([1]);
    pressed();
    deliver(2);
    expect(came).toEqual([1, 2]);
  });

  it('waits for the frame of the key, and what comes later for the frame of the next', () => {
    wrote();
    deliver(1);
    wrote();
    deliver(2);
    expect(came).toEqual([]);
    paint();
    expect(came).toEqual([1, 2]);
    vi.advanceTimersByTime(150);
    deliver(3);
    pressed();
    wrote();
    vi.advanceTimersByTime(10);
    expect(came).toEqual([1, 2]);
    paint();
    expect(came).toEqual([1, 2, 3]);
  });

  it('does not wait once nothing was written for a while', () => {
    wrote();
    paint();
    deliver(1);
    vi.advanceTimersByTime(199);
    expect(came).toEqual([]);
    vi.advanceTimersByTime(1);
    deliver(2);
    expect(came).toEqual([1, 2]);
  });

  it('does not wait once something is pressed that writes nothing', () => {
    wrote();
    paint();
    deliver(1);
    pressed();
    // Not within the press: what it does goes first.
    expect(came).toEqual([]);
    vi.advanceTimersByTime(0);
    deliver(2);
    expect(came).toEqual([1, 2]);
  });

  it('does not wait for a frame that does not come, or in a page that nobody sees', () => {
    wrote();
    deliver(1);
    vi.advanceTimersByTime(200);
    expect(came).toEqual([1]);
    paint();
    const hidden = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    wrote();
    deliver(2);
    expect(came).toEqual([1, 2]);
    hidden.mockRestore();
  });

  it('does not come to whoever has stopped listening meanwhile', () => {
    wrote();
    deliver(1);
    stop();
    paint();
    expect(came).toEqual([]);
  });

  it('keeps its order, also against what comes of it, and loses nothing to one that fails', () => {
    const failed = vi.fn();
    vi.stubGlobal('reportError', failed);
    keysFirst((listener) => {
      deliver = listener;
      return () => undefined;
    }, (item: number) => {
      came.push(item);
      if (item === 1) deliver(3);
      if (item === 2) throw new Error('not this one');
    });
    wrote();
    deliver(1);
    deliver(2);
    paint();
    expect(came).toEqual([1, 2, 3]);
    expect(failed).toHaveBeenCalledOnce();
  });
});
