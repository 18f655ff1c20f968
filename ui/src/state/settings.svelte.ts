// What the user chose about looks and language, and how it reaches the page.

import type { Language, Settings, Theme } from '../bindings';
import { languageFor, locale } from '../lib/locale/locale.svelte';

const ORDER: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

export class SettingsState {
  theme = $state<Theme>('system');
  compact = $state(false);
  language = $state<Language>('system');
  private readonly systemDark = matchMedia('(prefers-color-scheme: dark)');
  private systemIsDark = $state(this.systemDark.matches);

  /** What is drawn: Bootstrap's colour mode. */
  readonly mode = $derived(this.theme === 'system' ? (this.systemIsDark ? 'dark' : 'light') : this.theme);

  constructor(private readonly save: (settings: Settings) => void) {
    this.systemDark.addEventListener('change', (event) => (this.systemIsDark = event.matches));
  }

  /** Answers when the page speaks the language: nothing is to be drawn in another one before. */
  async load({ theme, compact, language }: Settings): Promise<void> {
    this.theme = theme;
    this.compact = compact;
    this.language = language;
    await locale.use(languageFor(language));
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

  setLanguage(language: Language): void {
    this.language = language;
    void locale.use(languageFor(language));
    this.keep();
  }

  private keep(): void {
    this.save({ theme: this.theme, compact: this.compact, language: this.language });
  }
}
