//! How an entry of a log lies in its row: what most kinds share in columns, the rest as JSON in `extra`.
//!
//! The columns have their reasons: `(author, cid)` is unique, `text` is blanked when a message is deleted, `message`
//! finds a message's edits. A new kind of entry needs no new column.

use confab_protocol::log::EntryBody;
use confab_protocol::{Cid, MessageId, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Result, StoreError};

/// The columns of an entry's body.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    pub kind: String,
    pub author: UserId,
    pub cid: Option<Cid>,
    pub message: Option<MessageId>,
    pub text: Option<String>,
    pub extra: Option<String>,
}

/// What a message's entry keeps in `extra`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct MessageExtra {
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    #[serde(default)]
    pub thread: Option<MessageId>,
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub mentions: Vec<UserId>,
}

impl MessageExtra {
    /// Reads the column.
    pub fn read(extra: Option<&str>) -> Result<Self> {
        extra.map_or_else(|| Ok(Self::default()), |extra| serde_json::from_str(extra).map_err(damaged))
    }
}

/// An entry's body as columns.
pub(super) fn pack(body: &EntryBody) -> Result<Columns> {
    let broken = || StoreError::Internal("an entry has no kind or no author".into());
    let Value::Object(mut fields) = serde_json::to_value(body).map_err(|e| StoreError::Internal(e.to_string()))? else {
        return Err(broken());
    };
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let kind = text("kind").ok_or_else(broken)?;
    let author = text("author").and_then(|id| id.parse().ok()).ok_or_else(broken)?;
    let cid = text("cid").and_then(|id| id.parse().ok());
    let message = text("id").and_then(|id| id.parse().ok());
    let text = text("text");
    if matches!(fields.get("mentions"), Some(Value::Array(mentions)) if mentions.is_empty()) {
        fields.remove("mentions");
    }
    let extra = (!fields.is_empty()).then(|| Value::Object(fields).to_string());
    Ok(Columns { kind, author, cid, message, text, extra })
}

/// The body that lies in these columns.
pub(super) fn unpack(columns: Columns) -> Result<EntryBody> {
    let mut fields: Map<String, Value> = match &columns.extra {
        Some(extra) => serde_json::from_str(extra).map_err(damaged)?,
        None => Map::new(),
    };
    let mut put = |name: &str, value: String| fields.insert(name.into(), Value::String(value));
    put("kind", columns.kind);
    put("author", columns.author.into());
    columns.cid.and_then(|cid| put("cid", cid.into()));
    columns.message.and_then(|id| put("id", id.into()));
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
            id: id("m1"),
            cid: id("c1"),
            author: id("ada"),
            text: "hi \u{1F44B} \"you\"".into(),
            reply_to: None,
            thread: None,
            files: vec![],
            mentions: vec![],
        };
        assert_eq!(pack(&plain).unwrap().extra, None, "the common message has nothing in JSON");
        let bodies = [
            plain,
            EntryBody::Message {
                id: id("m2"),
                cid: id("c2"),
                author: id("ada"),
                text: "re".into(),
                reply_to: Some(id("m1")),
                thread: Some(id("m0")),
                files: vec!["f".into()],
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
            let columns = pack(&body).unwrap();
            assert_eq!(unpack(columns).unwrap(), body);
        }
    }
}
