// What can be done from the switcher.

import type { IconName } from '../../lib/icons';
import { folded } from '../../lib/fuzzy';
import type { App, AppDialog } from '../../state/app.svelte';
import type { SwitchEntry } from './entries';

export function actions(app: App): SwitchEntry[] {
  const { room, workspace, settings } = app;
  const found: SwitchEntry[] = [];
  const add = (title: string, icon: IconName, go: () => void, more = ''): void => {
    found.push({ key: `action ${title}`, kind: 'action', title, hint: '', icon, names: [folded(title), more], weight: -80, go });
  };
  const open = (dialog: AppDialog) => () => void (app.dialog = dialog);
  if (workspace && !workspace.isGuest) {
    add('Create a room', 'plus', open('create-room'), 'new room');
    add('Browse rooms', 'compass', open('browse-rooms'), 'join a room');
    add('New direct message', 'chat', open('new-direct'), 'write to somebody');
    add('Invite people', 'person-plus', open('invite'), 'link');
  }
  if (!app.account?.user.guest) add('Create or join a workspace', 'plus', open('add-workspace'), 'new workspace');
  add('Mark all rooms as read', 'check', () => void app.readAll());
  if (room) {
    add('Members', 'people', () => app.togglePanel('members'));
    add('Pinned messages', 'pin', () => app.togglePanel('pins'), 'pins');
    add(room.info.muted ? 'Unmute this room' : 'Mute this room', 'bell-slash', () => void app.attempt(() => app.port.updateRoom({ room: room.info.id, muted: !room.info.muted })));
    if (room.info.kind !== 'direct') add('Leave this room', 'box-arrow', () => void app.attempt(() => app.leaveRoom(room)));
  }
  add('Settings', 'gear', open('settings'), 'preferences');
  add('List of keys', 'list', open('keys'), 'keyboard shortcuts');
  add('Light theme', 'sun', () => settings.setTheme('light'));
  add('Dark theme', 'moon', () => settings.setTheme('dark'));
  add('Theme as the system', 'circle-half', () => settings.setTheme('system'));
  add(settings.compact ? 'Comfortable rows' : 'Compact rows', 'list', () => settings.setCompact(!settings.compact), 'density');
  return found;
}
