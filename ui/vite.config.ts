import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { budget } from './shell/budget.ts';
import { leanBootstrap } from './shell/lean.ts';
import { shell } from './shell/plugin.ts';

/** A time zone where it is about noon: what the tests call today began hours ago and lasts for hours. */
function noonZone(hour = new Date().getUTCHours()): string {
  // The signs of these zones are POSIX's: `Etc/GMT-3` is three hours before Greenwich.
  return `Etc/GMT${hour > 12 ? '+' : '-'}${Math.abs(12 - hour)}`;
}

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), leanBootstrap(), budget(), shell()],
  // The server serves the same build at `/` with a fallback for `/join/CODE`; the desktop app at the root of its own
  // protocol. Relative addresses would break under `/join/…`.
  base: '/',
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  server: { port: 5173, strictPort: true },
  build: {
    outDir: 'dist',
    target: ['es2022', 'safari16'],
    // The content security policy forbids nothing that this makes: no inline script, no inline style.
    modulePreload: { polyfill: false },
    // The emoji are that large, and lazy; what must not grow is held by the budget.
    chunkSizeWarningLimit: 500,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
    env: { TZ: noonZone() },
    // By itself vitest leaves a core to whoever watches.
    maxWorkers: '100%',
    // For what hangs. How long something takes on a machine that others use too is nothing that a test may know.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
}));
