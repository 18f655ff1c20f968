//! Whether a message that wants attention is shown as a notification, and as which: one pure rule for every shell. And what
//! a reminder says.
//!
//! The server has judged levels and who is ignored before it said `attention:wanted`; what is left is what only the
//! device knows. The web client has the same rule (`ui/src/lib/notify.ts`); `protocol/vectors/notify.json` holds both to it.

use confab_protocol::event::{AttentionWanted, Why};
use confab_protocol::personal::{LocalTime, Personal, Reminder};
use confab_protocol::{RoomId, Seq, Slug, Timestamp, UserId};

use crate::view::ShellWords;

/// The device, and who sits before it.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// What they keep for themselves.
    pub personal: &'a Personal,
    /// The room that they look at: it is open, and the window has the focus. None when it has not.
    pub looking_at: Option<(&'a Slug, &'a RoomId)>,
    /// The time.
    pub now: Timestamp,
    /// The time on the clock of this device.
    pub local: LocalTime,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its first line.
    pub title: String,
    /// What the message says, in short; or what somebody wants to be reminded of.
    pub body: String,
    /// Where a click on it leads.
    pub target: Target,
}

/// A message's place, or a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// In which workspace.
    pub workspace: Slug,
    /// In which room.
    pub room: RoomId,
    /// Which entry of its log. None for none of them.
    pub seq: Option<Seq>,
}

/// The notification that a message makes for this viewer, in these words; None when it makes none.
#[must_use]
pub fn notification(wanted: &AttentionWanted, viewer: &Viewer<'_>, words: &ShellWords) -> Option<Notification> {
    let seen = viewer.looking_at == Some((&wanted.workspace, &wanted.room));
    // Told before it was known that they are ignored.
    let ignored = is_ignored(viewer.personal, &wanted.author);
    if seen || ignored || viewer.personal.is_quiet(viewer.now, viewer.local) {
        return None;
    }
    let AttentionWanted { workspace, room, room_name, seq, author_name, excerpt, why, .. } = wanted;
    let title = match room_name.as_deref().filter(|_| *why != Why::Direct) {
        Some(name) => words.written_in(author_name, name),
        None => author_name.clone(),
    };
    let target = Target { workspace: workspace.clone(), room: room.clone(), seq: Some(*seq) };
    Some(Notification { title, body: excerpt.clone(), target })
}

/// The notification of a reminder that is due.
#[must_use]
pub fn reminded(reminder: &Reminder, words: &ShellWords) -> Notification {
    let Reminder { workspace, room, text, seq, .. } = reminder.clone();
    Notification { title: words.notification_reminder.clone(), body: text, target: Target { workspace, room, seq } }
}

fn is_ignored(personal: &Personal, user: &UserId) -> bool {
    personal.ignored.contains(user)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        wanted: AttentionWanted,
        personal: Personal,
        looking_at: Option<(Slug, RoomId)>,
        now: Timestamp,
        weekday: u8,
        minute: u16,
        shown: Option<Shown>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Shown {
        title: String,
        body: String,
        workspace: Slug,
        room: RoomId,
        seq: Seq,
    }

    #[test]
    fn the_rule_is_that_of_the_vectors() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../protocol/vectors/notify.json")).unwrap();
        for vector in vectors {
            let viewer = Viewer {
                personal: &vector.personal,
                looking_at: vector.looking_at.as_ref().map(|(slug, room)| (slug, room)),
                now: vector.now,
                local: LocalTime { weekday: vector.weekday, minute: vector.minute },
            };
            let words = ShellWords::default();
            let shown = notification(&vector.wanted, &viewer, &words).map(|Notification { title, body, target }| {
                let Target { workspace, room, seq } = target;
                Shown { title, body, workspace, room, seq: seq.unwrap() }
            });
            assert_eq!(shown, vector.shown, "{}", vector.name);
        }
    }
}
