import { beforeEach, expect, it } from 'vitest';

import { keepSettings, keptSettings } from '../src/port/web/kept';

beforeEach(() => localStorage.clear());

it('a browser keeps the language beside the theme, and forgets one that it does not know', () => {
  const others = { notifications: true, previews: false, close_to_tray: true };
  expect(keptSettings()).toMatchObject({ theme: 'system', compact: false, language: 'system' });
  keepSettings({ theme: 'dark', compact: true, language: 'ar', ...others });
  expect(keptSettings()).toEqual({ theme: 'dark', compact: true, language: 'ar', ...others });
  localStorage.setItem('confab.settings', JSON.stringify({ theme: 'dark', compact: true, language: 'tlh' }));
  expect(keptSettings().language).toBe('system');
});
