// Where the pictures of people come from. What is in this folder knows no app: the page says it once, for all avatars.

import { createContext } from 'svelte';

/** The address of somebody's picture, by their id; undefined when they have none. */
export type Pictures = (user: string) => string | undefined;

export const [usePictures, providePictures] = createContext<Pictures>();
