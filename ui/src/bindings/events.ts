// Made from the Rust types by client/tests/bindings.rs. Do not edit.

import type {
  AttentionWanted,
  BatchSent,
  DirectOpen,
  Empty,
  Entry,
  HistoryPage,
  LinkPing,
  LobbyReady,
  MemberChanged,
  MemberJoined,
  MemberLeft,
  MemberRemove,
  MemberReply,
  MemberUpdate,
  MembersReply,
  MentionReceived,
  MessageDelete,
  MessageEdit,
  MessagePin,
  MessageReact,
  MessageSearch,
  MessageSend,
  MessageSendBatch,
  MessageSent,
  MessageThread,
  NoticePosted,
  PersonalChanged,
  PersonalReply,
  PersonalSet,
  PinsReply,
  PresenceBatch,
  PresenceChanged,
  PresenceSet,
  ReadChanged,
  ReadMark,
  ReadMarked,
  ReminderRemove,
  ReminderSet,
  RoomAdded,
  RoomChanged,
  RoomCreate,
  RoomDelete,
  RoomHeads,
  RoomHistory,
  RoomInvite,
  RoomJoin,
  RoomJoined,
  RoomKick,
  RoomLeave,
  RoomList,
  RoomMembers,
  RoomPins,
  RoomRemoved,
  RoomReply,
  RoomSync,
  RoomSynced,
  RoomUpdate,
  RoomsReply,
  SearchPage,
  SessionRevoked,
  ThreadPage,
  TypingChanged,
  TypingSet,
  UnreadChanged,
  UserIgnore,
  WorkspaceAdded,
  WorkspaceArchive,
  WorkspaceChanged,
  WorkspaceCreate,
  WorkspaceJoin,
  WorkspaceLeave,
  WorkspaceList,
  WorkspaceReady,
  WorkspaceRemoved,
  WorkspaceReply,
  WorkspaceUpdate,
  WorkspacesReply,
  Written,
} from './index';

/** The version of the protocol that these types describe. */
export const PROTOCOL = 1;
/** The event that repeats the reply to a request with a `rid`. */
export const REQUEST_ANSWERED = 'request:answered';
/** Messages in one `message:send_batch`. */
export const BATCH_MAX = 100;
/** Entries in one `room:sync` page. */
export const SYNC_MAX = 500;
/** Messages in one `room:history` page. */
export const HISTORY_MAX = 200;
/** Files on one message. */
export const FILES_MAX = 10;
/** People in one direct-message room besides the caller. */
export const DIRECT_MAX = 8;
/** The longest display name or workspace name, in characters. */
export const NAME_CHARS = 64;
/** The longest room topic, in bytes. */
export const TOPIC_BYTES = 512;
/** The shortest password, in characters. */
export const PASSWORD_MIN = 8;

/** Client to server: what each request carries, and the fields of its reply beside `ok`. */
export interface RequestMap {
  'link:ping': { request: LinkPing; reply: Empty };
  'workspace:create': { request: WorkspaceCreate; reply: WorkspaceReply };
  'workspace:update': { request: WorkspaceUpdate; reply: WorkspaceReply };
  'workspace:archive': { request: WorkspaceArchive; reply: Empty };
  'workspace:list': { request: WorkspaceList; reply: WorkspacesReply };
  'workspace:join': { request: WorkspaceJoin; reply: WorkspaceReply };
  'workspace:leave': { request: WorkspaceLeave; reply: Empty };
  'personal:set': { request: PersonalSet; reply: PersonalReply };
  'user:ignore': { request: UserIgnore; reply: PersonalReply };
  'reminder:set': { request: ReminderSet; reply: PersonalReply };
  'reminder:remove': { request: ReminderRemove; reply: PersonalReply };
  'room:list': { request: RoomList; reply: RoomsReply };
  'room:create': { request: RoomCreate; reply: RoomReply };
  'room:update': { request: RoomUpdate; reply: RoomReply };
  'room:delete': { request: RoomDelete; reply: Empty };
  'room:join': { request: RoomJoin; reply: RoomJoined };
  'room:leave': { request: RoomLeave; reply: Empty };
  'room:invite': { request: RoomInvite; reply: RoomReply };
  'room:kick': { request: RoomKick; reply: Empty };
  'room:members': { request: RoomMembers; reply: MembersReply };
  'member:update': { request: MemberUpdate; reply: MemberReply };
  'member:remove': { request: MemberRemove; reply: Empty };
  'direct:open': { request: DirectOpen; reply: RoomReply };
  'typing:set': { request: TypingSet; reply: Empty };
  'presence:set': { request: PresenceSet; reply: Empty };
  'message:send': { request: MessageSend; reply: MessageSent };
  'message:send_batch': { request: MessageSendBatch; reply: BatchSent };
  'message:edit': { request: MessageEdit; reply: Written };
  'message:delete': { request: MessageDelete; reply: Written };
  'message:react': { request: MessageReact; reply: Written };
  'message:pin': { request: MessagePin; reply: Written };
  'message:thread': { request: MessageThread; reply: ThreadPage };
  'room:sync': { request: RoomSync; reply: RoomSynced };
  'room:history': { request: RoomHistory; reply: HistoryPage };
  'room:pins': { request: RoomPins; reply: PinsReply };
  'read:mark': { request: ReadMark; reply: ReadMarked };
  'message:search': { request: MessageSearch; reply: SearchPage };
}

/** Server to client: what each event carries. */
export interface PushMap {
  'session:revoked': SessionRevoked;
  'lobby:ready': LobbyReady;
  'workspace:added': WorkspaceAdded;
  'workspace:changed': WorkspaceChanged;
  'workspace:removed': WorkspaceRemoved;
  'unread:changed': UnreadChanged;
  'mention:received': MentionReceived;
  'attention:wanted': AttentionWanted;
  'personal:changed': PersonalChanged;
  'notice:posted': NoticePosted;
  'workspace:ready': WorkspaceReady;
  'room:added': RoomAdded;
  'room:changed': RoomChanged;
  'room:removed': RoomRemoved;
  'member:joined': MemberJoined;
  'member:changed': MemberChanged;
  'member:left': MemberLeft;
  'typing:changed': TypingChanged;
  'presence:changed': PresenceChanged;
  'presence:batch': PresenceBatch;
  'room:entry': Entry;
  'room:heads': RoomHeads;
  'read:changed': ReadChanged;
}
