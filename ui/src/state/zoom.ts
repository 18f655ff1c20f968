// How large everything in the window of the desktop app is. Browsers do that by themselves.

import type { DesktopPort } from '../port';

const STEPS = [50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300] as const;

/** The next step up (1) or down (-1); as it was meant (0). */
export function zoomed(percent: number, by: -1 | 0 | 1): number {
  if (by === 0) return 100;
  const steps = by > 0 ? STEPS.filter((step) => step > percent) : STEPS.filter((step) => step < percent).reverse();
  return steps[0] ?? percent;
}

export class Zoom {
  /** Presses come faster than answers. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly desktop: DesktopPort) {}

  step(by: -1 | 0 | 1): Promise<void> {
    const next = this.last.then(async () => this.desktop.setZoom(zoomed((await this.desktop.state()).zoom, by)));
    this.last = next.catch(() => undefined);
    return next;
  }
}
