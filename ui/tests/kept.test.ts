import { beforeEach, expect, it } from 'vitest';

import { keepSettings, keptSettings } from '../src/port/web/kept';

beforeEach(() => localStorage.clear());

it('a browser keeps the language beside the theme, and forgets one that it does not know', () => {
  expect(keptSettings()).toEqual({ theme: 'system', compact: false, language: 'system' });
  keepSettings({ theme: 'dark', compact: true, language: 'ar' });
  expect(keptSettings()).toEqual({ theme: 'dark', compact: true, language: 'ar' });
  localStorage.setItem('confab.settings', JSON.stringify({ theme: 'dark', compact: true, language: 'tlh' }));
  expect(keptSettings().language).toBe('system');
});
