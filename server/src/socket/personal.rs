//! Events about what people keep for themselves, in the lobby.

use confab_protocol::Answer;
use confab_protocol::event::{PersonalChanged, PersonalReply, PersonalSet, ReminderRemove, ReminderSet, UserIgnore};
use confab_protocol::personal::Personal;

use super::dispatch::Caller;
use super::peer;

pub async fn set(caller: Caller, request: PersonalSet) -> Answer<PersonalReply> {
    let (app, user) = (&caller.peer.app, &caller.peer.user);
    let before = app.chat.store.personal(user).await?;
    let personal = app.chat.set_personal(user, request).await?;
    if personal.dnd_until != before.dnd_until {
        app.profile_changed(user).await?;
    }
    if personal.invisible != before.invisible {
        app.hidden_changed(user, personal.invisible);
    }
    tell(&caller, personal)
}

pub async fn ignore(caller: Caller, request: UserIgnore) -> Answer<PersonalReply> {
    let (app, user) = (&caller.peer.app, &caller.peer.user);
    let personal = app.chat.ignore(user, request).await?;
    // What counts as a mention is different now, in any room.
    for slug in app.chat.store.slugs_of(user).await? {
        for room in app.chat.store.room_ids(&slug, user).await? {
            app.counts.read(&slug, &room, user);
        }
    }
    tell(&caller, personal)
}

pub async fn remind(caller: Caller, request: ReminderSet) -> Answer<PersonalReply> {
    let personal = caller.peer.app.chat.remind(&caller.peer.user, request).await?;
    tell(&caller, personal)
}

pub async fn forget_reminder(caller: Caller, request: ReminderRemove) -> Answer<PersonalReply> {
    let personal = caller.peer.app.chat.store.remove_reminder(&caller.peer.user, &request.id).await?;
    tell(&caller, personal)
}

/// To every device of the caller, this one too: it is one state, and hearing of it twice changes nothing.
fn tell(caller: &Caller, personal: Personal) -> Answer<PersonalReply> {
    let push = PersonalChanged { personal: personal.clone() };
    peer::tell(&caller.peer.app.hub.lobby_of(&caller.peer.user), &push);
    Ok(PersonalReply { personal })
}
