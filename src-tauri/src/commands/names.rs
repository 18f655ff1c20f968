//! The name of every command: the build script makes one permission of each, so that a window can call only what its
//! capability lists. A test compares this with the functions, the handler and the capability.

/// In the order of the modules.
pub const COMMANDS: &[&str] = &[
    // server
    "subscribe",
    "start",
    "probe",
    "host",
    "join_as_guest",
    "sign_up",
    "sign_in",
    "set_up",
    "sign_out",
    "hosting",
    "create_invite",
    "sessions",
    "revoke_session",
    "nudge",
    // namespace
    "open_workspace",
    "create_workspace",
    "list_workspaces",
    "join_workspace",
    "leave_workspace",
    // room
    "open_room",
    "list_rooms",
    "create_room",
    "update_room",
    "leave_room",
    "invite_to_room",
    "kick_from_room",
    "room_members",
    "open_direct",
    "load_older",
    // message
    "send",
    "edit",
    "delete",
    "react",
    "pin",
    "thread",
    "pins",
    "search",
    "search_local",
    "retry",
    "discard",
    "mark_read",
    "set_typing",
    "set_presence",
    // people
    "update_profile",
    "set_personal",
    "ignore_user",
    "set_reminder",
    "remove_reminder",
    // settings
    "save_settings",
    "save_place",
    "drawn",
    "choose_credential_store",
];
