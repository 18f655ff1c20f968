//! What a step changed that this computer should remember, and how a workspace begins with what it remembers.

use std::collections::{BTreeMap, BTreeSet};

use confab_protocol::workspace::Presence;
use confab_protocol::{RoomId, Seq};

use super::{Known, Mark, Workspace};
use crate::local::model::{Keep, Part, Picture, Stored, StoredTimeline};
use crate::machine::Effect;

/// What is kept at the end of the step.
#[derive(Debug, Default)]
pub(super) struct Unkept {
    /// In order; before rooms and timelines, which are kept as they are then.
    pub(super) changes: Vec<Keep>,
    pub(super) rooms: BTreeSet<RoomId>,
    timelines: BTreeMap<RoomId, Rows>,
}

/// Rows of one timeline, by `seq`. Its range is kept with them.
#[derive(Debug, Default)]
struct Rows {
    all: bool,
    some: BTreeSet<Seq>,
}

impl Unkept {
    /// The range of a room's timeline is another one, and so are these rows.
    pub(super) fn rows(&mut self, room: &RoomId, rows: impl IntoIterator<Item = Seq>) {
        self.timelines.entry(room.clone()).or_default().some.extend(rows);
    }

    /// All of a room's timeline is another one.
    pub(super) fn timeline(&mut self, room: &RoomId) {
        self.timelines.entry(room.clone()).or_default().all = true;
    }

    /// No timeline is worth anything any more.
    pub(super) fn no_timelines(&mut self) {
        self.timelines.clear();
        self.changes.push(Keep::TimelinesGone);
    }
}

impl Workspace {
    /// How it was when this computer saw it last. Who is there is not known; what waits goes out with the next link.
    pub(super) fn restore(&mut self, stored: Stored, out: &mut Vec<Effect>) {
        let Stored { picture, marks, writes, .. } = stored;
        if let Some(Picture { epoch, workspace, me, rooms, members }) = picture {
            self.epoch = epoch;
            let absent = members.into_iter().flatten().map(|mut member| {
                member.presence = Presence::Offline;
                (member.id.clone(), member)
            });
            let members = absent.collect();
            let rooms = rooms.into_iter().map(|room| (room.id.clone(), room)).collect();
            self.known = Some(Known { workspace, me, rooms, members, tag: None });
            out.extend(self.draw_workspace().map(Effect::Update));
        }
        let unsaid = |seq| Mark { seq, told: 0, under_way: false, not_before: 0 };
        self.marks = marks.into_iter().map(|(room, seq)| (room, unsaid(seq))).collect();
        self.outbox.restore(writes);
    }

    /// A timeline as it was when the room was open last: drawn at once, and caught up from its end.
    pub(super) fn recalled(&mut self, room: &RoomId, stored: Option<StoredTimeline>, out: &mut Vec<Effect>) {
        let Some(open) = self.open.get_mut(room) else { return };
        open.busy = false;
        if let Some(StoredTimeline { range, messages, notices }) = stored
            && !open.timeline.is_loaded()
        {
            self.outbox.seen_all(room, &self.me, &messages);
            let has_grown = open.timeline.restore(range, messages, notices);
            open.show_tail();
            if has_grown {
                self.unkept.timeline(room);
            }
            self.reached(room, out);
        }
        self.dirty.reset(room);
    }

    /// Has what the step changed noted down, before anything of it is drawn.
    pub(super) fn keep(&mut self, out: &mut Vec<Effect>) {
        let Unkept { mut changes, rooms, timelines } = std::mem::take(&mut self.unkept);
        changes.extend(self.outbox.take_changes());
        if let Some(known) = &self.known {
            changes.extend(rooms.iter().filter_map(|room| known.rooms.get(room)).cloned().map(Keep::Room));
        }
        for (room, rows) in timelines {
            changes.extend(self.part(&room, &rows).map(|part| Keep::Timeline(room, part)));
        }
        if !changes.is_empty() {
            out.push(Effect::Keep(changes));
        }
    }

    fn part(&self, room: &RoomId, rows: &Rows) -> Option<Part> {
        let timeline = &self.open.get(room)?.timeline;
        if !timeline.is_loaded() {
            return None;
        }
        let (fold, some, range) = (timeline.fold(), &rows.some, timeline.range());
        let (messages, notices) = if rows.all {
            (fold.messages().cloned().collect(), fold.notices().cloned().collect())
        } else {
            let messages = some.iter().filter_map(|seq| fold.message(*seq)).cloned().collect();
            (messages, some.iter().filter_map(|seq| fold.notice(*seq)).cloned().collect())
        };
        Some(Part { range, messages, notices, replaces: rows.all })
    }
}
