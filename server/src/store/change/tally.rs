//! What the messages of one group share. A room's row and its members' markers would be written once per message; the
//! group is one transaction, and nobody sees what is in between, so they are written once per group.
//!
//! **Invariant.** A tally lives through messages only. Before any other kind of write it is settled, since those read what
//! it owes, and change what it believes.

use std::collections::BTreeMap;

use confab_protocol::{Error, RoomId, Slug, UserId};

use super::append::{Counts, Place, count};
use crate::chat::rules::Standing;
use crate::store::Result;
use crate::store::read::room;
use crate::store::sql::{Sql, params};

/// Per room, what is known of it in this transaction and what is still to be written.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<RoomId, Room>);

#[derive(Default)]
struct Room {
    place: Option<Place>,
    /// The row is behind `place`.
    owed: bool,
    people: BTreeMap<UserId, Person>,
}

struct Person {
    slug: Slug,
    standing: Standing,
    /// Where their marker is to be put.
    read: Option<Place>,
}

impl Tally {
    /// How someone stands to a room of this workspace.
    pub async fn standing<S: Sql>(&mut self, sql: &mut S, slug: &Slug, id: &RoomId, user: &UserId) -> Result<Standing> {
        if let Some(person) = self.0.get(id).and_then(|room| room.people.get(user))
            && person.slug == *slug
        {
            return Ok(person.standing);
        }
        let standing = room::standing(sql, slug, id, user).await?.ok_or_else(Error::not_found)?;
        let person = Person { slug: slug.clone(), standing, read: None };
        self.0.entry(id.clone()).or_default().people.entry(user.clone()).or_insert(person);
        Ok(standing)
    }

    /// The place of the next entry. The first one of a room writes its row, and so locks it until the commit.
    pub async fn next<S: Sql>(&mut self, sql: &mut S, id: &RoomId, messages: i64) -> Result<Place> {
        let room = self.0.entry(id.clone()).or_default();
        let place = match room.place {
            Some(last) => {
                room.owed = true;
                Place { seq: last.seq + 1, messages: last.messages.saturating_add_signed(messages) }
            }
            None => count(sql, id, Counts { messages, members: 0 }).await?,
        };
        room.place = Some(place);
        Ok(place)
    }

    /// Who writes has read what stands above.
    pub fn has_read(&mut self, id: &RoomId, user: &UserId, place: Place) {
        if let Some(person) = self.0.get_mut(id).and_then(|room| room.people.get_mut(user)) {
            person.read = Some(place);
        }
    }

    /// Writes what is owed, and forgets everything.
    pub async fn settle<S: Sql>(&mut self, sql: &mut S) -> Result<()> {
        for (id, room) in std::mem::take(&mut self.0) {
            if let (true, Some(place)) = (room.owed, room.place) {
                sql.execute(
                    "UPDATE rooms SET head = ?2, messages = ?3 WHERE id = ?1",
                    params![&id, place.seq, place.messages],
                )
                .await?;
            }
            for (user, person) in room.people {
                if let Some(place) = person.read {
                    sql.execute(
                        "UPDATE room_members SET read = ?3, read_num = ?4 WHERE room = ?1 AND user_id = ?2",
                        params![&id, &user, place.seq, place.messages],
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }
}
