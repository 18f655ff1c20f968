// What tests outside this folder may hold on to: the value of `data-testid` on the elements that matter. Renaming one
// here is a breaking change for the desktop and browser tests under /tests.
//
// Elements with more to say carry it in further attributes:
//   message       data-state queued|sending|sent|failed · data-seq · data-key (author/cid)
//   connection    data-state online|connecting|offline · data-pending (queued messages)
//   workspace-*   by slug; data-unread, data-mentions; aria-current on the open one
//   room-*        by name; direct rooms by id; data-kind, data-unread; aria-current on the open one
//   member-*      by login; data-presence online|away|offline
//   thread-line   data-unread true|false · data-count
//   pin           data-seq
//   theme-toggle  data-theme system|light|dark, as chosen

export const ids = {
  // start page
  startPage: 'start-page',
  hostButton: 'host-button',
  hostName: 'host-name',
  hostShare: 'host-share',
  hostSubmit: 'host-submit',
  joinAddress: 'join-address',
  joinContinue: 'join-continue',
  joinServer: 'join-server',
  joinName: 'join-name',
  joinSubmit: 'join-submit',
  joinGuestTab: 'join-guest-tab',
  signInTab: 'sign-in-tab',
  signInLogin: 'sign-in-login',
  signInPassword: 'sign-in-password',
  signInSubmit: 'sign-in-submit',
  signUpTab: 'sign-up-tab',
  signUpLogin: 'sign-up-login',
  signUpName: 'sign-up-name',
  signUpPassword: 'sign-up-password',
  signUpSubmit: 'sign-up-submit',
  setupToken: 'setup-token',
  setupServerName: 'setup-server-name',
  setupLogin: 'setup-login',
  setupName: 'setup-name',
  setupPassword: 'setup-password',
  setupSubmit: 'setup-submit',
  credentialsFile: 'credentials-file',
  credentialsMemory: 'credentials-memory',
  error: 'error',

  // frame
  layout: 'layout',
  menu: 'menu',
  connection: 'connection',
  themeToggle: 'theme-toggle',
  notice: 'notice',
  done: 'done',

  switcherOpen: 'switcher-open',
  switcher: 'switcher',
  switcherInput: 'switcher-input',
  switcherEntry: 'switcher-entry',
  keys: 'keys',

  // workspaces
  workspace: (slug: string) => `workspace-${slug}`,
  workspaceName: 'workspace-name',
  createWorkspace: 'create-workspace',
  createWorkspaceName: 'create-workspace-name',
  createWorkspaceSlug: 'create-workspace-slug',
  createWorkspaceOpen: 'create-workspace-open',
  createWorkspaceSubmit: 'create-workspace-submit',
  joinWorkspace: (slug: string) => `join-workspace-${slug}`,
  leaveWorkspace: 'leave-workspace',

  // rooms
  roomList: 'room-list',
  room: (name: string) => `room-${name}`,
  createRoom: 'create-room',
  createRoomName: 'create-room-name',
  createRoomPrivate: 'create-room-private',
  createRoomTopic: 'create-room-topic',
  createRoomSubmit: 'create-room-submit',
  browseRooms: 'browse-rooms',
  joinRoom: (name: string) => `join-room-${name}`,
  newDirect: 'new-direct',
  newDirectMember: (login: string) => `new-direct-${login}`,
  newDirectSubmit: 'new-direct-submit',
  roomTitle: 'room-title',
  roomTopic: 'room-topic',
  roomMenu: 'room-menu',
  muteRoom: 'mute-room',
  leaveRoom: 'leave-room',
  memberCount: 'member-count',
  onlineCount: 'online-count',

  // timeline
  timeline: 'timeline',
  message: 'message',
  messageText: 'message-text',
  copyCode: 'copy-code',
  messageState: 'message-state',
  messageRetry: 'message-retry',
  messageDiscard: 'message-discard',
  messageReact: 'message-react',
  messageReply: 'message-reply',
  messageEdit: 'message-edit',
  messageMore: 'message-more',
  messageMenu: 'message-menu',
  messageCopy: 'message-copy',
  messageLink: 'message-link',
  messageUnread: 'message-unread',
  messageThread: 'message-thread',
  messagePin: 'message-pin',
  pinned: 'pinned',
  messageDelete: 'message-delete',
  reaction: 'reaction',
  quickEmoji: (emoji: string) => `quick-${emoji}`,
  emojiMore: 'emoji-more',
  emojiPicker: 'emoji-picker',
  emojiSearch: 'emoji-search',
  emojiTone: 'emoji-tone',
  roomNotice: 'room-notice',
  daySeparator: 'day-separator',
  newDivider: 'new-divider',
  floatingDay: 'floating-day',
  jumpLatest: 'jump-latest',

  // composer
  composer: 'composer',
  composerSend: 'composer-send',
  composerCancel: 'composer-cancel',
  composerEmoji: 'composer-emoji',
  suggestions: 'suggestions',
  suggestion: 'suggestion',
  typing: 'typing',

  // threads and pins
  threadLine: 'thread-line',
  thread: 'thread',
  threadClose: 'thread-close',
  threadCount: 'thread-count',
  threadOlder: 'thread-older',
  threadComposer: 'thread-composer',
  threadSend: 'thread-send',
  pinsToggle: 'pins-toggle',
  pins: 'pins',
  pin: 'pin',
  pinGo: 'pin-go',
  pinRemove: 'pin-remove',

  // search
  searchToggle: 'search-toggle',
  search: 'search',
  searchInput: 'search-input',
  searchChip: 'search-chip',
  searchSuggestion: 'search-suggestion',
  searchState: 'search-state',
  searchHit: 'search-hit',
  searchMore: 'search-more',

  // members
  membersToggle: 'members-toggle',
  members: 'members',
  member: (login: string) => `member-${login}`,
  memberDirect: (login: string) => `member-direct-${login}`,
  memberKick: (login: string) => `member-kick-${login}`,
  inviteToRoom: 'invite-to-room',
  inviteCreate: 'invite-create',
  inviteLink: 'invite-link',
  inviteCopy: 'invite-copy',

  // settings
  settings: 'settings',
  settingsOpen: 'settings-open',
  settingsCompact: 'settings-compact',
  settingsTextSize: 'settings-text-size',
  settingsEnter: 'settings-enter',
  sessionRevoke: (id: string) => `session-revoke-${id}`,
  hostingAddress: 'hosting-address',
  signOut: 'sign-out',
} as const;
