import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { hold, keysFirst } from '../src/lib/keysfirst';

describe('what comes while a key is on its way to the screen', () => {
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
    paint();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('waits for the frame, and comes at once otherwise', () => {
    deliver(1);
    expect(came).toEqual([1]);
    hold();
    deliver(2);
    hold();
    deliver(3);
    expect(came).toEqual([1]);
    paint();
    expect(came).toEqual([1, 2, 3]);
    deliver(4);
    expect(came).toEqual([1, 2, 3, 4]);
  });

  it('does not wait for a frame that does not come, or in a page that nobody sees', () => {
    hold();
    deliver(1);
    vi.advanceTimersByTime(100);
    expect(came).toEqual([1]);
    paint();
    const hidden = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    hold();
    deliver(2);
    expect(came).toEqual([1, 2]);
    hidden.mockRestore();
  });

  it('does not come to whoever has stopped listening meanwhile', () => {
    hold();
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
    hold();
    deliver(1);
    deliver(2);
    paint();
    expect(came).toEqual([1, 2, 3]);
    expect(failed).toHaveBeenCalledOnce();
  });
});
