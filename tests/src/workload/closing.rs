//! The last reading, when nothing fails any more: what the logs say, and whether everybody reads the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::board::Board;
use super::link::{Link, NoLink};
use crate::Person;
use crate::history::{Call, Journal, Logged, What};

/// Messages on one page.
const PAGE: usize = 200;

/// Everybody reads the pages of every room of theirs from the newest to the oldest; the owner, who never leaves a
/// room, also reads the raw logs, which are what the rest is judged by.
///
/// # Errors
/// When the server does not answer.
pub async fn close(addr: SocketAddr, board: &Arc<Board>, journal: &Journal) -> Result<()> {
    for (at, person) in board.people.iter().enumerate() {
        let (mut link, rooms) = enter(addr, person, at == 0, board, journal).await?;
        for room in &rooms {
            pages(&mut link, room).await?;
        }
        journal.recorder(format!("{}-end", person.login)).note(What::Down);
    }
    room_logs(addr, board, journal).await
}

/// The owner reads every log of hers from its first entry to its head; they become the final logs of the history.
///
/// # Errors
/// When the server does not answer, or a log is too long to be read.
pub async fn room_logs(addr: SocketAddr, board: &Arc<Board>, journal: &Journal) -> Result<()> {
    let owner = board.people.first().context("an owner")?;
    let (mut link, rooms) = enter(addr, owner, true, board, journal).await?;
    for room in rooms {
        let mut entries: Vec<Logged> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let (body, call) = (json!({ "room": room, "after": after }), Call::Sync { room: room.clone(), after });
            let page = link.request("room:sync", body, call).await?;
            ensure!(page["ok"] == true && page["reset"] == false, "the log of {room} cannot be read: {page:.300}");
            let read = page["entries"].as_array().context("entries")?;
            entries.extend(read.iter().map(Logged::read).collect::<Result<Vec<_>>>()?);
            if page["more"] != true || read.is_empty() {
                break;
            }
        }
        journal.recorder("run").note(What::Log { room, entries });
    }
    journal.recorder(format!("{}-end", owner.login)).note(What::Down);
    Ok(())
}

async fn enter(
    addr: SocketAddr,
    person: &Person,
    admin: bool,
    board: &Arc<Board>,
    journal: &Journal,
) -> Result<(Link, Vec<String>)> {
    let recorder = journal.recorder(format!("{}-end", person.login));
    recorder.note(What::Process { user: person.id.clone(), admin, app: false });
    // Nothing is known yet: every room of theirs is behind.
    match Link::enter(addr, &person.token, false, recorder, board.clone(), BTreeMap::new()).await {
        Ok(link) => {
            let rooms = link.behind.keys().cloned().collect();
            Ok((link, rooms))
        }
        Err(NoLink::Refused(code)) => bail!("{} was refused at the end with {code}", person.login),
        Err(NoLink::Lost) => bail!("{} got no answer at the end", person.login),
    }
}

async fn pages(link: &mut Link, room: &str) -> Result<()> {
    let mut before: Option<u64> = None;
    loop {
        let mut body = json!({ "room": room, "limit": PAGE });
        if let Some(before) = before {
            body["before"] = json!(before);
        }
        let page = link.request("room:history", body, Call::Page { room: room.to_owned(), before }).await?;
        let first = page["messages"].as_array().and_then(|messages| messages.first());
        match first.and_then(|message: &Value| message["seq"].as_u64()) {
            Some(seq) if page["start"] == false => before = Some(seq),
            _ => return Ok(()),
        }
    }
}
