// What the user chose for this device that its shell needs to know too, and how it reaches the page.

import type { Language, Settings, Theme } from '../bindings';
import { languageFor, locale } from '../lib/locale/locale.svelte';

const ORDER: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const UNCHOSEN: Settings = { theme: 'system', compact: false, language: 'system', notifications: true, previews: true, close_to_tray: true };

export class SettingsState {
  private kept = $state.raw<Settings>(UNCHOSEN);
  private readonly systemDark = matchMedia('(prefers-color-scheme: dark)');
  private systemIsDark = $state(this.systemDark.matches);

  readonly theme: Theme = $derived(this.kept.theme);
  readonly compact: boolean = $derived(this.kept.compact);
  readonly language: Language = $derived(this.kept.language);
  /** Notifications of the system, where it shows any. */
  readonly notifications: boolean = $derived(this.kept.notifications);
  /** They say what the message says. */
  readonly previews: boolean = $derived(this.kept.previews);
  /** Closing the window leaves the app in the tray, where there is one. */
  readonly closeToTray: boolean = $derived(this.kept.close_to_tray);
  /** What is drawn: Bootstrap's colour mode. */
  readonly mode = $derived(this.theme === 'system' ? (this.systemIsDark ? 'dark' : 'light') : this.theme);

  constructor(private readonly save: (settings: Settings) => void) {
    this.systemDark.addEventListener('change', (event) => (this.systemIsDark = event.matches));
  }

  /** Answers when the page speaks the language: nothing is to be drawn in another one before. */
  async load(settings: Settings): Promise<void> {
    this.kept = settings;
    await locale.use(languageFor(settings.language));
  }

  setTheme(theme: Theme): void {
    this.change({ theme });
  }

  nextTheme(): void {
    this.setTheme(ORDER[this.theme]);
  }

  setCompact(compact: boolean): void {
    this.change({ compact });
  }

  setLanguage(language: Language): void {
    void locale.use(languageFor(language));
    this.change({ language });
  }

  change(changes: Partial<Settings>): void {
    this.kept = { ...this.kept, ...changes };
    this.save(this.kept);
  }
}
