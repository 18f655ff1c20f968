//! Telling what was committed: who listens from now on, then the entries, then what follows from them.

use std::collections::HashMap;
use std::sync::Arc;

use confab_protocol::event::{MemberLeft, RoomAdded};
use confab_protocol::log::{Entry, EntryBody};
use confab_protocol::room::{Room, RoomKind};
use confab_protocol::{Slug, UserId, text};

use super::counts::News;
use super::peer;
use super::space::Space;
use crate::App;
use crate::commit::{About, Audience, Kind, entries};
use crate::fault;
use crate::store::{Done, Reply};

/// How much of a message `mention:received` and `attention:wanted` show, in characters.
const EXCERPT: usize = 140;

/// The audience of the commit task: the sockets of this node.
pub struct Publisher(pub Arc<App>);

impl Audience for Publisher {
    fn settle(&self, about: &About, done: &Done) {
        let Some(slug) = &about.slug else { return };
        match about.kind {
            // Open before the ack: whoever hears of a workspace can connect to it.
            Kind::WorkspaceMade | Kind::WorkspaceJoined => self.0.open_space(slug),
            Kind::WorkspaceArchived => return self.0.close_space(slug),
            _ => {}
        }
        let Some(space) = self.0.hub.space(slug) else { return };
        for (room, user) in &done.left {
            space.typing.stop(room, user);
        }
        space.settle(&done.joined, &done.left);
        if about.kind == Kind::WorkspaceLeft {
            for link in space.links_of(&about.person) {
                self.0.dismiss(&link.sock);
            }
        }
    }

    fn publish(&self, group: Vec<(About, Done)>) {
        self.0.index_bell.notify_one();
        let mut spaces: HashMap<Slug, Arc<Space>> = HashMap::new();
        for (slug, _) in entries(&group) {
            if !spaces.contains_key(slug)
                && let Some(space) = self.0.hub.space(slug)
            {
                spaces.insert(slug.clone(), space);
            }
        }
        for (slug, space) in &spaces {
            let own = entries(&group).filter(|(of, _)| *of == slug);
            space.advance(own.map(|(_, entry)| (&entry.room, entry.seq)));
        }
        // All entries in one go: several packets per wake-up of a connection is what makes fan-out fast.
        for (slug, entry) in entries(&group) {
            if !fault::drops_push() {
                self.0.fanout.to_room(slug, &entry.room, entry);
            }
        }
        for (about, done) in &group {
            if let Some(slug) = &about.slug {
                self.follow_up(slug, about, done);
            }
        }
    }
}

impl Publisher {
    fn follow_up(&self, slug: &Slug, about: &About, done: &Done) {
        for entry in &done.entries {
            self.count(slug, entry);
        }
        if !done.joined.is_empty() {
            self.0.changes.note(|pending| {
                for (room, user) in &done.joined {
                    pending.rooms_added.entry((slug.clone(), room.clone())).or_default().insert(user.clone());
                }
            });
        }
        if !done.left.is_empty() {
            self.total_changed(slug, done.left.iter().map(|(_, user)| user));
        }
        match about.kind {
            Kind::Log => return,
            Kind::RoomMade => self.room_made(slug, done),
            Kind::RoomChanged => {
                if let Reply::Room { room, .. } = &done.reply {
                    self.0.counts.room(slug, &room.id);
                }
                // It may be muted now, or no longer.
                self.total_changed(slug, std::iter::once(&about.actor));
            }
            Kind::RoomDeleted => {
                if let Some(space) = self.0.hub.space(slug) {
                    done.left.iter().take(1).for_each(|(room, _)| space.forget(room));
                }
            }
            Kind::WorkspaceMade => self.workspace_made(slug, &about.actor),
            Kind::WorkspaceChanged => {
                self.0.changes.note(|pending| {
                    pending.workspaces_changed.insert(slug.clone());
                });
            }
            Kind::WorkspaceJoined => self.came_in(slug, &about.actor, &done.reply),
            Kind::WorkspaceLeft => {
                if let Some(space) = self.0.hub.space(slug) {
                    peer::tell(&space.everybody(), &MemberLeft { user: about.person.clone() });
                }
            }
            Kind::MemberChanged => self.0.changes.note(|pending| {
                pending.members_changed.insert((slug.clone(), about.person.clone()));
                pending.workspaces_changed.insert(slug.clone());
            }),
            Kind::WorkspaceArchived => {}
        }
        self.0.hub.note_lobby_change();
        if let Some(space) = self.0.hub.space(slug) {
            space.note_change();
        }
    }

    fn count(&self, slug: &Slug, entry: &Entry) {
        match &entry.body {
            EntryBody::Message { author, text: body, mentions, .. } => {
                let news = News {
                    seq: entry.seq,
                    ts: entry.ts,
                    author: author.clone(),
                    excerpt: text::excerpt(body, EXCERPT),
                    mentions: mentions.clone(),
                    wide: !mentions.is_empty() && text::wide_mention(body).is_some(),
                };
                self.0.counts.message(slug, &entry.room, news);
            }
            EntryBody::Delete { .. } => self.0.counts.gone(slug, &entry.room),
            EntryBody::Membership { .. } | EntryBody::Room { .. } => self.0.counts.room(slug, &entry.room),
            EntryBody::Edit { .. } | EntryBody::Reaction { .. } | EntryBody::Pin { .. } => {}
        }
    }

    fn total_changed<'a>(&self, slug: &Slug, users: impl Iterator<Item = &'a UserId>) {
        self.0.changes.note(|pending| pending.totals.extend(users.map(|user| (slug.clone(), user.clone()))));
    }

    /// A new public room is news to everybody who may join it; its own people hear of it as members.
    fn room_made(&self, slug: &Slug, done: &Done) {
        if let Reply::Room { room, new: true } = &done.reply
            && room.kind == RoomKind::Public
            && let Some(space) = self.0.hub.space(slug)
        {
            let seen =
                Room { read: 0, unread: 0, mentions: 0, muted: false, last_message: None, ..room.as_ref().clone() };
            let push = RoomAdded { room: seen };
            peer::tell(&space.not_in_room(&room.id), &push);
        }
    }

    fn workspace_made(&self, slug: &Slug, maker: &UserId) {
        self.0.changes.note(|pending| {
            pending.workspaces_added.insert((slug.clone(), maker.clone()));
            pending.workspaces_made.insert((slug.clone(), maker.clone()));
        });
    }

    fn came_in(&self, slug: &Slug, user: &UserId, reply: &Reply) {
        if matches!(reply, Reply::Person { .. } | Reply::Workspace { new: true, .. }) {
            self.0.changes.note(|pending| {
                pending.members_joined.insert((slug.clone(), user.clone()));
                pending.workspaces_added.insert((slug.clone(), user.clone()));
            });
        }
    }
}
