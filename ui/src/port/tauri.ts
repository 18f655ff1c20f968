// The back end inside the desktop app: each call is one command of the shell, each change comes through one channel.
//
// `Commands` is the whole surface: names, arguments (camelCase, as Tauri maps them) and answers, generated from the
// shell's own functions.

import { Channel, convertFileSrc, invoke } from '@tauri-apps/api/core';

import type {
  InviteRequest, MessageSearch, NewMessage, Place, RoomCreate, RoomUpdate, Settings, Update, WorkspaceCreate,
  PersonalSet, ProfileChange, ReminderSet, FileInfo, Role,
} from '../bindings';
import type { Commands as AllCommands } from '../bindings/commands';
import { isRefusal, refusal } from '../lib/error';
import { t } from '../lib/locale/locale.svelte';
import type { DesktopPort, Files, Port } from './index';

type Commands = AllCommands<Channel<Update>>;

async function call<C extends keyof Commands>(command: C, args: Commands[C][0]): Promise<Commands[C][1]> {
  try {
    return await invoke<Commands[C][1]>(command, args);
  } catch (thrown) {
    if (isRefusal(thrown)) throw thrown;
    console.error(command, thrown);
    throw refusal('internal', t('error.shell'));
  }
}

// What of a pasted or dropped file goes over in one call: small, since each holds the window up while it is encrypted.
const PIECE = 96 * 1024;

/** The page has no path for what was pasted or dropped, so the shell is given a copy, piece by piece. */
async function take(file: File) {
  const picked = await call('take_file', { name: file.name, bytes: file.size });
  try {
    for (let at = 0; at < file.size; at += PIECE) {
      await call('take_piece', { key: picked.key, data: await base64(file.slice(at, at + PIECE)) });
    }
  } catch (thrown) {
    await call('forget_picked', { key: picked.key }).catch(() => undefined);
    throw thrown;
  }
  return picked;
}

async function base64(piece: Blob): Promise<string> {
  let text = '';
  for (const byte of new Uint8Array(await piece.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}

export class TauriPort implements Port {
  readonly kind = 'tauri';
  readonly notifier = null;
  readonly desktop: DesktopPort = {
    state: () => call('desktop', {}),
    setBadge: (unread: boolean, mentions: number) => void call('set_badge', { unread, mentions }).catch(() => undefined),
    setAutostart: (on: boolean) => call('set_autostart', { on }),
    setZoom: (percent: number) => call('set_zoom', { percent }),
    quit: (really: boolean) => call('quit', { really }),
  };

  subscribe(listener: (update: Update) => void): () => void {
    const channel = new Channel<Update>();
    channel.onmessage = listener;
    void call('subscribe', { channel });
    // A channel ends with the page; until then, its updates go nowhere.
    return () => (channel.onmessage = () => undefined);
  }

  constructor() {
    // The webview knows of the network before any link does. Without a session there is nothing to nudge.
    const nudge = () => void call('nudge', {}).catch(() => undefined);
    addEventListener('online', nudge);
    addEventListener('focus', nudge);
  }

  readonly files: Files = {
    pick: ({ images, many }) => call('pick_files', { images, many }),
    take,
    forget: (key: string) => call('forget_picked', { key }),
    upload: (key: string) => call('upload_file', { key }),
    pause: (key: string) => call('pause_transfer', { key }),
    resume: (key: string) => call('resume_transfer', { key }),
    cancel: (key: string) => call('cancel_transfer', { key }),
    download: (file: FileInfo) => call('download_file', { file }),
    url: (id: string) => convertFileSrc(id, 'confab-file'),
    thumbUrl: (id: string) => `${convertFileSrc(id, 'confab-file')}?thumb`,
    setAvatar: (file: string | null) => call('set_avatar', { file }),
    setIcon: (slug: string, icon: string) => call('set_icon', { slug, icon }),
  };

  start = () => call('start', {});
  saveSettings = (settings: Settings) => call('save_settings', { settings });
  chooseCredentialStore = (choice: 'file' | 'memory') => call('choose_credential_store', { choice });

  probe = (address: string) => call('probe', { address });
  host = (displayName: string, share: boolean) => call('host', { displayName, share });
  joinAsGuest = (address: string, displayName: string, invite?: string) =>
    call('join_as_guest', { address, displayName, ...(invite ? { invite } : {}) });
  signUp = (address: string, login: string, displayName: string, password: string, invite?: string) =>
    call('sign_up', { address, login, displayName, password, ...(invite ? { invite } : {}) });
  signIn = (address: string, login: string, password: string) => call('sign_in', { address, login, password });
  setUp = (
    address: string, setupToken: string, serverName: string, login: string, displayName: string, password: string,
  ) => call('set_up', { address, setupToken, serverName, login, displayName, password });
  signOut = () => call('sign_out', {});
  hosting = () => call('hosting', {});
  createInvite = (request: InviteRequest) => call('create_invite', { request });
  sessions = () => call('sessions', {});
  revokeSession = (id: string) => call('revoke_session', { id });

  openWorkspace = (slug: string) => call('open_workspace', { slug });
  createWorkspace = (request: WorkspaceCreate) => call('create_workspace', { request });
  listWorkspaces = () => call('list_workspaces', {});
  joinWorkspace = (slug: string) => call('join_workspace', { slug });
  leaveWorkspace = (slug: string) => call('leave_workspace', { slug });

  openRoom = (room: string) => call('open_room', { room });
  listRooms = () => call('list_rooms', {});
  createRoom = (request: RoomCreate) => call('create_room', { request });
  updateRoom = (request: RoomUpdate) => call('update_room', { request });
  leaveRoom = (room: string) => call('leave_room', { room });
  inviteToRoom = (room: string, users: string[]) => call('invite_to_room', { room, users });
  updateMember = (user: string, role: Role) => call('update_member', { user, role });
  removeMember = (user: string) => call('remove_member', { user });
  kickFromRoom = (room: string, user: string) => call('kick_from_room', { room, user });
  roomMembers = (room: string) => call('room_members', { room });
  openDirect = (users: string[]) => call('open_direct', { users });
  loadOlder = (room: string) => call('load_older', { room });

  send = (message: NewMessage) => call('send', { message });
  edit = (room: string, id: string, text: string) => call('edit', { room, id, text });
  delete = (room: string, id: string) => call('delete', { room, id });
  react = (room: string, id: string, emoji: string, on: boolean) => call('react', { room, id, emoji, on });
  pin = (room: string, id: string, on: boolean) => call('pin', { room, id, on });
  thread = (room: string, id: string, before?: number) => call('thread', { room, id, before: before ?? null });
  pins = (room: string) => call('pins', { room });
  search = (request: MessageSearch) => call('search', { request });
  searchLocal = (request: MessageSearch) => call('search_local', { request });
  retry = (room: string, key: string) => call('retry', { room, key });
  discard = (room: string, key: string) => call('discard', { room, key });
  markRead = (room: string, seq: number) => call('mark_read', { room, seq });
  setTyping = (room: string, on: boolean, thread?: string) => call('set_typing', { room, on, thread: thread ?? null });
  setPresence = (state: 'online' | 'away') => call('set_presence', { state });

  updateProfile = (change: ProfileChange) => call('update_profile', { change });
  setPersonal = async (request: PersonalSet) => void (await call('set_personal', { request }));
  ignoreUser = async (user: string, on: boolean) => void (await call('ignore_user', { user, on }));
  setReminder = async (request: ReminderSet) => void (await call('set_reminder', { request }));
  removeReminder = async (id: string) => void (await call('remove_reminder', { id }));

  savePlace = (place: Place) => call('save_place', { place });
  drawn = () => void call('drawn', {}).catch(() => undefined);
}
