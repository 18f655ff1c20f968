// Whether somebody is there: used lately and visible is online, otherwise away.

const USES = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'focus'] as const;

/** Tells each change, from now on; answers with how to stop. The first state is taken to be online. */
export function watchIdle(changed: (state: 'online' | 'away') => void, idleMs: number): () => void {
  let state: 'online' | 'away' = 'online';
  let timer: ReturnType<typeof setTimeout>;
  const become = (next: typeof state): void => {
    if (next !== state) changed((state = next));
  };
  const used = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => become('away'), idleMs);
    become('online');
  };
  const stop = new AbortController();
  // Shown again is looked at; hidden, the time runs on.
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') used(); }, { signal: stop.signal });
  for (const event of USES) addEventListener(event, used, { passive: true, signal: stop.signal });
  used();
  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}
