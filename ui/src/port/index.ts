// The interfaces between the UI and whatever is behind it: the desktop shell (tauri.ts), a browser's own Socket.IO client
// (web/), or a scripted back end for component tests (fake/). `Shell` is the app itself, `Port` one account in it.
//
// All types come from Rust (ui/src/bindings, generated). A call that is refused rejects with the protocol's `Error`
// ({code, message, retry_after_ms?}); nothing else is ever thrown. What changes arrives as an `Update`.

import type {
  AccountKey, CredentialStore, Desktop, Hosting, Member, NearbyCheck, MessageItem, MessageSearch, NewMessage, Place, Probe, Room,
  RoomCreate, RoomJoined, RoomUpdate, SearchPage, Seat, Settings, Start, Thread, Update, Workspace, WorkspaceCreate, WorkspaceUpdate,
  Invite, InviteRequest, Session, PersonalSet, Inspection, ProfileChange, ReminderSet, User, FileInfo, DragOut, Picked, Role, ShellWords,
} from '../bindings';
import type { Notification } from '../lib/notify';

/** The app, and the ways into accounts. */
export interface Shell {
  /** Which back end this is. */
  readonly kind: 'tauri' | 'web' | 'fake';

  /** What is of no account, in order, from now on: links that were opened, the wish to quit, warnings. Answers with how to
      stop listening. */
  listen(listener: (update: Update) => void): () => void;

  /** The port of an account that is signed in. */
  of(account: AccountKey): Port;

  /** The desktop around the window; null in a browser. */
  readonly desktop: DesktopPort | null;

  /** The servers on this network; null in a browser, which cannot look for them. */
  readonly nearby: NearbyPort | null;

  // --- the app itself ---
  /** What is known before any network. Also begins to connect wherever someone is signed in. */
  start(): Promise<Start>;
  /** Remembers the settings. */
  saveSettings(settings: Settings): Promise<void>;
  /** The user's answer when there is no keyring. */
  chooseCredentialStore(choice: 'file' | 'memory'): Promise<CredentialStore>;

  // --- server ---
  /** Looks what is at an address or behind an invite link; a bare host gets the default port. The calls below that take an
      address are given the `entry` that it found. */
  probe(address: string): Promise<Probe>;
  /** Starts the server inside the app, makes this person its owner, and signs in; `share` lets others on the network in.
      Desktop only. */
  host(displayName: string, share: boolean): Promise<Seat>;
  /** Joins by name alone. */
  joinAsGuest(address: string, displayName: string, invite?: string): Promise<Seat>;
  /** Makes an account with a password. */
  signUp(address: string, login: string, displayName: string, password: string, invite?: string): Promise<Seat>;
  /** Signs in to an account. */
  signIn(address: string, login: string, password: string): Promise<Seat>;
  /** First start of a server that was not set up yet. */
  setUp(address: string, setupToken: string, serverName: string, login: string, displayName: string, password: string): Promise<Seat>;
  /** This app's own server, when it hosts one. */
  hosting(): Promise<Hosting | null>;
  /** Who is connected to that server now. */
  connected(): Promise<User[]>;

  /** The first room is on the screen. */
  drawn(): void;
}

/** The servers on this network, which come as an Update of type `nearby`. */
export interface NearbyPort {
  /** Looks for them from now on, or no longer. */
  watch(on: boolean): Promise<void>;
  /** Finds out why one is not seen: takes about three seconds. `address` is where it should be. */
  check(address?: string): Promise<NearbyCheck>;
}

/** One account that is signed in. */
export interface Port {
  /** Everything that changes in it, in order, from now on, beginning with the whole picture. Answers with how to stop
      listening. */
  subscribe(listener: (update: Update) => void): () => void;

  /** Files: chosen, moved, shown. */
  readonly files: Files;

  /** The system's notifications, where the page shows them; null where the shell does, which then hands no `attention`
      over that it has shown. */
  readonly notifier: Notifier | null;

  /** What goes over its links. */
  readonly inspector: Inspector;

  // --- the account ---
  /** It is looked at from now on, also at the next start. */
  toFront(): Promise<void>;
  /** Ends the session on the server too, and forgets its token. */
  signOut(): Promise<void>;
  /** Its server has another certificate now, which its host named: by an invite link, or by the fingerprint. Whoever is signed
      in goes on with that one. Null in a browser, which judges certificates itself. */
  readonly trust: ((named: string) => Promise<Seat>) | null;
  createInvite(request: InviteRequest): Promise<Invite>;
  sessions(): Promise<Session[]>;
  revokeSession(id: string): Promise<void>;

  // --- namespace ---
  /** Switches to a workspace: its link comes up and an Update of type `workspace` follows. */
  openWorkspace(slug: string): Promise<void>;
  createWorkspace(request: WorkspaceCreate): Promise<Workspace>;
  /** The caller's workspaces and the open ones. */
  listWorkspaces(): Promise<Workspace[]>;
  joinWorkspace(slug: string): Promise<Workspace>;
  /** An icon is an emoji, or the id of an image that the user uploaded; an empty text takes it away. */
  updateWorkspace(request: WorkspaceUpdate): Promise<Workspace>;
  /** Closes it to everybody. What was written stays on the server. */
  archiveWorkspace(slug: string): Promise<void>;
  leaveWorkspace(slug: string): Promise<void>;

  // --- room, in the open workspace ---
  /** Makes a room the one that is looked at: joins it if need be, catches up, and resets its timeline. */
  openRoom(room: string): Promise<RoomJoined>;
  /** Rooms that could be joined, those joined already too. */
  listRooms(): Promise<Room[]>;
  createRoom(request: RoomCreate): Promise<Room>;
  updateRoom(request: RoomUpdate): Promise<Room>;
  leaveRoom(room: string): Promise<void>;
  inviteToRoom(room: string, users: string[]): Promise<Room>;
  kickFromRoom(room: string, user: string): Promise<void>;
  roomMembers(room: string): Promise<Member[]>;
  /** Another role in the open workspace. */
  updateMember(user: string, role: Role): Promise<void>;
  /** Out of the open workspace and all of its rooms. */
  removeMember(user: string): Promise<void>;
  openDirect(users: string[]): Promise<Room>;
  /** Loads a page from before what the timeline has; it arrives as an `older` change. */
  loadOlder(room: string): Promise<void>;

  // --- message ---
  /** Queues it: the echo arrives as an Update at once, whatever the network does. Answers with its key. */
  send(message: NewMessage): Promise<string>;
  edit(room: string, id: string, text: string): Promise<void>;
  delete(room: string, id: string): Promise<void>;
  react(room: string, id: string, emoji: string, on: boolean): Promise<void>;
  pin(room: string, id: string, on: boolean): Promise<void>;
  /** The newest answers of a thread before `before`, under the message that it began with. What happens in it later arrives
      with the room's timeline. */
  thread(room: string, id: string, before?: number): Promise<Thread>;
  /** What is pinned, oldest first. */
  pins(room: string): Promise<MessageItem[]>;
  /** Looks for messages in the rooms of the open workspace: asks the server. */
  search(request: MessageSearch): Promise<SearchPage>;
  /** The same among what this device keeps, at once and without a network: the newest hits, in one page. */
  searchLocal(request: MessageSearch): Promise<SearchPage>;
  /** Puts a failed message back into the queue. */
  retry(room: string, key: string): Promise<void>;
  /** Drops a failed message. */
  discard(room: string, key: string): Promise<void>;
  markRead(room: string, seq: number): Promise<void>;
  /** In the room, or in a thread of it. */
  setTyping(room: string, on: boolean, thread?: string): Promise<void>;
  setPresence(state: 'online' | 'away'): Promise<void>;

  // --- the user, and whom they want to hear of; what they keep comes back as an Update of type `personal` ---
  updateProfile(change: ProfileChange): Promise<User>;
  /** Replaces when they want no signals. */
  setPersonal(request: PersonalSet): Promise<void>;
  ignoreUser(user: string, on: boolean): Promise<void>;
  setReminder(request: ReminderSet): Promise<void>;
  removeReminder(id: string): Promise<void>;

  // --- this device ---
  /** Remembers where the user is in this account, for the next start. */
  savePlace(place: Place): Promise<void>;
}

/** Files on their way.

    To send some: `pick` or `take`, then `upload` each; progress arrives as Updates of type `transfer`, whose `state` is
    `done` with the `FileInfo` in the end. Only then `send({ room, text, files: [those infos] })`: the message is queued
    like any other, and drawn with its files at once. `text` may be empty with files; at most FILES_MAX of them.

    A transfer lives as long as the page or the app; what was not finished by then is to be chosen again. A message that
    was sent lives in the outbox. What is larger than `limits.file_bytes` (Update `lobby`, `server.limits`) is refused
    with `too_large` before a byte moves: compare `Picked.bytes` to say so first. */
export interface Files {
  /** The system's dialog; empty when it was dismissed. */
  pick(what: { images: boolean; many: boolean }): Promise<Picked[]>;
  /** A file of the page's own: pasted or dropped. */
  take(file: File): Promise<Picked>;
  /** What the user pastes just now and the engine keeps from the page: files that were copied, or a picture; else none. Null
      where the engine gives a page what is pasted. What is dropped there comes as an Update of type `dropped`. */
  readonly paste: (() => Promise<Picked[]>) | null;
  /** Forgets a picked file that is not to be uploaded after all. */
  forget(key: string): Promise<void>;
  /** Begins to upload a picked file; the transfer has the same key. Answers when it has begun. */
  upload(key: string): Promise<void>;
  /** Stops a transfer where it is; `resume` goes on from there, and tries a failed one again. */
  pause(key: string): Promise<void>;
  resume(key: string): Promise<void>;
  /** Gives a transfer up (state `cancelled`), or forgets one that is done. */
  cancel(key: string): Promise<void>;
  /** Saves a file where the user says; its transfer's key, or null when the dialog was dismissed. In a browser the browser
      does it, and there is no transfer: null. */
  download(file: FileInfo): Promise<string | null>;
  /** Lets the user drag a file out of the window, called while the drag begins. In a browser the browser does it, with what
      `transfer` is given here: null. On a desktop the app does in place of the page, once the file is there; on its way, its
      transfer has this key. */
  drag(file: FileInfo, transfer: DataTransfer, key: string): Promise<DragOut> | null;
  /** What an `img`, `audio` or `video` shows; only the uploader and those who may read a message with it get it. */
  url(id: string): string;
  /** Brings a whole sound or film here, for an engine whose player does not know `url`; answers with another address, to be
      revoked. Null where the player does. */
  readonly fetch: ((file: FileInfo, moved: (bytes: number) => void, stop: AbortSignal) => Promise<string>) | null;
  /** The small picture (at most 640 px), where `FileInfo.thumb` says that there is one. Avatars and icons have one. */
  thumbUrl(id: string): string;
  /** A picture of the user: the id of an image that they uploaded; null takes it away. Updates tell the rest. */
  setAvatar(file: string | null): Promise<User>;
}

/** What goes over the links of an account, for somebody who wants to see it. */
export interface Inspector {
  /** Updates of type `inspected` tell of it from now on. No token is ever in them; what people wrote is covered, unless `texts`
      asks for it beside that. Opened again, that changes. */
  open(texts: boolean): Promise<Inspection>;
  /** Nothing is recorded any more. */
  close(): void;
  /** Asks over the links whether the server is still there. */
  ping(): void;
  /** Saves a text as a file of this name where the user says, or where their browser puts downloads; false when they did not. */
  save(name: string, text: string): Promise<boolean>;
}

/** What only an app on a desktop can do. */
export interface DesktopPort {
  /** What the desktop says about the app. */
  state(): Promise<Desktop>;
  /** Shows on the app's icon whether something is unread, and how much of it is for the user; `tip` says the same. */
  setBadge(unread: boolean, mentions: number, tip: string): void;
  /** What the shell says itself: in its tray, on its notifications, over its dialogs. Kept for the next start. */
  setWords(words: ShellWords): void;
  /** Starts the app with the desktop from now on, or no longer. */
  setAutostart(on: boolean): Promise<void>;
  /** How large everything in the window is, in percent; kept. */
  setZoom(percent: number): Promise<void>;
  /** The answer to an Update of type `quitting`. */
  quit(really: boolean): Promise<void>;
}

/** Whether the user lets this page show notifications: `default` until they were asked, `missing` where the browser has
    none, such as on an address without TLS. */
export type Permission = 'granted' | 'denied' | 'default' | 'missing';

/** The system's notifications, shown by the page. */
export interface Notifier {
  readonly permission: Permission;
  /** Asks the user; only when they pressed something for it. */
  ask(): Promise<Permission>;
  /** Shows one, in place of the last one of its room; false when it cannot. A click brings the page to the front first. */
  show(notification: Notification, onclick: () => void): boolean;
  /** A room was read so far, here or elsewhere: what was shown of it goes. */
  read(room: string, seq: number): void;
  /** All go. */
  clear(): void;
}
