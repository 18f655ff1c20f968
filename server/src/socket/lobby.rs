//! Events of the lobby, `/`.

use confab_protocol::account::User;
use confab_protocol::answer::Empty;
use confab_protocol::event::{
    PersonalSet, ReminderRemove, ReminderSet, Request, UserIgnore, WorkspaceArchive, WorkspaceCreate, WorkspaceJoin,
    WorkspaceLeave, WorkspaceList, WorkspaceRemoved, WorkspaceReply, WorkspaceUpdate, WorkspacesReply,
};
use confab_protocol::workspace::Workspace;
use confab_protocol::{Answer, Error, UserId};

use super::dispatch::{Caller, later};
use super::queue::{Event, Rest};
use super::{peer, personal};
use crate::App;

/// The events that are known here.
pub const EVENTS: &[&str] = &[
    WorkspaceCreate::EVENT,
    WorkspaceUpdate::EVENT,
    WorkspaceArchive::EVENT,
    WorkspaceList::EVENT,
    WorkspaceJoin::EVENT,
    WorkspaceLeave::EVENT,
    PersonalSet::EVENT,
    UserIgnore::EVENT,
    ReminderSet::EVENT,
    ReminderRemove::EVENT,
];

/// Handles one of [`EVENTS`].
pub fn handle(event: Event) -> Option<Rest> {
    match event.name.as_str() {
        WorkspaceCreate::EVENT => later(event, create),
        WorkspaceUpdate::EVENT => later(event, update),
        WorkspaceArchive::EVENT => later(event, archive),
        WorkspaceList::EVENT => later(event, list),
        WorkspaceJoin::EVENT => later(event, join),
        WorkspaceLeave::EVENT => later(event, leave),
        PersonalSet::EVENT => later(event, personal::set),
        UserIgnore::EVENT => later(event, personal::ignore),
        ReminderSet::EVENT => later(event, personal::remind),
        ReminderRemove::EVENT => later(event, personal::forget_reminder),
        _ => None,
    }
}

async fn create(caller: Caller, request: WorkspaceCreate) -> Answer<WorkspaceReply> {
    let user = who(&caller).await?;
    Ok(WorkspaceReply { workspace: caller.peer.app.chat.create_workspace(&user, request).await? })
}

async fn update(caller: Caller, request: WorkspaceUpdate) -> Answer<WorkspaceReply> {
    let user = who(&caller).await?;
    Ok(WorkspaceReply { workspace: caller.peer.app.chat.update_workspace(&user, request).await? })
}

async fn archive(caller: Caller, request: WorkspaceArchive) -> Answer<Empty> {
    let (app, user) = (&caller.peer.app, who(&caller).await?);
    let seen = app.chat.store.workspace(&request.slug, &user.id).await?;
    let members = app.chat.archive_workspace(&user, request.slug).await?;
    for member in members {
        tell_removed(app, &member.id, seen.as_ref());
    }
    Ok(Empty {})
}

async fn list(caller: Caller, _: WorkspaceList) -> Answer<WorkspacesReply> {
    let workspaces = caller.peer.app.chat.store.listed_workspaces(&caller.peer.user).await?;
    Ok(WorkspacesReply { workspaces })
}

async fn join(caller: Caller, request: WorkspaceJoin) -> Answer<WorkspaceReply> {
    let user = who(&caller).await?;
    Ok(WorkspaceReply { workspace: caller.peer.app.chat.join_workspace(&user, request.slug).await? })
}

async fn leave(caller: Caller, request: WorkspaceLeave) -> Answer<Empty> {
    let (app, user) = (&caller.peer.app, who(&caller).await?);
    let seen = app.chat.store.workspace(&request.slug, &user.id).await?;
    app.chat.leave_workspace(&user, request.slug).await?;
    tell_removed(app, &user.id, seen.as_ref());
    Ok(Empty {})
}

/// The workspace as it was last seen, now without a role: it may be gone by the time this is told.
pub(super) fn tell_removed(app: &App, user: &UserId, seen: Option<&Workspace>) {
    if let Some(seen) = seen {
        let workspace = Workspace { role: None, unread: 0, mentions: 0, ..seen.clone() };
        let push = WorkspaceRemoved { workspace };
        peer::tell(&app.hub.lobby_of(user), &push);
    }
}

async fn who(caller: &Caller) -> Result<User, Error> {
    caller.peer.app.chat.store.user(&caller.peer.user).await?.ok_or_else(Error::not_found)
}
