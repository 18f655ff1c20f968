//! The part of one room's log that this client has: a contiguous range, folded.
//!
//! Entries are applied in the order of `seq` and each once, whatever order they arrive in: what comes too early waits
//! while the hole is filled, what comes twice is dropped. So at any time the messages are exactly the fold of the log
//! from [`Timeline::first`] to [`Timeline::applied`].

use std::collections::BTreeMap;

use confab_protocol::event::HistoryPage;
use confab_protocol::fold::{Change, Fold};
use confab_protocol::log::{Entry, EntryBody, Message};
use confab_protocol::{Seq, UserId};

use crate::local::model::Range;

/// Entries that wait for a hole to be filled. Later ones are dropped: `room:sync` brings them.
const AHEAD_MAX: usize = 512;
/// With more rows than this, a room that goes on growing lets its oldest go.
const ROWS_MAX: usize = 5_000;
/// The same for the room that somebody has before them after paging back: they would lose what they read.
const ROWS_READ_MAX: usize = 20_000;
/// As many messages stay then.
const ROWS_KEPT: usize = 2_000;
/// The same two for a room that nobody has before them: a dozen of those is most of what an app holds.
const ROWS_ASIDE_MAX: usize = 1_000;
const ROWS_ASIDE_KEPT: usize = 500;

/// One room's timeline.
#[derive(Debug, Default)]
pub struct Timeline {
    fold: Fold,
    loaded: bool,
    first: Seq,
    applied: Seq,
    start: bool,
    head: Seq,
    ahead: BTreeMap<Seq, Entry>,
    /// While an older page is on its way: changes to messages that may be on it.
    orphans: Option<Vec<Entry>>,
    rows: usize,
    /// Somebody has asked for what comes before.
    paged_back: bool,
}

impl Timeline {
    /// Whether a first page has come. Until then entries only wait.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The first `seq` of the range.
    #[must_use]
    pub const fn first(&self) -> Seq {
        self.first
    }

    /// The last `seq` of the range.
    #[must_use]
    pub const fn applied(&self) -> Seq {
        self.applied
    }

    /// Whether nothing comes before the range.
    #[must_use]
    pub const fn is_start(&self) -> bool {
        self.start
    }

    /// The messages and notices of the range.
    #[must_use]
    pub const fn fold(&self) -> &Fold {
        &self.fold
    }

    /// Whether entries after the range are known to exist.
    #[must_use]
    pub const fn has_gap(&self) -> bool {
        self.loaded && self.head > self.applied
    }

    /// The log is at least this long.
    pub fn note_head(&mut self, head: Seq) {
        self.head = self.head.max(head);
    }

    /// The log turns out to be no longer than this: an earlier signal was wrong.
    pub fn correct_head(&mut self, head: Seq) {
        self.head = head.max(self.applied);
        self.ahead.clear();
    }

    /// Forgets the range: the next page replaces it. What waits goes on waiting.
    pub fn unload(&mut self) {
        self.loaded = false;
        self.orphans = None;
    }

    /// The range as it is kept.
    #[must_use]
    pub const fn range(&self) -> Range {
        Range { first: self.first, applied: self.applied, start: self.start }
    }

    /// Begins with what was kept. True: entries that had come meanwhile are applied to it already.
    pub fn restore(&mut self, range: Range, messages: Vec<Message>, notices: Vec<Entry>) -> bool {
        self.rows = messages.len() + notices.len();
        (self.first, self.applied, self.start) = (range.first, range.applied, range.start);
        self.fold = Fold::from_page(messages, notices);
        self.loaded = true;
        self.head = self.head.max(range.applied);
        self.ahead = self.ahead.split_off(&(range.applied + 1));
        !self.drain().is_empty()
    }

    /// Takes the newest page of `room:history` as the new range.
    pub fn load(&mut self, page: HistoryPage) {
        self.rows = page.messages.len() + page.notices.len();
        self.applied = page.head;
        self.start = page.start;
        self.first = match page.messages.first() {
            _ if page.start => 1,
            Some(message) => message.seq,
            None => page.head + 1,
        };
        self.fold = Fold::from_page(page.messages, page.notices);
        (self.loaded, self.paged_back) = (true, false);
        self.orphans = None;
        self.ahead = self.ahead.split_off(&(page.head + 1));
        self.head = self.ahead.keys().next_back().copied().unwrap_or_default().max(page.head);
        self.drain();
    }

    /// Takes an entry, wherever it belongs. Answers with what changed, in order.
    pub fn receive(&mut self, entry: Entry) -> Vec<Change> {
        if self.loaded && entry.seq <= self.applied {
            return Vec::new();
        }
        self.note_head(entry.seq);
        self.ahead.insert(entry.seq, entry);
        let changes = self.drain();
        while self.ahead.len() > AHEAD_MAX {
            self.ahead.pop_last();
        }
        changes
    }

    /// An older page was asked for: from now on, remember what may concern it.
    pub fn expect_older(&mut self) {
        self.orphans = Some(Vec::new());
    }

    /// It will not come.
    pub fn older_failed(&mut self) {
        self.orphans = None;
    }

    /// Puts a page of `room:history` before the range.
    pub fn prepend(&mut self, page: HistoryPage) {
        self.paged_back = true;
        self.rows += page.messages.len() + page.notices.len();
        self.start = page.start || page.messages.is_empty();
        match page.messages.first() {
            _ if self.start => self.first = 1,
            Some(message) => self.first = self.first.min(message.seq),
            None => {}
        }
        self.fold.add_page(page.messages, page.notices);
        // Entries can overtake the page that was read before them. The page knows all up to its head.
        for orphan in self.orphans.take().unwrap_or_default() {
            if orphan.seq > page.head {
                self.fold.apply(orphan);
            }
        }
    }

    /// What is unread after `read`: messages of others that are not deleted, and how many of them mention `me` (all, in
    /// a direct room), those left out whose author is ignored. None when the range does not reach back that far.
    #[must_use]
    pub fn unread(&self, me: &UserId, ignored: &[UserId], read: Seq, direct: bool) -> Option<(u64, u64)> {
        if !self.loaded || self.first > read + 1 {
            return None;
        }
        let after = self.fold.messages().rev().take_while(|message| message.seq > read);
        let theirs = after.filter(|message| message.author != *me && !message.deleted);
        Some(theirs.fold((0, 0), |(unread, mentions), message| {
            let means_me = message.mentions.contains(me) || message.mentions.contains(&UserId::everybody());
            (unread + 1, mentions + u64::from(!ignored.contains(&message.author) && (direct || means_me)))
        }))
    }

    /// Lets the oldest rows go when there are too many; `looked_at` says whether somebody has them before them. True: the range is
    /// another one now.
    pub fn trim(&mut self, looked_at: bool) -> bool {
        let (most, kept) = match (looked_at, self.paged_back) {
            (true, true) => (ROWS_READ_MAX, ROWS_KEPT),
            (true, false) => (ROWS_MAX, ROWS_KEPT),
            (false, _) => (ROWS_ASIDE_MAX, ROWS_ASIDE_KEPT),
        };
        if self.rows <= most || self.orphans.is_some() {
            return false;
        }
        let mut messages: Vec<_> = self.fold.messages().rev().take(kept).cloned().collect();
        messages.reverse();
        let Some(first) = messages.first().map(|message| message.seq) else { return false };
        let notices: Vec<_> = self.fold.notices().filter(|notice| notice.seq >= first).cloned().collect();
        self.rows = messages.len() + notices.len();
        (self.first, self.start, self.paged_back) = (first, false, false);
        self.fold = Fold::from_page(messages, notices);
        true
    }

    /// Where the last `count` rows begin; 0 when there are no more than that.
    #[must_use]
    pub fn tail(&self, count: usize) -> Seq {
        self.rows_before(Seq::MAX).nth(count).map_or(0, |before| before + 1)
    }

    /// The last rows before `before`, at most `count`, oldest first: messages, and the entries between them.
    #[must_use]
    pub fn page_before(&self, before: Seq, count: usize) -> (Vec<Message>, Vec<Entry>) {
        let first = self.rows_before(before).take(count).last().unwrap_or(before);
        let range = first..before;
        let messages = self.fold.messages().filter(|message| range.contains(&message.seq)).cloned();
        let notices = self.fold.notices().filter(|notice| range.contains(&notice.seq)).cloned();
        (messages.collect(), notices.collect())
    }

    /// The places of the rows before this one, newest first.
    fn rows_before(&self, before: Seq) -> impl Iterator<Item = Seq> {
        let mut messages = self.fold.messages().rev().map(|message| message.seq).peekable();
        let mut notices = self.fold.notices().rev().map(|notice| notice.seq).peekable();
        let merged = std::iter::from_fn(move || match (messages.peek(), notices.peek()) {
            (Some(message), Some(notice)) if message < notice => notices.next(),
            (None, _) => notices.next(),
            _ => messages.next(),
        });
        merged.skip_while(move |seq| *seq >= before)
    }

    fn drain(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        if !self.loaded {
            return changes;
        }
        while let Some(entry) = self.ahead.remove(&(self.applied + 1)) {
            self.applied = entry.seq;
            self.rows += 1;
            let orphan = match &self.orphans {
                Some(_) if concerns_a_message(&entry.body) => Some(entry.clone()),
                _ => None,
            };
            match (self.fold.apply(entry), orphan, &mut self.orphans) {
                (Change::None, Some(orphan), Some(orphans)) => orphans.push(orphan),
                (Change::None, ..) => {}
                (change, ..) => {
                    // An answer in a thread shows on the thread's first message too.
                    let root = change.seq().and_then(|seq| self.fold.root_of(seq));
                    changes.extend(root.filter(|root| Some(*root) != change.seq()).map(Change::Message));
                    changes.push(change);
                }
            }
        }
        changes
    }
}

const fn concerns_a_message(body: &EntryBody) -> bool {
    matches!(
        body,
        EntryBody::Edit { .. } | EntryBody::Delete { .. } | EntryBody::Reaction { .. } | EntryBody::Pin { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_protocol::log::MembershipChange;
    use confab_protocol::{RoomId, Timestamp};

    fn room() -> RoomId {
        "r".parse().unwrap()
    }

    fn entry(seq: Seq, body: EntryBody) -> Entry {
        Entry { room: room(), seq, ts: Timestamp::from_millis(0), body }
    }

    fn message(seq: Seq) -> Entry {
        let (id, cid) = (format!("m{seq}").parse().unwrap(), format!("c{seq}").parse().unwrap());
        let (author, text) = ("a".parse().unwrap(), format!("{seq}"));
        let (files, mentions) = (Vec::new(), Vec::new());
        entry(seq, EntryBody::Message { id, cid, author, text, reply_to: None, thread: None, files, mentions })
    }

    fn edit(seq: Seq, of: Seq) -> Entry {
        let (id, text) = (format!("m{of}").parse().unwrap(), format!("edited at {seq}"));
        entry(seq, EntryBody::Edit { id, text, author: "a".parse().unwrap() })
    }

    /// The page of these messages as of `head`.
    fn page(messages: &[Seq], head: Seq) -> HistoryPage {
        let mut fold = Fold::default();
        messages.iter().for_each(|seq| _ = fold.apply(message(*seq)));
        let start = messages.first() == Some(&1);
        HistoryPage { messages: fold.messages().cloned().collect(), notices: Vec::new(), head, start }
    }

    fn texts(timeline: &Timeline) -> Vec<&str> {
        timeline.fold().messages().map(|Message { text, .. }| text.as_str()).collect()
    }

    #[test]
    fn holes_are_waited_for_and_doubles_dropped() {
        let mut timeline = Timeline::default();
        assert!(timeline.receive(message(4)).is_empty(), "waits for the first page");
        timeline.load(page(&[1, 2], 2));
        assert!(timeline.has_gap() && timeline.is_start());
        assert_eq!(timeline.receive(message(3)), [Change::Message(3), Change::Message(4)]);
        assert!(timeline.receive(message(3)).is_empty() && !timeline.has_gap());
        timeline.note_head(9);
        assert!(timeline.has_gap(), "a signal alone shows a lost tail");
        assert_eq!(texts(&timeline), ["1", "2", "3", "4"]);
    }

    #[test]
    fn an_edit_that_overtakes_an_older_page_is_not_lost() {
        let mut timeline = Timeline::default();
        timeline.load(page(&[3, 4], 4));
        timeline.expect_older();
        assert!(timeline.receive(edit(5, 1)).is_empty(), "nothing to draw yet");
        timeline.prepend(page(&[1, 2], 4));
        assert_eq!(texts(&timeline), ["edited at 5", "2", "3", "4"]);
        assert_eq!((timeline.first(), timeline.applied()), (1, 5));
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_lost_by_it() {
        let mut timeline = Timeline::default();
        timeline.load(page(&[1], 1));
        for seq in (3..2_000).rev() {
            timeline.receive(message(seq));
            assert!(timeline.ahead.len() <= AHEAD_MAX);
        }
        timeline.receive(message(2));
        assert!(timeline.applied() > 500 && timeline.has_gap(), "the rest is fetched");
    }

    #[test]
    fn pages_are_cut_from_it_with_messages_and_notices_in_their_places() {
        let mut timeline = Timeline::default();
        timeline.load(HistoryPage { start: true, ..page(&[], 0) });
        for seq in 1..=10 {
            let (user, author) = (UserId::generate(), UserId::generate());
            let joined = EntryBody::Membership { user, change: MembershipChange::Joined, author };
            let came = if seq % 4 == 0 { entry(seq, joined) } else { message(seq) };
            timeline.receive(came);
        }
        assert_eq!((timeline.tail(10), timeline.tail(11), timeline.tail(3)), (0, 0, 8));
        let (messages, notices) = timeline.page_before(8, 4);
        assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(notices.iter().map(|notice| notice.seq).collect::<Vec<_>>(), [4]);
        assert_eq!(timeline.page_before(3, 60).0.len(), 2);
        assert!(timeline.page_before(1, 60).0.is_empty());
    }

    #[test]
    fn a_long_timeline_lets_its_oldest_go() {
        let mut timeline = Timeline::default();
        timeline.load(page(&[1], 1));
        let mut trimmed = 0;
        for seq in 2..20_000 {
            timeline.receive(message(seq));
            trimmed += usize::from(timeline.trim(true));
            assert!(timeline.rows <= ROWS_MAX);
        }
        assert!(trimmed > 2 && !timeline.is_start());
        let first = timeline.fold().messages().next().unwrap().seq;
        assert_eq!(timeline.first(), first);
    }

    #[test]
    fn whoever_has_paged_back_keeps_what_they_read() {
        let mut timeline = Timeline::default();
        timeline.load(page(&[7_000], 7_000));
        for n in (0..70).rev() {
            timeline.prepend(page(&(1 + 100 * n..(101 + 100 * n).min(7_000)).collect::<Vec<_>>(), 7_000));
        }
        for seq in 7_001..8_000 {
            timeline.receive(message(seq));
            assert!(!timeline.trim(true), "under somebody who may be anywhere in it");
        }
        assert_eq!(timeline.first(), 1);
        assert!(timeline.trim(false), "they went elsewhere");
        for seq in 8_000..20_000 {
            timeline.receive(message(seq));
            timeline.trim(true);
            assert!(timeline.rows <= ROWS_MAX, "that they had paged back is over");
        }
        timeline.prepend(page(&[timeline.first() - 1], 20_000));
        let bounded = (20_000..50_000).any(|seq| {
            timeline.receive(message(seq));
            timeline.trim(true)
        });
        assert!(bounded, "whoever sits there for days does not keep it all");
    }
}
