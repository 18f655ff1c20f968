// What somebody chose on this device and no server needs to know: how large the text is, what Enter does, which emoji
// they use. Looks that the shell needs before the first paint are in `settings`.

const KEY = 'confab.choices';
const MOST_RECENT = 24;

/** Percent of the browser's own text size. */
export const TEXT_SIZES = [87.5, 100, 112.5, 125] as const;
export const IDLE_MINUTES = [5, 10, 30] as const;
export type IdleMinutes = (typeof IDLE_MINUTES)[number];
export type TextSize = (typeof TEXT_SIZES)[number];
/** 0 is the emoji's own yellow; 1 to 5 from light to dark. */
export type SkinTone = 0 | 1 | 2 | 3 | 4 | 5;

interface Kept {
  textSize: TextSize;
  enterSends: boolean;
  /** Without input for so long, somebody counts as away. */
  idleMinutes: IdleMinutes;
  tone: SkinTone;
  recent: string[];
}

export class Choices {
  private kept = $state.raw<Kept>(read());

  get textSize(): TextSize {
    return this.kept.textSize;
  }

  /** Otherwise Ctrl+Enter sends, and Enter breaks the line. */
  get enterSends(): boolean {
    return this.kept.enterSends;
  }

  get idleMinutes(): IdleMinutes {
    return this.kept.idleMinutes;
  }

  get tone(): SkinTone {
    return this.kept.tone;
  }

  /** Emoji that were picked last, the latest first. */
  get recent(): readonly string[] {
    return this.kept.recent;
  }

  change(changes: Partial<Pick<Kept, 'textSize' | 'enterSends' | 'idleMinutes' | 'tone'>>): void {
    this.put({ ...this.kept, ...changes });
  }

  used(emoji: string): void {
    this.put({ ...this.kept, recent: [emoji, ...this.kept.recent.filter((other) => other !== emoji)].slice(0, MOST_RECENT) });
  }

  /** Somebody else may come: what they used is not for them. */
  forgetUse(): void {
    if (this.kept.recent.length > 0) this.put({ ...this.kept, recent: [] });
  }

  private put(kept: Kept): void {
    this.kept = kept;
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Storage may be full or forbidden: chosen until the page is closed.
    }
  }
}

function read(): Kept {
  let found: Partial<Record<keyof Kept, unknown>> = {};
  try {
    found = Object(JSON.parse(localStorage.getItem(KEY) ?? '{}')) as typeof found;
  } catch {
    // Nothing was kept, or something else.
  }
  const recent = Array.isArray(found.recent) ? found.recent.filter((emoji): emoji is string => typeof emoji === 'string') : [];
  return {
    textSize: TEXT_SIZES.find((size) => size === found.textSize) ?? 100,
    enterSends: found.enterSends !== false,
    idleMinutes: IDLE_MINUTES.find((minutes) => minutes === found.idleMinutes) ?? 10,
    tone: ([0, 1, 2, 3, 4, 5] as const).find((tone) => tone === found.tone) ?? 0,
    recent: recent.slice(0, MOST_RECENT),
  };
}
