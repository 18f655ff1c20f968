//! Rooms: made, changed, joined, left; and who is in them.

use std::collections::BTreeSet;

use confab_protocol::event::{RoomCreate, RoomUpdate};
use confab_protocol::personal::Level;
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::workspace::Member;
use confab_protocol::{Error, RoomId, Slug, UserId, limits, text};

use super::{Chat, unexpected_reply};
use crate::store::{Done, Op, Reply};

/// People that one `room:create` or `room:invite` brings in at most.
const PEOPLE_MAX: usize = 500;

impl Chat {
    /// `room:create`.
    ///
    /// # Errors
    /// `conflict` for a name that is taken, `forbidden` for guests.
    pub async fn create_room(&self, slug: &Slug, user: &UserId, request: RoomCreate) -> Result<Room, Error> {
        text::room_name(&request.name)?;
        if request.kind == RoomKind::Direct {
            return Err(Error::bad_request("Direct rooms are made with direct:open."));
        }
        let op = Op::CreateRoom {
            slug: slug.clone(),
            name: request.name,
            kind: request.kind,
            topic: text::line(request.topic.as_deref().unwrap_or_default())?,
            members: people(request.members, PEOPLE_MAX)?,
        };
        room(self.write(user, op).await?)
    }

    /// `direct:open`.
    ///
    /// # Errors
    /// `not_found` for somebody who is not in the workspace.
    pub async fn open_direct(&self, slug: &Slug, user: &UserId, others: Vec<UserId>) -> Result<Room, Error> {
        let mut users = people(others, limits::DIRECT_MAX)?;
        users.retain(|other| other != user);
        if users.is_empty() {
            return Err(Error::bad_request("A direct room needs at least one other person."));
        }
        room(self.write(user, Op::OpenDirect { slug: slug.clone(), users }).await?)
    }

    /// `room:update`.
    ///
    /// # Errors
    /// `not_found`, or `forbidden`.
    pub async fn update_room(&self, slug: &Slug, user: &UserId, request: RoomUpdate) -> Result<Room, Error> {
        if let Some(name) = &request.name {
            text::room_name(name)?;
        }
        let op = Op::UpdateRoom {
            slug: slug.clone(),
            room: request.room,
            name: request.name,
            topic: request.topic.as_deref().map(text::line).transpose()?,
            archived: request.archived,
            // Who unmutes with a client that knows no levels gets the usual one.
            level: request.level.or(request.muted.map(|muted| if muted { Level::None } else { Level::default() })),
        };
        room(self.write(user, op).await?)
    }

    /// `room:join`. Who is in it already costs no write, so that a crowd that reconnects only reads.
    ///
    /// # Errors
    /// `not_found` for a room that the caller does not see.
    pub async fn join_room(&self, slug: &Slug, user: &UserId, id: RoomId) -> Result<Room, Error> {
        match self.store.room(slug, &id, user).await?.ok_or_else(Error::not_found)? {
            (found, true) => Ok(found),
            (_, false) => room(self.write(user, Op::JoinRoom { slug: slug.clone(), room: id }).await?),
        }
    }

    /// `room:invite`.
    ///
    /// # Errors
    /// `not_found` for a room or person that the caller does not see; `forbidden`.
    pub async fn invite_to_room(
        &self,
        slug: &Slug,
        user: &UserId,
        id: RoomId,
        users: Vec<UserId>,
    ) -> Result<Room, Error> {
        let users = people(users, PEOPLE_MAX)?;
        if users.is_empty() {
            return Err(Error::bad_request("`users` names nobody."));
        }
        self.write(user, Op::InviteToRoom { slug: slug.clone(), room: id.clone(), users }).await?;
        let (room, _) = self.store.room(slug, &id, user).await?.ok_or_else(Error::not_found)?;
        Ok(room)
    }

    /// `room:members`.
    ///
    /// # Errors
    /// `not_found` for a room that the caller does not see.
    pub async fn room_members(&self, slug: &Slug, user: &UserId, id: &RoomId) -> Result<Vec<Member>, Error> {
        self.store.room(slug, id, user).await?.ok_or_else(Error::not_found)?;
        Ok(self.store.room_members(id).await?)
    }

    /// That the caller is in a room: what comes before any look at what was written there.
    ///
    /// # Errors
    /// `not_found` for everybody else, whether or not they could join it.
    pub async fn check_in_room(&self, slug: &Slug, user: &UserId, id: &RoomId) -> Result<(), Error> {
        match self.store.room(slug, id, user).await? {
            Some((_, true)) => Ok(()),
            Some((_, false)) | None => Err(Error::not_found()),
        }
    }
}

fn room(done: Done) -> Result<Room, Error> {
    match done.reply {
        Reply::Room { room, .. } => Ok(*room),
        _ => Err(unexpected_reply()),
    }
}

fn people(users: Vec<UserId>, max: usize) -> Result<Vec<UserId>, Error> {
    let users: BTreeSet<_> = users.into_iter().collect();
    if users.len() > max {
        return Err(Error::bad_request(format!("At most {max} people at once.")));
    }
    Ok(users.into_iter().collect())
}
