//! The shell's whole surface for the webview: one thin command per method of the UI's port.
//!
//! The TypeScript of these signatures is generated (`tests/bindings.rs`), names and permissions are checked there too.

pub mod desktop;
pub mod file;
pub mod inspector;
pub mod message;
pub mod names;
pub mod namespace;
pub mod people;
pub mod room;
pub mod server;
pub mod settings;

use std::sync::Arc;

use confab_client::session::Session;
use confab_client::view::AccountKey;
use confab_protocol::Answer;
use tauri::ipc::{CommandArg, CommandItem, Invoke, InvokeError};
use tauri::{Manager as _, Runtime, State};

use crate::shell::Shell;

/// What a command of no account is handed beside its arguments.
pub(crate) type TheShell<'a> = State<'a, Arc<Shell>>;

/// What a command of an account has in the shell's place: which account, as the call's `account` says.
#[derive(Debug)]
pub struct TheAccount {
    pub(crate) shell: Arc<Shell>,
    pub(crate) key: AccountKey,
}

impl TheAccount {
    /// Its session.
    ///
    /// # Errors
    /// `unauthorized` when it is not signed in.
    pub(crate) fn session(&self) -> Answer<Session> {
        self.shell.session(&self.key)
    }
}

impl<'de, R: Runtime> CommandArg<'de, R> for TheAccount {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        let shell = Arc::clone(&command.message.webview_ref().state::<Arc<Shell>>());
        Ok(Self { shell, key: CommandArg::from_command(command)? })
    }
}

/// Finds the command of a call.
pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        server::listen,
        server::subscribe,
        server::start,
        server::probe,
        server::watch_nearby,
        server::check_nearby,
        server::host,
        server::join_as_guest,
        server::sign_up,
        server::sign_in,
        server::set_up,
        server::sign_out,
        server::trust,
        server::set_front,
        server::hosting,
        server::connected,
        server::create_invite,
        server::sessions,
        server::revoke_session,
        server::nudge,
        namespace::open_workspace,
        namespace::create_workspace,
        namespace::list_workspaces,
        namespace::join_workspace,
        namespace::update_workspace,
        namespace::archive_workspace,
        namespace::leave_workspace,
        room::open_room,
        room::list_rooms,
        room::create_room,
        room::update_room,
        room::leave_room,
        room::invite_to_room,
        room::kick_from_room,
        room::room_members,
        room::open_direct,
        room::load_older,
        message::send,
        message::edit,
        message::delete,
        message::react,
        message::pin,
        message::thread,
        message::pins,
        message::search,
        message::search_local,
        message::retry,
        message::discard,
        message::mark_read,
        message::set_typing,
        message::set_presence,
        people::update_profile,
        people::update_member,
        people::remove_member,
        people::set_personal,
        people::ignore_user,
        people::set_reminder,
        people::remove_reminder,
        file::pick_files,
        file::take_file,
        file::paste_files,
        file::take_piece,
        file::forget_picked,
        file::upload_file,
        file::pause_transfer,
        file::resume_transfer,
        file::cancel_transfer,
        file::download_file,
        file::drag_file,
        file::file_part,
        file::set_avatar,
        settings::save_settings,
        settings::save_place,
        settings::drawn,
        settings::choose_credential_store,
        desktop::desktop,
        desktop::set_badge,
        desktop::set_words,
        desktop::quit,
        desktop::set_autostart,
        desktop::set_zoom,
        inspector::inspect,
        inspector::stop_inspecting,
        inspector::save_picked,
    ]
}
