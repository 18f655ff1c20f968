// A form on its way: busy, then done or refused.

import { asRefusal, type Refusal } from './error';

export class Submission {
  busy = $state(false);
  error = $state.raw<Refusal | null>(null);

  /** Runs what the form is for, once at a time. */
  async run(event: Event | null, action: () => Promise<void>): Promise<void> {
    event?.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.error = null;
    try {
      await action();
    } catch (thrown) {
      this.error = asRefusal(thrown);
    } finally {
      this.busy = false;
    }
  }
}
