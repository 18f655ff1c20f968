// "I am typing": said at the first key, again while it goes on, and ended when it pauses. The server ends it after six
// seconds by itself.

const REPEAT_MS = 3_000;
const PAUSE_MS = 4_000;

export class Signal {
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly say: (on: boolean) => void) {}

  go(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end(), PAUSE_MS);
    if (Date.now() - this.last < REPEAT_MS) return;
    this.last = Date.now();
    this.say(true);
  }

  end(): void {
    clearTimeout(this.timer);
    if (this.last === 0) return;
    this.last = 0;
    this.say(false);
  }
}
