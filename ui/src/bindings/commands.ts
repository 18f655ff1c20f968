// Made from the shell's commands by src-tauri/tests/bindings.rs. Do not edit.

import type {
  AccountKey,
  CredentialStore,
  Desktop,
  DragOut,
  FileId,
  FileInfo,
  Hosting,
  Inspection,
  Invite,
  InviteCode,
  InviteRequest,
  Member,
  MessageId,
  MessageItem,
  MessageSearch,
  NearbyCheck,
  NewMessage,
  Personal,
  PersonalSet,
  Picked,
  Place,
  Presence,
  Probe,
  ProfileChange,
  ReminderId,
  ReminderSet,
  Role,
  Room,
  RoomCreate,
  RoomId,
  RoomJoined,
  RoomUpdate,
  SearchPage,
  Seat,
  Secret,
  Session,
  SessionId,
  Settings,
  ShellWords,
  Slug,
  Start,
  Thread,
  User,
  UserId,
  Workspace,
  WorkspaceCreate,
  WorkspaceUpdate,
} from './index';

/**
 * Every command of the desktop shell: its arguments and its answer. A refusal is an `Error`.
 * `Updates` is the type of a channel that takes an `Update` at a time.
 */
export interface Commands<Updates> {
  /** What is of no account goes into this channel from now on. */
  listen: [{ channel: Updates }, void];
  /** Everything that changes in an account goes into this channel from now on, beginning with the whole picture. */
  subscribe: [{ account: AccountKey; channel: Updates }, void];
  /** What is known before any network. Also begins to connect wherever someone is signed in. */
  start: [Record<string, never>, Start];
  /** Looks what is at an address or behind an invite link; a bare host gets the default port. */
  probe: [{ address: string }, Probe];
  /** Looks for servers on this network from now on, or no longer; those that are seen come into the channel of `listen`. */
  watch_nearby: [{ on: boolean }, void];
  /** Finds out why a server on this network is not seen; takes about three seconds. `address` is where it should be. */
  check_nearby: [{ address?: string | null }, NearbyCheck];
  /** Starts the server inside the app, makes this person its owner, and signs in. `share` lets others on the network in. */
  host: [{ displayName: string; share: boolean }, Seat];
  /** Joins by name alone. */
  join_as_guest: [{ address: string; displayName: string; invite?: InviteCode | null }, Seat];
  /** Makes an account with a password. */
  sign_up: [{ address: string; login: string; displayName: string; password: Secret; invite?: InviteCode | null }, Seat];
  /** Signs in to an account. */
  sign_in: [{ address: string; login: string; password: Secret }, Seat];
  /** First start of a server that was not set up yet. */
  set_up: [{ address: string; setupToken: Secret; serverName: string; login: string; displayName: string; password: Secret }, Seat];
  /** Ends the account's session on the server too, and forgets its token. */
  sign_out: [{ account: AccountKey }, void];
  /** The account's server has another certificate now, which its host named: by an invite link, or by the fingerprint. */
  trust: [{ account: AccountKey; named: string }, Seat];
  /** This account is the one that is looked at, also at the next start. */
  set_front: [{ account: AccountKey }, void];
  /** This app's own server, when it hosts one. */
  hosting: [Record<string, never>, Hosting | null];
  /** Who is connected to this app's own server now. */
  connected: [Record<string, never>, Array<User>];
  /** Makes an invitation. */
  create_invite: [{ account: AccountKey; request: InviteRequest }, Invite];
  /** The user's signed-in devices. */
  sessions: [{ account: AccountKey }, Array<Session>];
  /** Signs another device out. */
  revoke_session: [{ account: AccountKey; id: SessionId }, void];
  /** The network seems to be back, or the user is: waiting links try again at once. */
  nudge: [Record<string, never>, void];
  /** Switches to a workspace: its link comes up, and an update with its rooms and members follows. */
  open_workspace: [{ account: AccountKey; slug: Slug }, void];
  /** Makes a workspace. */
  create_workspace: [{ account: AccountKey; request: WorkspaceCreate }, Workspace];
  /** The caller's workspaces and the open ones. */
  list_workspaces: [{ account: AccountKey }, Array<Workspace>];
  /** Joins an open workspace. */
  join_workspace: [{ account: AccountKey; slug: Slug }, Workspace];
  /** Changes a workspace's name, icon (an emoji or an uploaded image; an empty text takes it away), or who may join. */
  update_workspace: [{ account: AccountKey; request: WorkspaceUpdate }, Workspace];
  /** Closes a workspace to everybody. What was written stays on the server. */
  archive_workspace: [{ account: AccountKey; slug: Slug }, void];
  /** Leaves a workspace. */
  leave_workspace: [{ account: AccountKey; slug: Slug }, void];
  /** Makes a room the one that is looked at: joins it if need be, catches up, and resets its timeline. */
  open_room: [{ account: AccountKey; room: RoomId }, RoomJoined];
  /** Rooms that could be joined, those joined already too. */
  list_rooms: [{ account: AccountKey }, Array<Room>];
  /** Makes a room. */
  create_room: [{ account: AccountKey; request: RoomCreate }, Room];
  /** Changes a room, or the caller's own settings for it. */
  update_room: [{ account: AccountKey; request: RoomUpdate }, Room];
  /** Leaves a room. */
  leave_room: [{ account: AccountKey; room: RoomId }, void];
  /** Brings members of the workspace into a room. */
  invite_to_room: [{ account: AccountKey; room: RoomId; users: Array<UserId> }, Room];
  /** Removes someone from a room. */
  kick_from_room: [{ account: AccountKey; room: RoomId; user: UserId }, void];
  /** Who is in a room. */
  room_members: [{ account: AccountKey; room: RoomId }, Array<Member>];
  /** The room of exactly these people and the caller. */
  open_direct: [{ account: AccountKey; users: Array<UserId> }, Room];
  /** Loads a page from before what the timeline has; it arrives as an update. */
  load_older: [{ account: AccountKey; room: RoomId }, void];
  /** Queues a message: its echo arrives as an update at once, whatever the network does. Answers with its key. */
  send: [{ account: AccountKey; message: NewMessage }, string];
  /** Replaces the text of a message. */
  edit: [{ account: AccountKey; room: RoomId; id: MessageId; text: string }, void];
  /** Deletes a message. */
  delete: [{ account: AccountKey; room: RoomId; id: MessageId }, void];
  /** Puts a reaction on a message, or takes it off. */
  react: [{ account: AccountKey; room: RoomId; id: MessageId; emoji: string; on: boolean }, void];
  /** Pins a message to its room, or takes it off. */
  pin: [{ account: AccountKey; room: RoomId; id: MessageId; on: boolean }, void];
  /** The newest answers of a thread before `before`, under the message that it began with. */
  thread: [{ account: AccountKey; room: RoomId; id: MessageId; before?: number | null }, Thread];
  /** What is pinned to a room, oldest first. */
  pins: [{ account: AccountKey; room: RoomId }, Array<MessageItem>];
  /** Looks for messages on the server. */
  search: [{ account: AccountKey; request: MessageSearch }, SearchPage];
  /** Looks for messages among what this computer keeps, also without a network. */
  search_local: [{ account: AccountKey; request: MessageSearch }, SearchPage];
  /** Puts a failed message back into the queue. */
  retry: [{ account: AccountKey; room: RoomId; key: string }, void];
  /** Drops a failed message. */
  discard: [{ account: AccountKey; room: RoomId; key: string }, void];
  /** Moves the read marker forward. */
  mark_read: [{ account: AccountKey; room: RoomId; seq: number }, void];
  /** Tells the others in a room that the user types there or in a thread of it, or has stopped. */
  set_typing: [{ account: AccountKey; room: RoomId; on: boolean; thread?: MessageId | null }, void];
  /** Tells whether the user is at this device. */
  set_presence: [{ account: AccountKey; state: Presence }, void];
  /** Changes the user's own profile. */
  update_profile: [{ account: AccountKey; change: ProfileChange }, User];
  /** Gives somebody another role in the open workspace. */
  update_member: [{ account: AccountKey; user: UserId; role: Role }, void];
  /** Removes somebody from the open workspace. */
  remove_member: [{ account: AccountKey; user: UserId }, void];
  /** Replaces when the user wants no signals. */
  set_personal: [{ account: AccountKey; request: PersonalSet }, Personal];
  /** Begins or ends to ignore somebody. */
  ignore_user: [{ account: AccountKey; user: UserId; on: boolean }, Personal];
  /** Asks to be reminded. */
  set_reminder: [{ account: AccountKey; request: ReminderSet }, Personal];
  /** A reminder was seen, or is not wanted any more. */
  remove_reminder: [{ account: AccountKey; id: ReminderId }, Personal];
  /** Lets the user choose files in the system's dialog; none when it was dismissed. */
  pick_files: [{ images: boolean; many: boolean }, Array<Picked>];
  /** Begins to take over a file that the page holds: pasted or dropped. */
  take_file: [{ account: AccountKey; name: string; bytes: number }, Picked];
  /** Takes over what the user pastes and the engine keeps from the page: files that were copied, or a picture. */
  paste_files: [{ account: AccountKey }, Array<Picked>];
  /** The next piece of it, in base64. */
  take_piece: [{ key: string; data: string }, void];
  /** Forgets a picked file that is not to be uploaded. */
  forget_picked: [{ key: string }, void];
  /** Begins to upload a picked file; updates tell of it under the same key. */
  upload_file: [{ account: AccountKey; key: string }, void];
  /** Stops a transfer where it is. */
  pause_transfer: [{ account: AccountKey; key: string }, void];
  /** Goes on with a transfer, or tries it again. */
  resume_transfer: [{ account: AccountKey; key: string }, void];
  /** Gives a transfer up, or forgets one that has ended. */
  cancel_transfer: [{ account: AccountKey; key: string }, void];
  /** Saves a file where the user says: the key of the transfer, or null when the dialog was dismissed. */
  download_file: [{ account: AccountKey; file: FileInfo }, string | null];
  /** Lets the user drag a file out of the window; while it is on its way here, its transfer has this key. */
  drag_file: [{ account: AccountKey; key: string; file: FileInfo }, DragOut];
  /** A part of a sound or a film, from there on. */
  file_part: [{ account: AccountKey; id: FileId; at: number }, ArrayBuffer];
  /** Makes an uploaded image the user's picture; null takes it away. */
  set_avatar: [{ account: AccountKey; file?: FileId | null }, User];
  /** Remembers how things should look. */
  save_settings: [{ settings: Settings }, void];
  /** Remembers where the user is in this account, for the next start. */
  save_place: [{ account: AccountKey; place: Place }, void];
  /** The first room since the page was loaded is on the screen. */
  drawn: [Record<string, never>, void];
  /** The user's answer when there is no keyring. */
  choose_credential_store: [{ choice: "file" | "memory" }, CredentialStore];
  /** What the desktop says about the app. */
  desktop: [Record<string, never>, Desktop];
  /** Shows on the app's icon whether something is unread, and how much of it is for the user; `tip` says the same. */
  set_badge: [{ unread: boolean; mentions: number; tip: string }, void];
  /** Gives the shell the words that it says outside of the page, in the page's language. */
  set_words: [{ words: ShellWords }, void];
  /** The user's answer to whether they want to quit. */
  quit: [{ really: boolean }, void];
  /** Starts the app with the desktop from now on, or no longer. */
  set_autostart: [{ on: boolean }, void];
  /** Draws everything that large, in percent. */
  set_zoom: [{ percent: number }, void];
  /** Shows what goes over the links of the account, in updates, until it is stopped; `texts` with what people wrote. */
  inspect: [{ account: AccountKey; texts: boolean }, Inspection];
  /** Nobody looks any more. */
  stop_inspecting: [{ account: AccountKey }, void];
  /** Saves what the page has handed over under this key (`take_file`) where the user says; false when they do not. */
  save_picked: [{ key: string }, boolean];
}
