//! What a product client draws, put together from its updates.

use std::collections::HashMap;

use confab_client::view::{Item, MessageItem, SendState, TimelineChange, Update};
use confab_protocol::{MessageId, RoomId};

use crate::history::{Drawn, Progress, print};

/// All rows that a client draws, by room and key.
#[derive(Debug, Default)]
pub(super) struct Picture {
    rooms: HashMap<RoomId, HashMap<String, MessageItem>>,
    /// Writes that wait, in all rooms.
    pub(super) pending: usize,
    /// The server does not know the session: what waits stays where it is.
    pub(super) signed_out: bool,
}

impl Picture {
    /// Takes an update. Answers with the messages that it drew anew.
    pub(super) fn draw(&mut self, update: Update) -> Vec<(MessageId, u64)> {
        let (room, change) = match update {
            Update::Timeline { room, change, .. } => (room, change),
            Update::Outbox { pending } => {
                self.pending = pending;
                return Vec::new();
            }
            Update::SignedOut { .. } => {
                self.signed_out = true;
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        let rows = self.rooms.entry(room).or_default();
        let items = match change {
            TimelineChange::Reset { items, .. } => {
                rows.clear();
                items
            }
            TimelineChange::Older { items, .. } => items,
            TimelineChange::Upsert { mut items } => {
                // What stands before the first is of a page that nobody asked for.
                let first = rows.values().filter_map(|message| message.seq).min();
                items.retain(|item| match item {
                    Item::Message(message) => {
                        rows.contains_key(&message.key) || message.seq.is_none() || message.seq > first
                    }
                    Item::Notice(_) => false,
                });
                items
            }
            TimelineChange::Remove { keys } => {
                rows.retain(|key, _| !keys.contains(key));
                Vec::new()
            }
        };
        let mut texts = Vec::new();
        for item in items {
            if let Item::Message(message) = item {
                texts.extend(message.id.clone().map(|id| (id, print(&message.text))));
                rows.insert(message.key.clone(), message);
            }
        }
        texts
    }

    /// Whether this room was drawn at all.
    pub(super) fn has(&self, room: &RoomId) -> bool {
        self.rooms.contains_key(room)
    }

    /// The rows of a room, from top to bottom.
    pub(super) fn rows(&self, room: &RoomId) -> Vec<Drawn> {
        let mut items: Vec<&MessageItem> = self.rooms.get(room).into_iter().flat_map(HashMap::values).collect();
        items.sort_by_key(|item| (item.seq.is_none(), item.seq, item.order));
        items.into_iter().map(drawn).collect()
    }

    /// Own messages that are not sent: they wait, or have visibly failed.
    pub(super) fn unsent(&self) -> Vec<String> {
        let messages = self.rooms.values().flat_map(HashMap::values);
        messages.filter(|message| message.state != SendState::Sent).map(|message| cid_of(&message.key)).collect()
    }
}

fn cid_of(key: &str) -> String {
    key.rsplit_once('/').map_or(key, |(_, cid)| cid).to_owned()
}

fn drawn(item: &MessageItem) -> Drawn {
    let mut reactions: Vec<String> = item
        .reactions
        .iter()
        .flat_map(|reaction| reaction.users.iter().map(move |user| format!("{} {user}", reaction.emoji)))
        .collect();
    reactions.sort();
    Drawn {
        cid: cid_of(&item.key),
        author: item.author.to_string(),
        seq: item.seq,
        text: print(&item.text),
        edited: item.edited_ts.is_some(),
        deleted: item.deleted,
        reactions,
        state: match item.state {
            SendState::Queued | SendState::Sending => Progress::Pending,
            SendState::Sent => Progress::Sent,
            SendState::Failed { .. } => Progress::Failed,
        },
    }
}
