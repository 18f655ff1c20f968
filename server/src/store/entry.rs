//! How an entry of a log lies in its row: what most kinds share in columns, the rest as JSON in `extra`.
//!
//! The columns have their reasons: `(author, cid)` is unique, `text` is blanked when a message is deleted, `message`
//! finds a message's edits. A new kind of entry needs no new column.
//!
//! A message is named after its place, `ROOM.SEQ`, so that finding it needs no index, which each message would have to be
//! written into. Ids are opaque to clients. Messages of before that have the random ids that they were sent with.

use confab_protocol::file::FileInfo;
use confab_protocol::log::EntryBody;
use confab_protocol::{Cid, MessageId, RoomId, Seq, UserId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Result, StoreError};

/// The columns of an entry's body, on the way into its row.
pub(super) struct Packed<'a> {
    pub kind: &'static str,
    pub author: &'a UserId,
    pub cid: Option<&'a Cid>,
    pub message: Option<&'a MessageId>,
    pub text: Option<&'a str>,
    pub extra: Option<String>,
}

/// The same columns, out of it.
pub(super) struct Columns {
    pub kind: String,
    pub author: UserId,
    pub cid: Option<Cid>,
    pub message: Option<MessageId>,
    pub text: Option<String>,
    pub extra: Option<String>,
}

/// The id of the message at a place.
pub(super) fn message_id(room: &RoomId, seq: Seq) -> Result<MessageId> {
    let id = format!("{room}.{seq}");
    id.parse().map_err(|_| StoreError::Internal(format!("{id} is too long for a message's id")))
}

/// The place in this room that such an id names.
pub(super) fn named_seq(room: &RoomId, id: &MessageId) -> Option<Seq> {
    let seq = id.as_str().strip_prefix(room.as_str())?.strip_prefix('.')?.parse().ok()?;
    // One spelling only: an id is compared as text elsewhere.
    (message_id(room, seq).ok()? == *id).then_some(seq)
}

/// What a message's entry keeps in `extra`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct MessageExtra {
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    #[serde(default)]
    pub thread: Option<MessageId>,
    #[serde(default)]
    pub files: Vec<FileInfo>,
    #[serde(default)]
    pub mentions: Vec<UserId>,
}

impl MessageExtra {
    /// Reads the column.
    pub fn read(extra: Option<&str>) -> Result<Self> {
        extra.map_or_else(|| Ok(Self::default()), |extra| serde_json::from_str(extra).map_err(damaged))
    }
}

/// What is left in `extra` of a message that was deleted, when its files are gone.
pub(super) fn without_files(extra: Option<&str>) -> Result<Option<String>> {
    let Some(extra) = extra else { return Ok(None) };
    let mut fields: Map<String, Value> = serde_json::from_str(extra).map_err(damaged)?;
    fields.remove("files");
    Ok((!fields.is_empty()).then(|| Value::Object(fields).to_string()))
}

/// An entry's body as columns. By hand, since it is on the way of every message: serde would build a map of all fields to
/// take most of them out again.
pub(super) fn pack(body: &EntryBody) -> Packed<'_> {
    let packed = |kind, author| Packed { kind, author, cid: None, message: None, text: None, extra: None };
    match body {
        // Its place is its id.
        EntryBody::Message { id: _, cid, author, text, reply_to, thread, files, mentions } => Packed {
            cid: Some(cid),
            message: None,
            text: Some(text),
            extra: extra([
                ("reply_to", reply_to.as_ref().map(|id| json!(id))),
                ("thread", thread.as_ref().map(|id| json!(id))),
                ("files", (!files.is_empty()).then(|| json!(files))),
                ("mentions", (!mentions.is_empty()).then(|| json!(mentions))),
            ]),
            ..packed("message", author)
        },
        EntryBody::Edit { id, text, author } => {
            Packed { message: Some(id), text: Some(text), ..packed("edit", author) }
        }
        EntryBody::Delete { id, author } => Packed { message: Some(id), ..packed("delete", author) },
        EntryBody::Reaction { id, emoji, on, author } => Packed {
            message: Some(id),
            extra: extra([("emoji", Some(json!(emoji))), ("on", Some(json!(on)))]),
            ..packed("reaction", author)
        },
        EntryBody::Pin { id, on, author } => {
            Packed { message: Some(id), extra: extra([("on", Some(json!(on)))]), ..packed("pin", author) }
        }
        EntryBody::Membership { user, change, author } => Packed {
            extra: extra([("user", Some(json!(user))), ("change", Some(json!(change)))]),
            ..packed("membership", author)
        },
        EntryBody::Room { name, topic, archived, author } => Packed {
            extra: extra([
                ("name", name.as_ref().map(|name| json!(name))),
                ("topic", topic.as_ref().map(|topic| json!(topic))),
                ("archived", archived.map(|archived| json!(archived))),
            ]),
            ..packed("room", author)
        },
    }
}

/// The fields that are there, as JSON; None when there are none.
fn extra<const N: usize>(fields: [(&str, Option<Value>); N]) -> Option<String> {
    let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let fields: Map<String, Value> = there.collect();
    (!fields.is_empty()).then(|| Value::Object(fields).to_string())
}

/// The body that lies in these columns at this place.
pub(super) fn unpack(columns: Columns, room: &RoomId, seq: Seq) -> Result<EntryBody> {
    let named_by_place = columns.kind == "message" && columns.message.is_none();
    let message = if named_by_place { Some(message_id(room, seq)?) } else { columns.message };
    let mut fields: Map<String, Value> = match &columns.extra {
        Some(extra) => serde_json::from_str(extra).map_err(damaged)?,
        None => Map::new(),
    };
    let mut put = |name: &str, value: String| fields.insert(name.into(), Value::String(value));
    put("kind", columns.kind);
    put("author", columns.author.into());
    columns.cid.and_then(|cid| put("cid", cid.into()));
    message.and_then(|id| put("id", id.into()));
    columns.text.and_then(|text| put("text", text));
    serde_json::from_value(Value::Object(fields)).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("an entry cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_protocol::log::MembershipChange;

    fn id<T: std::str::FromStr>(text: &str) -> T
    where
        T::Err: std::fmt::Debug,
    {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_entry_comes_back_as_it_went_in() {
        let plain = EntryBody::Message {
            id: id("r.7"),
            cid: id("c1"),
            author: id("ada"),
            text: "hi \u{1F44B} \"you\"".into(),
            reply_to: None,
            thread: None,
            files: vec![],
            mentions: vec![],
        };
        assert_eq!(pack(&plain).extra, None, "the common message has nothing in JSON");
        let bodies = [
            plain,
            EntryBody::Message {
                id: id("r.7"),
                cid: id("c2"),
                author: id("ada"),
                text: "re".into(),
                reply_to: Some(id("m1")),
                thread: Some(id("m0")),
                files: vec![FileInfo {
                    id: id("f"),
                    name: "a.png".into(),
                    mime: "image/png".into(),
                    bytes: 3,
                    sha256: "00".into(),
                    width: Some(1),
                    height: Some(2),
                    thumb: true,
                }],
                mentions: vec![id("bob")],
            },
            EntryBody::Edit { id: id("m1"), text: String::new(), author: id("ada") },
            EntryBody::Delete { id: id("m1"), author: id("ada") },
            EntryBody::Reaction { id: id("m1"), emoji: "\u{1F44D}".into(), on: false, author: id("bob") },
            EntryBody::Pin { id: id("m1"), on: true, author: id("bob") },
            EntryBody::Membership { user: id("bob"), change: MembershipChange::Kicked, author: id("ada") },
            EntryBody::Room { name: None, topic: Some("t".into()), archived: Some(true), author: id("ada") },
        ];
        for body in bodies {
            let Packed { kind, author, cid, message, text, extra } = pack(&body);
            let columns = Columns {
                kind: kind.into(),
                author: author.clone(),
                cid: cid.cloned(),
                message: message.cloned(),
                text: text.map(Into::into),
                extra,
            };
            assert_eq!(unpack(columns, &id("r"), 7).unwrap(), body);
        }
    }

    #[test]
    fn a_message_is_named_after_its_place_in_one_way() {
        let room = RoomId::generate();
        assert_eq!(named_seq(&room, &message_id(&room, 42).unwrap()), Some(42));
        assert!(message_id(&room, i64::MAX as u64).is_ok(), "the longest one is an id");
        for other in ["42", "r42", "r.", "r.-1", "r.+42", "r.042", "r.42.1", "rr.42", "r.99999999999999999999"] {
            assert_eq!(named_seq(&id("r"), &id(other)), None, "{other}");
        }
        assert_eq!(named_seq(&room, &MessageId::generate()), None);
    }
}
