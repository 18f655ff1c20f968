//! Unread totals of workspaces, kept from signals about single rooms.
//!
//! The lobby tells totals per workspace once, and then what changed per room. A room's earlier share of the total is
//! known when it was signalled before, or when the signalled rooms make up all of the total; otherwise the total has
//! to be asked for.

use std::collections::BTreeMap;

use confab_protocol::event::UnreadChanged;
use confab_protocol::workspace::Workspace;
use confab_protocol::{RoomId, Slug};

/// What is known of the rooms behind the totals.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rooms: BTreeMap<Slug, BTreeMap<RoomId, Share>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    unread: u64,
    mentions: u64,
}

impl Tally {
    /// The totals are told anew: what was known of the rooms is of another time.
    pub(super) fn forget(&mut self, slug: &Slug) {
        self.rooms.remove(slug);
    }

    /// Puts a signal into the workspace's totals. False: they cannot be known from it.
    pub(super) fn apply(&mut self, signal: &UnreadChanged, workspace: &mut Workspace) -> bool {
        let rooms = self.rooms.entry(signal.workspace.clone()).or_default();
        let new = Share { unread: signal.unread, mentions: signal.mentions };
        let known = rooms.values().fold(Share::default(), |sum, room| Share {
            unread: sum.unread + room.unread,
            mentions: sum.mentions + room.mentions,
        });
        let complete = known == Share { unread: workspace.unread, mentions: workspace.mentions };
        let old = match rooms.insert(signal.room.clone(), new) {
            Some(old) => old,
            None if complete => Share::default(),
            None => return false,
        };
        workspace.unread = (workspace.unread + new.unread).saturating_sub(old.unread);
        workspace.mentions = (workspace.mentions + new.mentions).saturating_sub(old.mentions);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(unread: u64) -> Workspace {
        let slug: Slug = "w".parse().unwrap();
        Workspace { slug, name: "W".into(), icon: None, role: None, open: true, unread, mentions: 0 }
    }

    fn signal(room: &str, unread: u64) -> UnreadChanged {
        let (workspace, room) = ("w".parse().unwrap(), room.parse().unwrap());
        UnreadChanged { workspace, room, head: 9, unread, mentions: 0 }
    }

    #[test]
    fn totals_follow_the_rooms_when_their_shares_are_known() {
        let (mut tally, mut workspace) = (Tally::default(), workspace(0));
        for (room, unread, total) in [("a", 1, 1), ("b", 2, 3), ("a", 5, 7), ("b", 0, 5), ("c", 1, 6)] {
            assert!(tally.apply(&signal(room, unread), &mut workspace));
            assert_eq!(workspace.unread, total);
        }
    }

    #[test]
    fn an_unknown_share_has_to_be_asked_for() {
        let (mut tally, mut workspace) = (Tally::default(), workspace(4));
        assert!(!tally.apply(&signal("a", 3), &mut workspace));
        assert_eq!(workspace.unread, 4, "left alone");
        tally.forget(&"w".parse().unwrap());
        workspace.unread = 0;
        assert!(tally.apply(&signal("a", 3), &mut workspace));
        assert_eq!(workspace.unread, 3);
    }
}
