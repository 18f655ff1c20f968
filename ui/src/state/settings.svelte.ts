// What the user chose about looks, and how it reaches the page.

import type { Settings, Theme } from '../bindings';

const ORDER: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

export class SettingsState {
  theme = $state<Theme>('system');
  compact = $state(false);
  private readonly systemDark = matchMedia('(prefers-color-scheme: dark)');
  private systemIsDark = $state(this.systemDark.matches);

  /** What is drawn: Bootstrap's colour mode. */
  readonly mode = $derived(this.theme === 'system' ? (this.systemIsDark ? 'dark' : 'light') : this.theme);

  constructor(private readonly save: (settings: Settings) => void) {
    this.systemDark.addEventListener('change', (event) => (this.systemIsDark = event.matches));
  }

  load({ theme, compact }: Settings): void {
    this.theme = theme;
    this.compact = compact;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.keep();
  }

  nextTheme(): void {
    this.setTheme(ORDER[this.theme]);
  }

  setCompact(compact: boolean): void {
    this.compact = compact;
    this.keep();
  }

  private keep(): void {
    this.save({ theme: this.theme, compact: this.compact });
  }
}
