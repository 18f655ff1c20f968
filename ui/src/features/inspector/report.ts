// The diagnostic report: what somebody who helps needs to know, and nothing that anybody wrote.

import type { App } from '../../state/app.svelte';
import type { Inspection } from './inspection.svelte';

/** What it is made of. Names and addresses are left out; workspaces stand by their namespace. */
export function report(app: App, inspection: Inspection): object {
  const { servers, settings, choices, lobby } = app;
  const records = inspection.bare;
  const sum = (of: (record: (typeof records)[number]) => string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const record of records) counts[of(record)] = (counts[of(record)] ?? 0) + 1;
    return counts;
  };
  return {
    kind: 'confab diagnostic report', format: 1, made: new Date().toISOString(),
    app: {
      shell: servers.shell.kind, client: inspection.begun?.client ?? null, platform: inspection.begun?.platform ?? null, browser: navigator.userAgent,
      language: document.documentElement.lang, window: [innerWidth, innerHeight, devicePixelRatio], online: navigator.onLine,
    },
    server: lobby.server ? { version: lobby.server.version, limits: lobby.server.limits } : null,
    account: { role: app.account.user.role, guest: app.account.user.guest, hosted_here: app.hosting !== null, accounts: servers.list.length },
    settings: {
      theme: settings.theme, compact: settings.compact, language: settings.language, notifications: settings.notifications, previews: settings.previews,
      close_to_tray: settings.closeToTray, text_size: choices.textSize, enter_sends: choices.enterSends, idle_minutes: choices.idleMinutes,
      sign_in: servers.credentials,
    },
    state: {
      links: Object.fromEntries([...app.links].map(([namespace, state]) => [namespace, state.is])), unsent: app.pending,
      workspaces: lobby.sorted.length, rooms: app.workspace?.rooms.size ?? 0, members: app.workspace?.members.size ?? 0,
    },
    links: inspection.notes,
    counts: { events: sum(({ event, answer }) => (answer ? `answer to ${answer.event}` : event)), directions: sum(({ direction }) => direction), missed: inspection.missed },
    events: records.map(({ body, ...record }) => ({ ...record, body: JSON.parse(body) as unknown })),
  };
}

export function fileName(what: string): string {
  return `confab-${what}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`;
}
