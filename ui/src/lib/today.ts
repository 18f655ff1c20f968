// The present, for what is said of days: a page that stays open over midnight says "Yesterday" from then on.

import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  let day = begun();
  let timer: ReturnType<typeof setTimeout>;
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, tomorrow() - Date.now());
    if (begun() === day) return;
    day = begun();
    update();
  };
  look();
  // Timers stand still while the computer sleeps.
  document.addEventListener('visibilitychange', look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
});

/** Whoever draws with it draws again when another day has begun. */
export function today(): Date {
  subscribe();
  return new Date();
}

function begun(): number {
  return new Date().setHours(0, 0, 0, 0);
}

function tomorrow(): number {
  const date = new Date();
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}
