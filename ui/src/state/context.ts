import { createContext } from 'svelte';

import type { App } from './app.svelte';
import type { Servers } from './servers.svelte';

/** All accounts of the page, and what they share. */
export const [useServers, provideServers] = createContext<Servers>();

/** The account that is in front, for every component below it: the tree is made anew for another one. */
export const [useApp, provideApp] = createContext<App>();
