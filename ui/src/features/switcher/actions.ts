// What can be done from the switcher.

import type { IconName } from '../../lib/icons';
import { folded } from '../../lib/fuzzy';
import { LANGUAGES, NAMES, t } from '../../lib/locale/locale.svelte';
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
    add(t('rooms.create'), 'plus', open('create-room'), t('switcher.create_room_more'));
    add(t('rooms.browse'), 'compass', open('browse-rooms'), t('switcher.browse_more'));
    add(t('rooms.new_direct'), 'chat', open('new-direct'), t('switcher.direct_more'));
    add(t('rooms.invite'), 'person-plus', open('invite'), t('switcher.invite_more'));
  }
  if (!app.account.user.guest) add(t('workspaces.add'), 'plus', open('add-workspace'), t('switcher.workspace_more'));
  if (app.servers.canAdd) add(t('servers.add'), 'node-plus', () => void (app.servers.adding = true), t('switcher.server_more'));
  add(t('search.mentions'), 'at', () => app.toggleMentions(), t('switcher.mentions_more'));
  add(t('switcher.read_all'), 'check', () => void app.readAll());
  if (room) {
    add(t('common.members'), 'people', () => app.togglePanel('members'));
    add(t('pins.title'), 'pin', () => app.togglePanel('pins'), t('switcher.pins_more'));
    add(t('common.files'), 'paperclip', () => app.togglePanel('files'), t('switcher.files_more'));
    add(room.info.muted ? t('switcher.unmute') : t('switcher.mute'), 'bell-slash', () => void app.attempt(() => app.port.updateRoom({ room: room.info.id, muted: !room.info.muted })));
    if (room.info.kind !== 'direct') add(t('command.leave'), 'box-arrow', () => void app.attempt(() => app.leaveRoom(room)));
  }
  add(t('common.settings'), 'gear', open('settings'), t('switcher.settings_more'));
  add(t('switcher.keys'), 'list', open('keys'), t('switcher.keys_more'));
  add(t('inspector.title'), 'activity', () => void (app.inspecting = true), t('switcher.inspector_more'));
  for (const language of LANGUAGES) add(NAMES[language], 'globe', () => settings.setLanguage(language), t('settings.language'));
  add(t('switcher.light'), 'sun', () => settings.setTheme('light'));
  add(t('switcher.dark'), 'moon', () => settings.setTheme('dark'));
  add(t('switcher.system'), 'circle-half', () => settings.setTheme('system'));
  add(settings.compact ? t('switcher.comfortable') : t('switcher.compact'), 'list', () => settings.setCompact(!settings.compact), t('switcher.density_more'));
  return found;
}
