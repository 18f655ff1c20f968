//! Finds a page of messages.
//!
//! Rare words have few proposals in the whole index, which are then all there is to look at. Of common ones the rooms are asked
//! one by one, those with the newest entries first, until no other room can have anything newer than the page.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use confab_protocol::event::{Has, Hit, Incomplete, SearchPage};
use confab_protocol::log::Message;
use confab_protocol::search::Wanted;
use confab_protocol::{RoomId, Seq, Slug, UserId};

use super::rooms::{Key, Room, bounds, of_user};
use super::stream::{Source, Stream};
use super::{Index, Keys};
use crate::store::read::log::{message_at, with_own_reactions};
use crate::store::{Result, Search, StoreError};

/// With fewer proposals than this in the whole index, all of them are taken at once.
const RARE: usize = 512;
/// Entries that the index has not seen, of all rooms together: some milliseconds. It is behind by what came in a second.
const UNSEEN_MAX: usize = 3_000;
/// Texts of a page, beyond which it ends.
const PAGE_BYTES: usize = confab_protocol::limits::PAGE_BYTES;

/// A page for one user, and what it lacks. Ends when the time is over.
pub async fn page<S: Index>(
    sql: &mut S,
    slug: &Slug,
    user: &UserId,
    search: &Search,
    end: Instant,
) -> Result<SearchPage> {
    let cursor = search.cursor.as_deref().map(Key::from_cursor).transpose()?;
    let rooms = of_user(sql, slug, user, search.room.as_ref()).await?;
    let mut look =
        Look { wanted: &search.wanted, cursor, limit: search.limit, hits: Vec::new(), unseen: UNSEEN_MAX, end };
    let incomplete = match look.through(sql, &rooms).await {
        Ok(()) if look.unseen == 0 => Some(Incomplete::Indexing),
        Ok(()) => None,
        Err(StoreError::Interrupted) => Some(Incomplete::Time),
        Err(error) => return Err(error),
    };
    Ok(look.into_page(incomplete))
}

/// A hit, and what is to be highlighted in it.
type Found = (Key, Message, Vec<(u32, u32)>);

struct Look<'a> {
    wanted: &'a Wanted,
    cursor: Option<Key>,
    limit: usize,
    /// The best so far, in order; one more than the page has, to know whether there are more.
    hits: Vec<Found>,
    unseen: usize,
    end: Instant,
}

impl Look<'_> {
    async fn through<S: Index>(&mut self, sql: &mut S, rooms: &[Room]) -> Result<()> {
        let keys = match Keys::new(self.wanted) {
            Some(keys) => Some(sql.choose(keys).await?),
            None => None,
        };
        let mentioned = self.wanted.mentions.as_ref();
        let mut known = match &keys {
            // Mentions of one person are fewer than messages with a word.
            Some(keys) if rooms.len() > 1 && mentioned.is_none() => rare(sql, keys).await?,
            _ => None,
        };
        for room in rooms {
            if self.last().is_some_and(|last| last.ts > room.newest) {
                break;
            }
            let source = match (&keys, &mut known, mentioned) {
                (keys, _, Some(user)) => Source::Mentions(user, keys.as_ref()),
                (Some(_), Some(known), None) => Source::Known(known.remove(&room.id).unwrap_or_default()),
                (Some(keys), None, None) => Source::Index(keys),
                (None, _, None) => Source::Reactions,
            };
            self.in_room(sql, room, source).await?;
        }
        Ok(())
    }

    async fn in_room<S: Index>(&mut self, sql: &mut S, room: &Room, source: Source<'_>) -> Result<()> {
        if let Source::Known(known) = &source
            && known.is_empty()
            && room.head == room.indexed
        {
            return Ok(());
        }
        let bounds = bounds(sql, room, self.wanted, self.cursor.as_ref()).await?;
        if bounds.0 + 1 >= bounds.1 {
            return Ok(());
        }
        let mut stream = Stream::open(sql, source, room, bounds, self.wanted, &mut self.unseen).await?;
        while let Some(seq) = stream.next(sql, self.end).await? {
            let Some(message) = message_at(sql, &room.id, seq).await? else { continue };
            let key = Key { ts: message.ts, room: room.id.clone(), seq };
            if self.last().is_some_and(|last| !key.precedes(last)) {
                // What follows in this room is older still.
                break;
            }
            if self.cursor.as_ref().is_some_and(|cursor| !cursor.precedes(&key)) {
                continue;
            }
            self.judge(sql, key, message).await?;
        }
        Ok(())
    }

    async fn judge<S: Index>(&mut self, sql: &mut S, key: Key, mut message: Message) -> Result<()> {
        let needs_reactions = self.wanted.has == Some(Has::Reaction);
        if needs_reactions {
            message = with_own_reactions(sql, &key.room, message).await?;
        }
        let Some(highlights) = self.wanted.find(&message) else { return Ok(()) };
        if !needs_reactions {
            message = with_own_reactions(sql, &key.room, message).await?;
        }
        let at = self.hits.partition_point(|(other, ..)| other.precedes(&key));
        self.hits.insert(at, (key, message, highlights));
        self.hits.truncate(self.limit + 1);
        Ok(())
    }

    /// The last hit of a page that is full.
    fn last(&self) -> Option<&Key> {
        self.hits.get(self.limit).map(|(key, ..)| key)
    }

    fn into_page(mut self, incomplete: Option<Incomplete>) -> SearchPage {
        let (mut bytes, mut count) = (0, 0);
        while count < self.hits.len().min(self.limit) && bytes < PAGE_BYTES {
            bytes += self.hits[count].1.text.len();
            count += 1;
        }
        let more = self.hits.len() > count;
        self.hits.truncate(count);
        let cursor = self.hits.last().filter(|_| more).map(|(key, ..)| key.to_cursor());
        let hits =
            self.hits.into_iter().map(|(Key { room, .. }, message, highlights)| Hit { room, message, highlights });
        SearchPage { hits: hits.collect(), cursor, incomplete }
    }
}

/// All proposals of the whole index by room, when they are few.
async fn rare<S: Index>(sql: &mut S, keys: &Keys) -> Result<Option<HashMap<RoomId, BTreeSet<Seq>>>> {
    let all = sql.everywhere(keys, RARE).await?;
    if all.len() >= RARE {
        return Ok(None);
    }
    let mut rooms: HashMap<RoomId, BTreeSet<Seq>> = HashMap::new();
    for (room, seq) in all {
        rooms.entry(room).or_default().insert(seq);
    }
    Ok(Some(rooms))
}
