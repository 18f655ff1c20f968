// What the switcher can go to or do, and which of it fits what was typed.

import type { Room } from '../../bindings';
import type { IconName } from '../../lib/icons';
import { best, folded, score } from '../../lib/fuzzy';
import { t } from '../../lib/locale/locale.svelte';
import type { App } from '../../state/app.svelte';
import { actions } from './actions';

export interface SwitchEntry {
  key: string;
  kind: 'room' | 'person' | 'workspace' | 'action';
  title: string;
  hint: string;
  icon: IconName;
  /** Whose picture stands instead of the icon. */
  person?: string;
  unread?: boolean;
  /** What is compared with what was typed. */
  names: readonly string[];
  /** Among entries that fit equally: more is better. */
  weight: number;
  go(): void;
}

const MOST = 50;
const KIND_OF_SIGN: Readonly<Record<string, SwitchEntry['kind']>> = { '#': 'room', '@': 'person', '>': 'action' };

/** Everything, once, when the switcher opens. `joinable` are rooms that one is not in yet. */
export function entriesOf(app: App, joinable: readonly Room[]): SwitchEntry[] {
  const { workspace } = app;
  if (!workspace) return workspaces(app);
  const recent = new Map(app.trail.recent(workspace.slug).map((id, at) => [id, Math.max(0, 60 - at * 6)]));
  const partners = new Set<string>();
  const rooms = [...workspace.named, ...workspace.direct].map((room): SwitchEntry => {
    const { info } = room;
    const title = workspace.titleOf(info);
    const partner = info.kind === 'direct' ? workspace.partner(info) : undefined;
    if (partner) partners.add(partner.id);
    return {
      key: `room ${info.id}`, kind: partner ? 'person' : 'room', title, hint: partner ? `@${partner.login}` : info.topic,
      icon: info.kind === 'private' ? 'lock' : info.kind === 'direct' ? 'people' : 'globe', ...(partner ? { person: partner.id } : {}),
      unread: room.signals, names: [folded(title), ...(partner ? [partner.login] : [])],
      // The room that one is in is where nobody wants to go.
      weight: (room === app.room ? -200 : (recent.get(info.id) ?? 0)) + (room.signals ? 80 : 0) + (room.mentions > 0 ? 40 : 0) - (info.muted ? 20 : 0),
      go: () => app.openRoom(info.id),
    };
  });
  const others = joinable.filter((room) => room.kind === 'public' && !room.archived && !workspace.rooms.has(room.id)).map((room): SwitchEntry => ({
    key: `join ${room.id}`, kind: 'room', title: room.name, hint: room.topic ? t('switcher.join_topic', { topic: room.topic }) : t('common.join'), icon: 'globe', names: [folded(room.name)], weight: -60,
    go: () => app.enter(room),
  }));
  const people = workspace.isGuest ? [] : [...workspace.members.values()].filter(({ id }) => id !== workspace.me?.id && !partners.has(id)).map((member): SwitchEntry => ({
    key: `person ${member.id}`, kind: 'person', title: member.display_name, hint: `@${member.login}`, icon: 'chat', person: member.id,
    names: [folded(member.display_name), member.login], weight: member.presence === 'offline' ? -40 : -20,
    go: () => void app.attempt(async () => app.enter(await app.port.openDirect([member.id]))),
  }));
  return [...rooms, ...others, ...people, ...workspaces(app), ...actions(app)];
}

/** The entries that fit, best first; before anything is typed, what is unread and where one was. */
export function matching(all: readonly SwitchEntry[], typed: string): SwitchEntry[] {
  const kind = KIND_OF_SIGN[typed[0] ?? ''];
  const query = folded(typed.slice(kind ? 1 : 0).trim());
  if (query === '' && !kind) return best(all, ({ kind: its, weight }) => (its === 'action' || its === 'workspace' ? 0 : Math.max(0, 300 + weight)), 12);
  return best(all, (entry) => {
    if (kind && entry.kind !== kind) return 0;
    let points = 0;
    for (const name of entry.names) points = Math.max(points, score(query, name));
    return points > 0 ? Math.max(1, points + entry.weight) : 0;
  }, MOST);
}

/** Those of all servers, this one's first. */
function workspaces(app: App): SwitchEntry[] {
  const { servers } = app;
  return [app, ...servers.list.filter((other) => other !== app)].flatMap((its) => {
    const { server_name: server } = its.account;
    const elsewhere = its.lobby.sorted.filter(({ slug }) => its !== app || slug !== app.workspace?.slug);
    return elsewhere.map(({ slug, name, unread }): SwitchEntry => ({
      key: `workspace ${its.key} ${slug}`, kind: 'workspace', title: name, hint: its === app ? t('switcher.workspace') : server, icon: 'box-arrow',
      unread: unread > 0, names: [folded(name), slug, ...(its === app ? [] : [folded(server)])], weight: its === app ? -50 : -60,
      go: () => {
        its.openWorkspace(slug);
        servers.bringForward(its.key);
      },
    }));
  });
}
