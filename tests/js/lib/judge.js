// Runs in the page: says of each frame, as it is painted, whether what is read stayed where it was. A row may move by
// what the scroll position moved, by what the wheel was turned, or not at all; anything else is drift. The position and
// the wheel differ where rows above the read one became shorter at the end of the room: the browser takes that off the
// position, and what is read has still moved with the wheel only. Chromium may scroll some frames after its wheel events,
// and several turns at once, on a machine that is busy: each turn is owed until it is seen, in their order, and only once.
// Where one scrolled and rows changed in the same frame, either may have come first: then what was read before stayed, or
// what is read since.

(() => {
  /** A turn that was not seen by then comes no more: the room had ended, or a part of it was seen. */
  const OWED_MS = 1_000;
  const scroller = document.querySelector('[data-testid=timeline]');
  // Resize observers are served after layout, in the order of their making, right before the page is painted: this one
  // comes after all of the page's own, in every frame, since the probe has another size in each.
  const probe = document.createElement('div');
  probe.style.cssText = 'position:fixed;left:0;top:0;height:1px;width:1px;opacity:0;pointer-events:none';
  document.body.append(probe);

  let last;
  let report;
  let frame = 0;
  let owed = [];
  addEventListener('wheel', ({ deltaY, timeStamp }) => void owed.push({ by: deltaY, at: timeStamp }), { capture: true, passive: true });
  const reset = () => {
    report = { frames: 0, changed: 0, drift: 0, worst: null, moved: 0, empty: 0, strange: 0 };
    last = undefined;
    owed = [];
  };

  const look = () => {
    const { top: edge, bottom } = scroller.getBoundingClientRect();
    const rows = new Map();
    let first;
    let height = 0;
    for (const row of scroller.querySelectorAll('[data-row]')) {
      const key = row.dataset.row;
      if (key.startsWith('day ') || key === 'new') continue;
      const box = row.getBoundingClientRect();
      rows.set(key, box.top - edge);
      height += box.height;
      if (first === undefined && box.bottom > edge + 1 && box.top < bottom) first = key;
    }
    const drawn = scroller.querySelector('[data-row]')?.getBoundingClientRect().top ?? bottom;
    return { scroll: scroller.scrollTop, rows, first, height, empty: Math.max(0, Math.min(bottom, drawn) - edge) };
  };

  /** What the first turns that are owed come to, for each number of them. */
  const sums = () => {
    let sum = 0;
    return owed.map(({ by }) => (sum += by));
  };

  const judge = () => {
    const now = look();
    owed = owed.filter(({ at }) => performance.now() - at < OWED_MS);
    report.frames++;
    report.empty = Math.max(report.empty, now.empty);
    if (last && (now.height !== last.height || now.rows.size !== last.rows.size)) report.changed++;
    const key = last?.first !== undefined && now.rows.has(last.first) ? last.first : [...(last?.rows.keys() ?? [])].find((other) => last.rows.get(other) > 0 && now.rows.has(other));
    if (key !== undefined) {
      const movedBy = (row) => now.rows.get(row) - last.rows.get(row);
      const moved = movedBy(key);
      const scrolled = now.scroll - last.scroll;
      report.moved += moved;
      const wasSeen = scrolled !== 0 && last.rows.get(now.first) < scroller.clientHeight;
      const read = wasSeen ? [moved, movedBy(now.first)] : [moved];
      const from = (by) => Math.min(...read.map((row) => Math.abs(row + by)));
      const turns = sums();
      const drift = Math.min(...[0, scrolled, ...turns].map(from));
      if (drift > report.drift) {
        report.drift = drift;
        report.worst = { key, moved, scrolled, turns, at: report.frames, height: now.height - last.height };
      }
      const seen = turns.findIndex((sum) => from(sum) <= 1);
      if (moved !== 0) owed.splice(0, seen + 1);
    } else if (last) report.strange++;
    last = now;
  };

  new ResizeObserver(judge).observe(probe);
  let wide = false;
  const turn = () => {
    wide = !wide;
    probe.style.width = wide ? '2px' : '1px';
    frame = requestAnimationFrame(turn);
  };
  reset();
  window.judge = {
    begin: () => {
      reset();
      cancelAnimationFrame(frame);
      turn();
    },
    end: () => {
      cancelAnimationFrame(frame);
      return report;
    },
    remove: () => {
      cancelAnimationFrame(frame);
      probe.remove();
    },
  };
})();
