//! Workspaces, and how people come into them and leave.

use confab_protocol::account::Role;
use confab_protocol::room::RoomKind;
use confab_protocol::{Error, InviteCode, RoomId, Slug, UserId};

use super::append::{Effects, add_member, is_member, remove_member};
use super::room::{self, make};
use super::{By, account};
use crate::chat::rules;
use crate::store::read::{account as people, workspace as workspaces};
use crate::store::sql::{Row, Sql, params, split_ids};
use crate::store::{NewSession, NewUser, Reply, Result, StoreError};

/// The workspace that setup makes, and that people come into who sign up without an invitation.
pub(in crate::store) const FIRST: &str = "general";

/// A workspace to be made.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    pub slug: &'a Slug,
    pub name: &'a str,
    pub icon: Option<&'a str>,
    pub open: bool,
}

pub(super) async fn set_up<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    server_name: &str,
    owner: &NewUser,
    session: &NewSession,
) -> Result<Reply> {
    let first = sql.execute("UPDATE server SET set_up = 1, name = ?1 WHERE set_up = 0", params![server_name]).await?;
    if first == 0 {
        return Err(Error::conflict("This server has an owner already.").into());
    }
    let user = account::create(sql, owner, Some(session), by.now).await?;
    let slug = first_slug()?;
    found(sql, effects, by, New { slug: &slug, name: "General", icon: None, open: true }, &["general", "random"])
        .await?;
    Ok(Reply::Person { user, workspace: Some((slug, Role::Owner)) })
}

pub(super) async fn sign_up<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    user: &NewUser,
    session: Option<&NewSession>,
    invite: Option<&InviteCode>,
) -> Result<Reply> {
    let person = account::create(sql, user, session, by.now).await?;
    let workspace = match invite {
        Some(code) => {
            let (invitation, rooms) = use_invite(sql, by, code).await?;
            let role = rules::invited_role(invitation.role, user.guest);
            enter(sql, effects, by, &invitation.slug, role, &rooms).await?;
            Some((invitation.slug, role))
        }
        None => {
            let slug = first_slug()?;
            let open = sql
                .row("SELECT 1 FROM workspaces WHERE slug = ?1 AND open = 1 AND archived = 0", params![&slug])
                .await?;
            if open.is_some() {
                let role = rules::invited_role(Role::Member, user.guest);
                let rooms = preset_rooms(sql, &slug).await?;
                enter(sql, effects, by, &slug, role, &rooms).await?;
                Some((slug, role))
            } else {
                None
            }
        }
    };
    Ok(Reply::Person { user: person, workspace })
}

pub(super) async fn redeem<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, code: &InviteCode) -> Result<Reply> {
    let row = people::invite(sql, code, by.now).await?.ok_or_else(Error::not_found)?;
    if let Some(role) = workspaces::role(sql, &row.workspace, by.actor).await? {
        return Ok(Reply::Workspace { slug: row.workspace, role, new: false });
    }
    let user = people::user(sql, by.actor).await?.ok_or_else(Error::not_found)?;
    let (invitation, rooms) = use_invite(sql, by, code).await?;
    let role = rules::invited_role(invitation.role, user.guest);
    enter(sql, effects, by, &invitation.slug, role, &rooms).await?;
    Ok(Reply::Workspace { slug: invitation.slug, role, new: true })
}

pub(super) async fn create<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, new: New<'_>) -> Result<Reply> {
    let user = people::user(sql, by.actor).await?.ok_or_else(Error::not_found)?;
    rules::create_workspace(user.role, user.guest)?;
    found(sql, effects, by, new, &["general"]).await?;
    Ok(Reply::Workspace { slug: new.slug.clone(), role: Role::Owner, new: true })
}

pub(super) async fn update<S: Sql>(
    sql: &mut S,
    by: By<'_>,
    slug: &Slug,
    name: Option<&str>,
    icon: Option<&str>,
    open: Option<bool>,
) -> Result<Reply> {
    rules::manage_workspace(workspaces::role(sql, slug, by.actor).await?)?;
    // An empty icon clears it.
    sql.execute(
        "UPDATE workspaces SET name = COALESCE(?2, name), icon = NULLIF(COALESCE(?3, icon), ''),
            open = COALESCE(?4, open) WHERE slug = ?1",
        params![slug, name, icon, open],
    )
    .await?;
    Ok(Reply::Done)
}

pub(super) async fn archive<S: Sql>(sql: &mut S, by: By<'_>, slug: &Slug) -> Result<Reply> {
    rules::manage_workspace(workspaces::role(sql, slug, by.actor).await?)?;
    sql.execute("UPDATE workspaces SET archived = 1 WHERE slug = ?1", params![slug]).await?;
    Ok(Reply::Done)
}

pub(super) async fn join<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, slug: &Slug) -> Result<Reply> {
    let mut row = sql
        .row("SELECT open FROM workspaces WHERE slug = ?1 AND archived = 0", params![slug])
        .await?
        .ok_or_else(Error::not_found)?;
    let user = people::user(sql, by.actor).await?.ok_or_else(Error::not_found)?;
    let role = workspaces::role(sql, slug, by.actor).await?;
    rules::join_workspace(role, row.take(0)?, user.guest || user.role == Role::Guest)?;
    if let Some(role) = role {
        return Ok(Reply::Workspace { slug: slug.clone(), role, new: false });
    }
    let rooms = preset_rooms(sql, slug).await?;
    enter(sql, effects, by, slug, Role::Member, &rooms).await?;
    Ok(Reply::Workspace { slug: slug.clone(), role: Role::Member, new: true })
}

pub(super) async fn leave<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, slug: &Slug) -> Result<Reply> {
    let role = workspaces::role(sql, slug, by.actor).await?;
    rules::leave_workspace(role, owners(sql, slug).await?)?;
    take_out(sql, effects, by, slug, by.actor).await
}

pub(super) async fn remove<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    user: &UserId,
) -> Result<Reply> {
    let role = workspaces::role(sql, slug, by.actor).await?;
    rules::remove_from_workspace(role, target(sql, by, slug, user).await?)?;
    take_out(sql, effects, by, slug, user).await
}

pub(super) async fn update_member<S: Sql>(
    sql: &mut S,
    by: By<'_>,
    slug: &Slug,
    user: &UserId,
    to: Role,
) -> Result<Reply> {
    let role = workspaces::role(sql, slug, by.actor).await?;
    rules::change_role(role, target(sql, by, slug, user).await?, to, owners(sql, slug).await?)?;
    sql.execute("UPDATE workspace_members SET role = ?3 WHERE slug = ?1 AND user_id = ?2", params![slug, user, to])
        .await?;
    Ok(Reply::Done)
}

async fn target<S: Sql>(sql: &mut S, by: By<'_>, slug: &Slug, user: &UserId) -> Result<rules::Target> {
    let guest = people::user(sql, user).await?.is_some_and(|user| user.guest);
    Ok(rules::Target { role: workspaces::role(sql, slug, user).await?, guest, oneself: user == by.actor })
}

async fn owners<S: Sql>(sql: &mut S, slug: &Slug) -> Result<u64> {
    sql.one("SELECT COUNT(*) FROM workspace_members WHERE slug = ?1 AND role = 'owner'", params![slug]).await?.take(0)
}

/// Takes someone out of all rooms of a workspace, and out of the workspace.
async fn take_out<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, slug: &Slug, user: &UserId) -> Result<Reply> {
    for room in own_rooms(sql, slug, user).await? {
        remove_member(sql, effects, &room, user, by).await?;
    }
    sql.execute("DELETE FROM workspace_members WHERE slug = ?1 AND user_id = ?2", params![slug, user]).await?;
    Ok(Reply::Done)
}

/// The rooms that who joins the workspace joins, in order of their age.
pub(in crate::store) async fn preset_rooms<S: Sql>(sql: &mut S, slug: &Slug) -> Result<Vec<RoomId>> {
    let rows = sql
        .query(
            "SELECT id FROM rooms WHERE slug = ?1 AND preset = 1 AND deleted = 0 AND archived = 0 ORDER BY created, id",
            params![slug],
        )
        .await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// All rooms of a workspace that someone is in, direct ones too.
pub(in crate::store) async fn own_rooms<S: Sql>(sql: &mut S, slug: &Slug, user: &UserId) -> Result<Vec<RoomId>> {
    let rows = sql
        .query(
            "SELECT r.id FROM room_members rm JOIN rooms r ON r.id = rm.room
             WHERE rm.user_id = ?1 AND r.slug = ?2 ORDER BY r.id",
            params![user, slug],
        )
        .await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// Where an invitation leads. Guests come into the rooms that it names and no others.
pub(in crate::store) struct Invitation {
    pub slug: Slug,
    pub role: Role,
    named: Option<String>,
}

/// Where an invitation leads, whether or not it is still live.
pub(in crate::store) async fn invitation<S: Sql>(sql: &mut S, code: &InviteCode) -> Result<Option<Invitation>> {
    let row = sql.row("SELECT slug, role, rooms FROM invites WHERE code = ?1", params![code]).await?;
    row.map(invitation_of).transpose()
}

/// The rooms that someone who follows an invitation comes into.
pub(in crate::store) async fn invited_rooms<S: Sql>(
    sql: &mut S,
    invitation: &Invitation,
    guest: bool,
) -> Result<Vec<RoomId>> {
    let Some(named) = &invitation.named else { return preset_rooms(sql, &invitation.slug).await };
    let mut rooms = if guest { Vec::new() } else { preset_rooms(sql, &invitation.slug).await? };
    for room in split_ids::<RoomId>(named)? {
        let there = sql
            .row(
                "SELECT 1 FROM rooms WHERE id = ?1 AND slug = ?2 AND deleted = 0 AND archived = 0
                 AND direct_key IS NULL",
                params![&room, &invitation.slug],
            )
            .await?;
        if there.is_some() && !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    Ok(rooms)
}

/// Uses an invitation up once: the count is checked and raised in one statement.
async fn use_invite<S: Sql>(sql: &mut S, by: By<'_>, code: &InviteCode) -> Result<(Invitation, Vec<RoomId>)> {
    let row = sql
        .row(
            "UPDATE invites SET uses = uses + 1
             WHERE code = ?1 AND expires > ?2 AND (max_uses IS NULL OR uses < max_uses)
               AND EXISTS (SELECT 1 FROM workspaces w WHERE w.slug = invites.slug AND w.archived = 0)
             RETURNING slug, role, rooms",
            params![code, by.now],
        )
        .await?;
    let invitation = invitation_of(row.ok_or_else(Error::not_found)?)?;
    let user = people::user(sql, by.actor).await?.ok_or_else(Error::not_found)?;
    let guest = rules::invited_role(invitation.role, user.guest) == Role::Guest;
    let rooms = invited_rooms(sql, &invitation, guest).await?;
    Ok((invitation, rooms))
}

fn invitation_of(mut row: Row) -> Result<Invitation> {
    Ok(Invitation { slug: row.take(0)?, role: row.take(1)?, named: row.take(2)? })
}

/// Makes a workspace, its owner and its preset rooms.
async fn found<S: Sql>(sql: &mut S, effects: &mut Effects, by: By<'_>, new: New<'_>, rooms: &[&str]) -> Result<()> {
    let made = sql
        .execute(
            "INSERT INTO workspaces (slug, name, icon, open, archived, created) VALUES (?1, ?2, ?3, ?4, 0, ?5)
             ON CONFLICT (slug) DO NOTHING",
            params![new.slug, new.name, new.icon.filter(|icon| !icon.is_empty()), new.open, by.now],
        )
        .await?;
    if made == 0 {
        return Err(Error::conflict("That address is taken. Choose another one.").into());
    }
    enter(sql, effects, by, new.slug, Role::Owner, &[]).await?;
    for name in rooms {
        let kind = RoomKind::Public;
        make(sql, effects, by, room::New { slug: new.slug, name, kind, topic: "", preset: true }).await?;
    }
    Ok(())
}

/// Puts the actor into a workspace and these rooms.
async fn enter<S: Sql>(
    sql: &mut S,
    effects: &mut Effects,
    by: By<'_>,
    slug: &Slug,
    role: Role,
    rooms: &[RoomId],
) -> Result<()> {
    sql.execute(
        "INSERT INTO workspace_members (slug, user_id, role, since) VALUES (?1, ?2, ?3, ?4)",
        params![slug, by.actor, role, by.now],
    )
    .await?;
    for room in rooms {
        if !is_member(sql, room, by.actor).await? {
            add_member(sql, effects, room, by.actor, by).await?;
        }
    }
    Ok(())
}

fn first_slug() -> Result<Slug> {
    FIRST.parse().map_err(|_| StoreError::Internal("the first workspace has an impossible name".into()))
}
