// The tab of a browser, and the taskbar: how much is unread stands in the title and on the icon.

import icon from '../icon.svg?raw';

export interface Badge {
  /** Something unread. */
  unread: boolean;
  /** How many messages are for the user. */
  mentions: number;
}

export function titleOf(place: string | null, { mentions }: Badge): string {
  const title = place === null ? 'Confab' : `${place} — Confab`;
  return mentions > 0 ? `(${mentions}) ${title}` : title;
}

/** The page's icon, with a dot for what is unread: red when it is for the user. */
export function iconOf({ unread, mentions }: Badge): string {
  const colour = mentions > 0 ? '#d92d3a' : '#3f8cff';
  const dot = unread || mentions > 0 ? `<circle cx="49" cy="49" r="14" fill="${colour}" stroke="#fff" stroke-width="4"/>` : '';
  return `data:image/svg+xml,${encodeURIComponent(icon.replace('</svg>', `${dot}</svg>`))}`;
}

export function showTitle(place: string | null, badge: Badge): void {
  document.title = titleOf(place, badge);
}

export function showIcon(badge: Badge): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link) link.href = iconOf(badge);
}
