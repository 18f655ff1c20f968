//! What is told to people about rooms, members and workspaces, in the words of each receiver.
//!
//! Commits only note *that* something changed; a task reads the present state and tells it. So a change that was
//! undone meanwhile is not told, and a burst of changes is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confab_protocol::event::{MemberChanged, MemberJoined, RoomAdded, WorkspaceAdded, WorkspaceChanged};
use confab_protocol::{RoomId, Slug, UserId};
use tokio::sync::Notify;

use crate::App;
use crate::socket::peer::tell as tell_each;
use crate::store::StoreError;

const BATCH: Duration = Duration::from_millis(15);

/// Changes that are not told yet. Sets, so that they cannot grow beyond what there is.
#[derive(Default)]
pub struct Changes {
    pending: Mutex<Pending>,
    bell: Notify,
}

/// What to tell.
#[derive(Default)]
pub struct Pending {
    /// Rooms that are new to these people.
    pub rooms_added: BTreeMap<(Slug, RoomId), BTreeSet<UserId>>,
    /// People who came into a workspace.
    pub members_joined: BTreeSet<(Slug, UserId)>,
    /// People whose profile or role changed.
    pub members_changed: BTreeSet<(Slug, UserId)>,
    /// Workspaces that are new to these people.
    pub workspaces_added: BTreeSet<(Slug, UserId)>,
    /// Workspaces that are new, and their makers: if they are open, everybody else hears of them.
    pub workspaces_made: BTreeSet<(Slug, UserId)>,
    /// Workspaces whose name, icon or openness changed.
    pub workspaces_changed: BTreeSet<Slug>,
    /// People for whom a room counts no longer, or again: the total of the workspace is another one.
    pub totals: BTreeSet<(Slug, UserId)>,
}

impl Changes {
    /// Notes something to be told.
    pub fn note(&self, what: impl FnOnce(&mut Pending)) {
        what(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }
}

/// Tells changes until the server stops.
pub async fn run(app: Arc<App>) {
    loop {
        app.changes.bell.notified().await;
        tokio::time::sleep(BATCH).await;
        let pending = std::mem::take(&mut *app.changes.pending.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = tell(&app, pending).await {
            tracing::warn!(%error, "changes could not be told; clients see them when they read again");
        }
    }
}

async fn tell(app: &App, pending: Pending) -> Result<(), StoreError> {
    for (slug, user) in pending.workspaces_added {
        let links = app.hub.lobby_of(&user);
        if !links.is_empty()
            && let Some(workspace) = app.chat.store.workspace(&slug, &user).await?
            && workspace.role.is_some()
        {
            let push = WorkspaceAdded { workspace };
            tell_each(&links, &push);
        }
    }
    for (slug, maker) in pending.workspaces_made {
        open_to_all(app, &slug, &maker).await?;
    }
    for slug in pending.workspaces_changed {
        let members: BTreeSet<UserId> = app.chat.store.members(&slug).await?.into_iter().map(|m| m.id).collect();
        for user in app.hub.lobby_users().into_iter().filter(|user| members.contains(user)) {
            workspace_changed(app, &slug, &user).await?;
        }
    }
    for (slug, user) in pending.totals {
        workspace_changed(app, &slug, &user).await?;
    }
    for (slug, user) in pending.members_joined {
        tell_member(app, &slug, &user, |member| MemberJoined { member }).await?;
    }
    for (slug, user) in pending.members_changed {
        tell_member(app, &slug, &user, |member| MemberChanged { member }).await?;
    }
    for ((slug, room), users) in pending.rooms_added {
        room_added(app, &slug, &room, users).await?;
    }
    Ok(())
}

async fn workspace_changed(app: &App, slug: &Slug, user: &UserId) -> Result<(), StoreError> {
    let links = app.hub.lobby_of(user);
    if !links.is_empty()
        && let Some(workspace) = app.chat.store.workspace(slug, user).await?
        && workspace.role.is_some()
    {
        tell_each(&links, &WorkspaceChanged { workspace });
    }
    Ok(())
}

/// To its own people as each of them sees it.
async fn room_added(app: &App, slug: &Slug, room: &RoomId, users: BTreeSet<UserId>) -> Result<(), StoreError> {
    let Some(space) = app.hub.space(slug) else { return Ok(()) };
    let here: Vec<UserId> = users.into_iter().filter(|user| !space.links_of(user).is_empty()).collect();
    if here.is_empty() {
        return Ok(());
    }
    for (user, seen) in app.chat.store.room_for(room, &here).await? {
        let push = RoomAdded { room: seen };
        // Who was removed since the room was read must not hear of it any more.
        space.while_in_room(&user, room, |links| tell_each(links, &push));
    }
    Ok(())
}

/// If a new workspace is open, to every lobby but its maker's, who is told as a member.
async fn open_to_all(app: &App, slug: &Slug, maker: &UserId) -> Result<(), StoreError> {
    let Some(seen) = app.chat.store.workspace(slug, maker).await? else { return Ok(()) };
    if !seen.open {
        return Ok(());
    }
    let workspace = confab_protocol::workspace::Workspace { role: None, unread: 0, mentions: 0, ..seen };
    let push = WorkspaceAdded { workspace };
    for user in app.hub.lobby_users().iter().filter(|user| *user != maker) {
        tell_each(&app.hub.lobby_of(user), &push);
    }
    Ok(())
}

async fn tell_member<P: confab_protocol::event::Push>(
    app: &App,
    slug: &Slug,
    user: &UserId,
    push: impl FnOnce(confab_protocol::workspace::Member) -> P,
) -> Result<(), StoreError> {
    let Some(space) = app.hub.space(slug) else { return Ok(()) };
    let Some(mut member) = app.chat.store.member(slug, user).await? else { return Ok(()) };
    space.overlay(std::slice::from_mut(&mut member));
    tell_each(&space.everybody(), &push(member));
    Ok(())
}
