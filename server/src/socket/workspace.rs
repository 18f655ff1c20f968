//! Events of a workspace's namespace: the table of them, and those about people.

use std::sync::Arc;

use confab_protocol::Answer;
use confab_protocol::answer::Empty;
use confab_protocol::event::{
    DirectOpen, MemberRemove, MemberReply, MemberUpdate, MessageDelete, MessageEdit, MessagePin, MessageReact,
    MessageSearch, MessageSend, MessageSendBatch, MessageThread, PresenceSet, ReadMark, Request, RoomCreate,
    RoomDelete, RoomHistory, RoomInvite, RoomJoin, RoomKick, RoomLeave, RoomList, RoomMembers, RoomPins, RoomSync,
    RoomUpdate, TypingSet,
};

use super::dispatch::{Caller, later};
use super::queue::{Event, Rest};
use super::space::Space;
use super::{lobby, log, room, search};
use crate::store::{Op, ProfileRow};

/// The events that are known here.
pub const EVENTS: &[&str] = &[
    RoomList::EVENT,
    RoomCreate::EVENT,
    RoomUpdate::EVENT,
    RoomDelete::EVENT,
    RoomJoin::EVENT,
    RoomLeave::EVENT,
    RoomInvite::EVENT,
    RoomKick::EVENT,
    RoomMembers::EVENT,
    MemberUpdate::EVENT,
    MemberRemove::EVENT,
    DirectOpen::EVENT,
    MessageSend::EVENT,
    MessageSendBatch::EVENT,
    MessageEdit::EVENT,
    MessageDelete::EVENT,
    MessageReact::EVENT,
    MessagePin::EVENT,
    MessageThread::EVENT,
    MessageSearch::EVENT,
    RoomSync::EVENT,
    RoomHistory::EVENT,
    RoomPins::EVENT,
    ReadMark::EVENT,
    TypingSet::EVENT,
    PresenceSet::EVENT,
];

/// Handles one of [`EVENTS`].
pub fn handle(space: Arc<Space>, event: Event) -> Option<Rest> {
    match event.name.as_str() {
        MessageSend::EVENT => log::send(&space, event),
        MessageSendBatch::EVENT => log::send_batch(&space, event),
        MessageEdit::EVENT => log::edit(&space, event),
        MessageDelete::EVENT => log::delete(&space, event),
        MessageReact::EVENT => log::react(&space, event),
        MessagePin::EVENT => log::pin(&space, event),
        MessageThread::EVENT => later(event, |caller, request| log::thread(caller, space, request)),
        MessageSearch::EVENT => later(event, |caller, request| search::search(caller, space, request)),
        RoomPins::EVENT => later(event, |caller, request| log::pins(caller, space, request)),
        RoomSync::EVENT => later(event, |caller, request| log::sync(caller, space, request)),
        RoomHistory::EVENT => later(event, |caller, request| log::history(caller, space, request)),
        ReadMark::EVENT => later(event, |caller, request| log::mark_read(caller, space, request)),
        RoomList::EVENT => later(event, |caller, request| room::list(caller, space, request)),
        RoomCreate::EVENT => later(event, |caller, request| room::create(caller, space, request)),
        RoomUpdate::EVENT => later(event, |caller, request| room::update(caller, space, request)),
        RoomDelete::EVENT => later(event, |caller, request| room::delete(caller, space, request)),
        RoomJoin::EVENT => later(event, |caller, request| room::join(caller, space, request)),
        RoomLeave::EVENT => later(event, |caller, request| room::leave(caller, space, request)),
        RoomInvite::EVENT => later(event, |caller, request| room::invite(caller, space, request)),
        RoomKick::EVENT => later(event, |caller, request| room::kick(caller, space, request)),
        RoomMembers::EVENT => later(event, |caller, request| room::members(caller, space, request)),
        MemberUpdate::EVENT => later(event, |caller, request| update_member(caller, space, request)),
        MemberRemove::EVENT => later(event, |caller, request| remove_member(caller, space, request)),
        DirectOpen::EVENT => later(event, |caller, request| room::open_direct(caller, space, request)),
        TypingSet::EVENT => later(event, |caller, request| set_typing(caller, space, request)),
        PresenceSet::EVENT => later(event, |caller, request| set_presence(caller, space, request)),
        _ => None,
    }
}

async fn update_member(caller: Caller, space: Arc<Space>, request: MemberUpdate) -> Answer<MemberReply> {
    let chat = &caller.peer.app.chat;
    let mut member = chat.update_member(&space.slug, &caller.peer.user, request).await?;
    space.overlay(std::slice::from_mut(&mut member));
    Ok(MemberReply { member })
}

async fn remove_member(caller: Caller, space: Arc<Space>, request: MemberRemove) -> Answer<Empty> {
    let app = &caller.peer.app;
    // As they see it: with their own role, or without one where there is nobody to remove.
    let seen = app.chat.store.workspace(&space.slug, &request.user).await?;
    let op = Op::RemoveMember { slug: space.slug.clone(), user: request.user.clone() };
    app.chat.write(&caller.peer.user, op).await?;
    lobby::tell_removed(app, &request.user, seen.as_ref());
    Ok(Empty {})
}

async fn set_typing(caller: Caller, space: Arc<Space>, request: TypingSet) -> Answer<Empty> {
    let (app, user) = (&caller.peer.app, &caller.peer.user);
    app.chat.check_in_room(&space.slug, user, &request.room).await?;
    if request.on {
        space.typing.start(request.room, request.thread, user.clone(), caller.sock.clone(), &app.typing_bell);
    } else {
        space.typing.stop(&request.room, user);
    }
    Ok(Empty {})
}

async fn set_presence(caller: Caller, space: Arc<Space>, request: PresenceSet) -> Answer<Empty> {
    let (app, user) = (&caller.peer.app, &caller.peer.user);
    let (was, old_status) = space.presence(user);
    let mut status = None;
    if let Some(new) = request.status {
        let new = confab_protocol::text::line(&new)?;
        let row = ProfileRow { status: Some(new), ..ProfileRow::default() };
        status = Some(app.chat.store.update_profile(user, row).await?.status);
        app.profile_changed(user).await?;
    }
    caller.peer.set_presence(request.state);
    let changed = status.as_ref().is_some_and(|status| *status != old_status);
    space.refresh(user, status);
    app.presences.note(&space, user, was, changed);
    Ok(Empty {})
}
