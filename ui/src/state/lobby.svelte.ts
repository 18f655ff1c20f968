// The lobby: who is signed in, the server, and the workspaces of the rail.

import { SvelteMap } from 'svelte/reactivity';

import type { LobbyServer, Update, User, Workspace } from '../bindings';
import { locale } from '../lib/locale/locale.svelte';

export class LobbyState {
  user = $state.raw<User | null>(null);
  server = $state.raw<LobbyServer | null>(null);
  /** The lobby has come at least once: no workspaces means that there are none. */
  ready = $state(false);
  readonly workspaces = new SvelteMap<string, Workspace>();
  private readonly roomCounts = new Map<string, Map<string, { unread: number; mentions: number }>>();

  readonly sorted = $derived.by(() => {
    const { collate } = locale;
    return [...this.workspaces.values()].sort((a, b) => collate(a.name, b.name));
  });

  apply(update: Extract<Update, { type: 'lobby' | 'workspace_changed' | 'workspace_removed' }>): void {
    switch (update.type) {
      case 'lobby':
        this.user = update.user;
        this.server = update.server;
        this.workspaces.clear();
        this.roomCounts.clear();
        for (const workspace of update.workspaces) this.workspaces.set(workspace.slug, workspace);
        this.ready = true;
        return;
      case 'workspace_changed':
        if (update.workspace.role === null) this.workspaces.delete(update.workspace.slug);
        else this.workspaces.set(update.workspace.slug, update.workspace);
        return;
      case 'workspace_removed':
        this.workspaces.delete(update.slug);
        return;
    }
  }

  /** What is unread changed in a workspace whose rooms are not known here: its badge follows. */
  counted({ slug, room, unread, mentions }: Extract<Update, { type: 'read' }>): void {
    const workspace = this.workspaces.get(slug);
    if (!workspace) return;
    const rooms = this.roomCounts.get(slug) ?? new Map<string, { unread: number; mentions: number }>();
    this.roomCounts.set(slug, rooms);
    // Of a room heard of for the first time it is not known what it had in the workspace's sum: all of it, but this.
    const old = rooms.get(room) ?? { unread: Math.max(0, unread - 1), mentions: Math.max(0, mentions - 1) };
    rooms.set(room, { unread, mentions });
    this.workspaces.set(slug, {
      ...workspace,
      unread: Math.max(0, workspace.unread + unread - old.unread),
      mentions: Math.max(0, workspace.mentions + mentions - old.mentions),
    });
  }

  clear(): void {
    this.user = null;
    this.server = null;
    this.ready = false;
    this.workspaces.clear();
    this.roomCounts.clear();
  }
}
