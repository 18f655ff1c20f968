// The back end inside the desktop app: each call is one command of the shell, each change comes through one channel.
//
// `Commands` is the whole surface: names, arguments (camelCase, as Tauri maps them) and answers, generated from the
// shell's own functions.

import { Channel, convertFileSrc, invoke } from '@tauri-apps/api/core';

import type {
  AccountKey, InviteRequest, MessageSearch, NewMessage, Place, RoomCreate, RoomUpdate, Settings, Update, WorkspaceCreate, WorkspaceUpdate,
  PersonalSet, Picked, ProfileChange, ReminderSet, FileInfo, Role, ShellWords,
} from '../bindings';
import type { Commands as AllCommands } from '../bindings/commands';
import { asRefusal, isRefusal, refusal } from '../lib/error';
import { t } from '../lib/locale/locale.svelte';
import type { DesktopPort, Files, Inspector, NearbyPort, Port, Shell } from './index';

type Commands = AllCommands<Channel<Update>>;
/** The commands that say which account they are for. */
type OfAccount = { [C in keyof Commands]: Commands[C][0] extends { account: AccountKey } ? C : never }[keyof Commands];

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

async function base64(piece: Blob): Promise<string> {
  let text = '';
  for (const byte of new Uint8Array(await piece.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}

export class TauriShell implements Shell {
  readonly kind = 'tauri';
  readonly desktop: DesktopPort = {
    state: () => call('desktop', {}),
    setBadge: (unread: boolean, mentions: number, tip: string) => void call('set_badge', { unread, mentions, tip }).catch(() => undefined),
    setWords: (words: ShellWords) => void call('set_words', { words }).catch(() => undefined),
    setAutostart: (on: boolean) => call('set_autostart', { on }),
    setZoom: (percent: number) => call('set_zoom', { percent }),
    quit: (really: boolean) => call('quit', { really }),
  };

  readonly nearby: NearbyPort = {
    watch: (on: boolean) => call('watch_nearby', { on }),
    check: (address?: string) => call('check_nearby', address ? { address } : {}),
  };

  constructor() {
    // The webview knows of the network before any link does.
    const nudge = () => void call('nudge', {}).catch(() => undefined);
    addEventListener('online', nudge);
    addEventListener('focus', nudge);
  }

  listen(listener: (update: Update) => void): () => void {
    const { channel, stop } = opened(listener);
    void call('listen', { channel });
    return stop;
  }

  of = (account: AccountKey): Port => new TauriPort(account);

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
  hosting = () => call('hosting', {});
  connected = () => call('connected', {});

  drawn = () => void call('drawn', {}).catch(() => undefined);
}

class TauriPort implements Port {
  readonly notifier = null;

  constructor(private readonly account: AccountKey) {}

  subscribe(listener: (update: Update) => void): () => void {
    const { channel, stop } = opened(listener);
    // Signed out between two calls: the shell knows nothing of it any more.
    this.call('subscribe', { channel }).catch((thrown: unknown) => listener({ type: 'signed_out', error: asRefusal(thrown) }));
    return stop;
  }

  readonly files: Files = {
    pick: ({ images, many }) => call('pick_files', { images, many }),
    take: (file: File) => this.take(file),
    paste: () => this.call('paste_files', {}),
    forget: (key: string) => call('forget_picked', { key }),
    upload: (key: string) => this.call('upload_file', { key }),
    pause: (key: string) => this.call('pause_transfer', { key }),
    resume: (key: string) => this.call('resume_transfer', { key }),
    cancel: (key: string) => this.call('cancel_transfer', { key }),
    download: (file: FileInfo) => this.call('download_file', { file }),
    drag: (file: FileInfo, _: DataTransfer, key: string) => this.call('drag_file', { key, file }),
    url: (id: string) => convertFileSrc(`${this.account}.${id}`, 'confab-file'),
    // WebKitGTK's player reads from the network only.
    fetch: /Linux/.test(navigator.userAgent) ? (file, moved, stop) => this.fetch(file, moved, stop) : null,
    thumbUrl: (id: string) => `${convertFileSrc(`${this.account}.${id}`, 'confab-file')}?thumb`,
    setAvatar: (file: string | null) => this.call('set_avatar', { file }),
  };

  readonly inspector: Inspector = {
    open: (texts: boolean) => this.call('inspect', { texts }),
    close: () => void this.call('stop_inspecting', {}).catch(() => undefined),
    ping: () => void call('nudge', {}).catch(() => undefined),
    save: async (name: string, text: string) => {
      const { key } = await this.take(new File([text], name));
      return call('save_picked', { key });
    },
  };

  private async fetch({ id, bytes, mime }: FileInfo, moved: (bytes: number) => void, stop: AbortSignal): Promise<string> {
    const parts: ArrayBuffer[] = [];
    for (let at = 0; at < bytes; ) {
      const part = await this.call('file_part', { id, at });
      stop.throwIfAborted();
      if (part.byteLength === 0) throw refusal('unavailable', t('error.shell'));
      parts.push(part);
      moved((at += part.byteLength));
    }
    return URL.createObjectURL(new Blob(parts, { type: mime }));
  }

  toFront = () => this.call('set_front', {});
  signOut = () => this.call('sign_out', {});
  trust = (named: string) => this.call('trust', { named });
  createInvite = (request: InviteRequest) => this.call('create_invite', { request });
  sessions = () => this.call('sessions', {});
  revokeSession = (id: string) => this.call('revoke_session', { id });

  openWorkspace = (slug: string) => this.call('open_workspace', { slug });
  createWorkspace = (request: WorkspaceCreate) => this.call('create_workspace', { request });
  listWorkspaces = () => this.call('list_workspaces', {});
  joinWorkspace = (slug: string) => this.call('join_workspace', { slug });
  updateWorkspace = (request: WorkspaceUpdate) => this.call('update_workspace', { request });
  archiveWorkspace = (slug: string) => this.call('archive_workspace', { slug });
  leaveWorkspace = (slug: string) => this.call('leave_workspace', { slug });

  openRoom = (room: string) => this.call('open_room', { room });
  listRooms = () => this.call('list_rooms', {});
  createRoom = (request: RoomCreate) => this.call('create_room', { request });
  updateRoom = (request: RoomUpdate) => this.call('update_room', { request });
  leaveRoom = (room: string) => this.call('leave_room', { room });
  inviteToRoom = (room: string, users: string[]) => this.call('invite_to_room', { room, users });
  updateMember = (user: string, role: Role) => this.call('update_member', { user, role });
  removeMember = (user: string) => this.call('remove_member', { user });
  kickFromRoom = (room: string, user: string) => this.call('kick_from_room', { room, user });
  roomMembers = (room: string) => this.call('room_members', { room });
  openDirect = (users: string[]) => this.call('open_direct', { users });
  loadOlder = (room: string) => this.call('load_older', { room });

  send = (message: NewMessage) => this.call('send', { message });
  edit = (room: string, id: string, text: string) => this.call('edit', { room, id, text });
  delete = (room: string, id: string) => this.call('delete', { room, id });
  react = (room: string, id: string, emoji: string, on: boolean) => this.call('react', { room, id, emoji, on });
  pin = (room: string, id: string, on: boolean) => this.call('pin', { room, id, on });
  thread = (room: string, id: string, before?: number) => this.call('thread', { room, id, before: before ?? null });
  pins = (room: string) => this.call('pins', { room });
  search = (request: MessageSearch) => this.call('search', { request });
  searchLocal = (request: MessageSearch) => this.call('search_local', { request });
  retry = (room: string, key: string) => this.call('retry', { room, key });
  discard = (room: string, key: string) => this.call('discard', { room, key });
  markRead = (room: string, seq: number) => this.call('mark_read', { room, seq });
  setTyping = (room: string, on: boolean, thread?: string) => this.call('set_typing', { room, on, thread: thread ?? null });
  setPresence = (state: 'online' | 'away') => this.call('set_presence', { state });

  updateProfile = (change: ProfileChange) => this.call('update_profile', { change });
  setPersonal = async (request: PersonalSet) => void (await this.call('set_personal', { request }));
  ignoreUser = async (user: string, on: boolean) => void (await this.call('ignore_user', { user, on }));
  setReminder = async (request: ReminderSet) => void (await this.call('set_reminder', { request }));
  removeReminder = async (id: string) => void (await this.call('remove_reminder', { id }));

  savePlace = (place: Place) => this.call('save_place', { place });

  /** A command of this account. */
  private call<C extends OfAccount>(command: C, args: Omit<Commands[C][0], 'account'>): Promise<Commands[C][1]> {
    return call(command, { ...args, account: this.account } as Commands[C][0]);
  }

  /** The page has no path for what was pasted or dropped, so the shell is given a copy, piece by piece. */
  private async take(file: File): Promise<Picked> {
    const picked = await this.call('take_file', { name: file.name, bytes: file.size });
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
}

/** A channel for the shell to write into. It ends with the page; until then, its updates go nowhere once it is stopped. */
function opened(listener: (update: Update) => void): { channel: Channel<Update>; stop: () => void } {
  const channel = new Channel<Update>();
  channel.onmessage = listener;
  return { channel, stop: () => (channel.onmessage = () => undefined) };
}
