//! Events about rooms.

use std::sync::Arc;

use confab_protocol::Answer;
use confab_protocol::answer::Empty;
use confab_protocol::event::{
    DirectOpen, MembersReply, RoomCreate, RoomDelete, RoomInvite, RoomJoin, RoomJoined, RoomKick, RoomLeave, RoomList,
    RoomMembers, RoomReply, RoomUpdate, RoomsReply,
};
use confab_protocol::limits;

use super::dispatch::Caller;
use super::space::Space;
use crate::store::{Op, Page};

pub async fn list(caller: Caller, space: Arc<Space>, _: RoomList) -> Answer<RoomsReply> {
    Ok(RoomsReply { rooms: caller.peer.app.chat.store.listed_rooms(&space.slug, &caller.peer.user).await? })
}

pub async fn create(caller: Caller, space: Arc<Space>, request: RoomCreate) -> Answer<RoomReply> {
    let room = caller.peer.app.chat.create_room(&space.slug, &caller.peer.user, request).await?;
    Ok(RoomReply { room })
}

pub async fn open_direct(caller: Caller, space: Arc<Space>, request: DirectOpen) -> Answer<RoomReply> {
    let room = caller.peer.app.chat.open_direct(&space.slug, &caller.peer.user, request.users).await?;
    Ok(RoomReply { room })
}

pub async fn update(caller: Caller, space: Arc<Space>, request: RoomUpdate) -> Answer<RoomReply> {
    let room = caller.peer.app.chat.update_room(&space.slug, &caller.peer.user, request).await?;
    Ok(RoomReply { room })
}

pub async fn delete(caller: Caller, space: Arc<Space>, request: RoomDelete) -> Answer<Empty> {
    let op = Op::DeleteRoom { slug: space.slug.clone(), room: request.room };
    caller.peer.app.chat.write(&caller.peer.user, op).await?;
    Ok(Empty {})
}

pub async fn join(caller: Caller, space: Arc<Space>, request: RoomJoin) -> Answer<RoomJoined> {
    let chat = &caller.peer.app.chat;
    let room = chat.join_room(&space.slug, &caller.peer.user, request.room).await?;
    let (entries, head, reset) = match request.after {
        Some(after) => {
            let synced = chat.store.entries(&room.id, after, limits::SYNC_MAX).await?;
            (synced.entries, synced.head, synced.reset)
        }
        None => (Vec::new(), room.head, false),
    };
    let page = match request.page {
        Some(limit) if reset || request.after.is_none() => {
            Some(chat.store.history(&room.id, Page::Latest, limit.clamp(1, limits::HISTORY_MAX)).await?)
        }
        _ => None,
    };
    Ok(RoomJoined { members: room.members, online: space.online(&room.id), entries, head, reset, page, room })
}

pub async fn leave(caller: Caller, space: Arc<Space>, request: RoomLeave) -> Answer<Empty> {
    let op = Op::LeaveRoom { slug: space.slug.clone(), room: request.room };
    caller.peer.app.chat.write(&caller.peer.user, op).await?;
    Ok(Empty {})
}

pub async fn invite(caller: Caller, space: Arc<Space>, request: RoomInvite) -> Answer<RoomReply> {
    let chat = &caller.peer.app.chat;
    let room = chat.invite_to_room(&space.slug, &caller.peer.user, request.room, request.users).await?;
    Ok(RoomReply { room })
}

pub async fn kick(caller: Caller, space: Arc<Space>, request: RoomKick) -> Answer<Empty> {
    let op = Op::Kick { slug: space.slug.clone(), room: request.room, user: request.user };
    caller.peer.app.chat.write(&caller.peer.user, op).await?;
    Ok(Empty {})
}

pub async fn members(caller: Caller, space: Arc<Space>, request: RoomMembers) -> Answer<MembersReply> {
    let mut members = caller.peer.app.chat.room_members(&space.slug, &caller.peer.user, &request.room).await?;
    space.overlay(&mut members);
    Ok(MembersReply { members })
}
