// Between the page and the shell stands this frame, which the page cannot reach: every call passes here, is looked at,
// and is encrypted for the shell. A dependency of the page that went bad cannot call anything past it.

// A test holds this list against the shell's commands.
const COMMANDS = new Set([
  'listen', 'subscribe', 'start', 'probe', 'watch_nearby', 'check_nearby', 'host', 'join_as_guest', 'sign_up', 'sign_in', 'set_up', 'sign_out', 'trust', 'set_front',
  'hosting', 'connected', 'create_invite', 'sessions', 'revoke_session', 'nudge', 'open_workspace', 'create_workspace',
  'list_workspaces', 'join_workspace', 'update_workspace', 'archive_workspace', 'leave_workspace', 'open_room', 'list_rooms', 'create_room',
  'update_room', 'leave_room', 'invite_to_room', 'kick_from_room', 'room_members', 'open_direct',
  'load_older', 'send', 'edit', 'delete', 'react', 'pin', 'thread', 'pins', 'search', 'search_local', 'retry', 'discard',
  'mark_read', 'set_typing', 'set_presence', 'update_profile', 'update_member', 'remove_member', 'set_personal', 'ignore_user',
  'set_reminder', 'remove_reminder', 'pick_files', 'take_file', 'paste_files', 'take_piece', 'forget_picked',
  'upload_file', 'pause_transfer', 'resume_transfer', 'cancel_transfer', 'download_file', 'drag_file', 'file_part', 'set_avatar',
  'save_settings', 'save_place', 'drawn',
  'choose_credential_store', 'desktop', 'set_badge', 'set_words', 'quit',
  'set_autostart', 'set_zoom', 'inspect', 'stop_inspecting', 'save_picked',
  // How the page fetches an update that is too large to be pushed.
  'plugin:__TAURI_CHANNEL__|fetch',
]);

// More than any message has, with room for escapes: the largest text is 16 KiB.
const LONGEST = 256 * 1024;

window.__TAURI_ISOLATION_HOOK__ = (call) => {
  if (!COMMANDS.has(call.cmd)) throw new Error(`not a command of this app: ${call.cmd}`);
  if (JSON.stringify(call.payload ?? null).length > LONGEST) throw new Error('too large');
  return call;
};
