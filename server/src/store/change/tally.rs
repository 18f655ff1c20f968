//! What the messages of one group share. How people stand to a room, and where its log ends, would be read once per
//! message, and markers written; the group is one transaction, and nobody sees what is in between: once per group does.
//!
//! **Invariant.** A tally lives through messages only. Before any other kind of write it is settled, since those read what
//! it owes, and change what it believes.

use std::collections::BTreeMap;

use confab_protocol::{Error, RoomId, Slug, UserId};

use super::append::Place;
use crate::chat::rules::Standing;
use crate::store::Result;
use crate::store::read::room;
use crate::store::sql::{Sql, params};

/// Per room, what is known of it in this transaction, and which markers are still to be written.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<RoomId, Room>);

#[derive(Default)]
struct Room {
    head: Option<Place>,
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

    /// Where a room's log ends, if that is known.
    pub fn head(&self, id: &RoomId) -> Option<Place> {
        self.0.get(id)?.head
    }

    /// A room's log ends here now.
    pub fn moved(&mut self, id: &RoomId, head: Place) {
        self.0.entry(id.clone()).or_default().head = Some(head);
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
            for (user, person) in room.people {
                if let Some(place) = person.read {
                    sql.execute(
                        "UPDATE room_members SET read = ?3, read_num = ?4 WHERE room = ?1 AND user_id = ?2",
                        params![&id, &user, place.seq, place.num],
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }
}
