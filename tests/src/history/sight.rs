//! Entries and messages as a history keeps them: prints instead of bodies, so that hundreds of thousands fit.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A 64-bit print (FNV-1a), the same in every build: it tells accidents apart, and nobody here forges.
#[must_use]
pub fn print(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The print of an empty text: what a deleted message reads as.
pub(crate) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// One entry of a log, as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// Its place.
    pub seq: u64,
    /// Print of everything but the text: it never changes.
    pub print: u64,
    /// Print of the text; a deletion empties it.
    pub text: u64,
}

/// One entry of the final log, with all that the checker needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logged {
    /// Its place.
    pub seq: u64,
    /// When it was committed.
    pub ts: String,
    /// `message`, `edit`, `delete`, `reaction`, `pin`, `membership` or `room`.
    pub kind: String,
    /// The message that it is or concerns.
    pub id: Option<String>,
    /// The author's id of a message.
    pub cid: Option<String>,
    /// Who did it.
    pub author: String,
    /// Who came or went.
    pub user: Option<String>,
    /// How.
    pub change: Option<String>,
    /// Which reaction.
    pub emoji: Option<String>,
    /// Put on or taken off.
    pub on: Option<bool>,
    /// Whom a message mentions.
    pub mentions: Vec<String>,
    /// As in [`Sight`].
    pub print: u64,
    /// As in [`Sight`].
    pub text: u64,
}

/// A message of `room:history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// The place of its first entry.
    pub seq: u64,
    /// The server's id.
    pub id: String,
    /// Print of the text as it reads now.
    pub text: u64,
    /// Its text was replaced.
    pub edited: bool,
    /// It is deleted.
    pub deleted: bool,
    /// `emoji user`, sorted.
    pub reactions: Vec<String>,
}

/// A row that a product client draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The author's id of the message.
    pub cid: String,
    /// Who wrote it.
    pub author: String,
    /// Its place, once it has one.
    pub seq: Option<u64>,
    /// Print of the text.
    pub text: u64,
    /// It is drawn as edited.
    pub edited: bool,
    /// It is deleted.
    pub deleted: bool,
    /// `emoji user`, sorted.
    pub reactions: Vec<String>,
    /// How far it is.
    pub state: Progress,
}

/// How far a drawn message is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Waits or is on the wire.
    Pending,
    /// Committed.
    Sent,
    /// Visibly failed.
    Failed,
}

impl Sight {
    /// From an entry on the wire.
    ///
    /// # Errors
    /// When it has no `seq`.
    pub fn read(entry: &Value) -> Result<Self> {
        let fields = entry.as_object().context("an entry is an object")?;
        let seq = entry["seq"].as_u64().with_context(|| format!("no seq: {entry}"))?;
        let mut parts: Vec<_> = fields.iter().filter(|(name, _)| *name != "text").collect();
        // The order of fields says nothing, and may depend on who serialized.
        parts.sort_by_key(|(name, _)| name.as_str());
        let canonical: String = parts.iter().map(|(name, value)| format!("{name}={value};")).collect();
        Ok(Self { seq, print: print(&canonical), text: print(entry["text"].as_str().unwrap_or_default()) })
    }

    /// Those of an array on the wire.
    ///
    /// # Errors
    /// When it is not an array of entries.
    pub fn all(entries: &Value) -> Result<Vec<Self>> {
        entries.as_array().with_context(|| format!("no entries: {entries}"))?.iter().map(Self::read).collect()
    }
}

impl Logged {
    /// From an entry on the wire.
    ///
    /// # Errors
    /// When it has no `seq`.
    pub fn read(entry: &Value) -> Result<Self> {
        let Sight { seq, print, text } = Sight::read(entry)?;
        let word = |name: &str| entry[name].as_str().map(str::to_owned);
        Ok(Self {
            seq,
            ts: word("ts").unwrap_or_default(),
            kind: word("kind").unwrap_or_default(),
            id: word("id"),
            cid: word("cid"),
            author: word("author").unwrap_or_default(),
            user: word("user"),
            change: word("change"),
            emoji: word("emoji"),
            on: entry["on"].as_bool(),
            mentions: words(&entry["mentions"]),
            print,
            text,
        })
    }
}

impl Folded {
    /// From a message of `room:history`.
    ///
    /// # Errors
    /// When it has no `seq` or `id`.
    pub fn read(message: &Value) -> Result<Self> {
        let mut reactions: Vec<String> = message["reactions"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|reaction| {
                let emoji = reaction["emoji"].as_str().unwrap_or_default().to_owned();
                words(&reaction["users"]).into_iter().map(move |user| format!("{emoji} {user}"))
            })
            .collect();
        reactions.sort();
        Ok(Self {
            seq: message["seq"].as_u64().with_context(|| format!("no seq: {message}"))?,
            id: message["id"].as_str().with_context(|| format!("no id: {message}"))?.to_owned(),
            text: print(message["text"].as_str().unwrap_or_default()),
            edited: message["edited_ts"].is_string(),
            deleted: message["deleted"] == true,
            reactions,
        })
    }
}

fn words(array: &Value) -> Vec<String> {
    array.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}
