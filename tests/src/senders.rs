//! What senders know of what they sent, held against the log of the server that answered them.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::{Person, Stage, Wire, cid, room_id};

/// The namespace of every stage.
pub const HALL: &str = "/general";

/// What a sender knows about one message: the body, and the answer if one came.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The payload of `message:send`.
    pub body: Value,
    /// The reply, if there was one.
    pub answer: Option<Value>,
}

/// All that was sent to the room `general`, and by whom.
#[derive(Debug, Default)]
pub struct History(Vec<(Person, Sent)>);

/// Sends until the connection dies, always eight at once. Each entry of the result is one message; `acked` hears of
/// each answer.
pub async fn send_until_it_dies(mut wire: Wire, room: String, name: String, acked: UnboundedSender<()>) -> Vec<Sent> {
    let mut sent = Vec::new();
    loop {
        let mut window = Vec::new();
        for n in 0..8 {
            let body = json!({ "room": room, "cid": cid(), "text": format!("{name} {} {n}", sent.len()) });
            let Ok(id) = wire.ask(HALL, "message:send", body.clone()).await else { return sent };
            window.push((sent.len(), id));
            sent.push(Sent { body, answer: None });
        }
        for (at, id) in window {
            let Ok(answer) = wire.reply(HALL, id).await else { return sent };
            sent[at].answer = Some(answer);
            // Who counted may have seen enough.
            let _ = acked.send(());
        }
    }
}

/// The whole log of a room, read in pages.
///
/// # Errors
/// When it cannot be read to its head.
pub async fn whole_log(wire: &mut Wire, room: &str) -> Result<Vec<Value>> {
    let mut log = Vec::new();
    loop {
        let after = log.last().map_or(0, |entry: &Value| entry["seq"].as_u64().unwrap_or(0));
        let page = wire.ok(HALL, "room:sync", json!({ "room": room, "after": after, "limit": 500 })).await?;
        ensure!(page["reset"] == false, "the log is short enough to be read from anywhere");
        log.extend(page["entries"].as_array().cloned().unwrap_or_default());
        if page["more"] != true {
            ensure!(
                log.last().map_or(0, |e| e["seq"].as_u64().unwrap_or(0)) == page["head"].as_u64().unwrap_or(0),
                "up to the head"
            );
            return Ok(log);
        }
    }
}

/// Seqs are 1..N.
///
/// # Errors
/// At the first hole or double.
pub fn assert_no_holes(log: &[Value]) -> Result<()> {
    for (at, entry) in log.iter().enumerate() {
        ensure!(entry["seq"] == json!(at + 1), "place {} has seq {}", at + 1, entry["seq"]);
    }
    Ok(())
}

impl History {
    /// Takes in what one sender knows.
    pub fn add(&mut self, who: &Person, sent: Vec<Sent>) {
        self.0.extend(sent.into_iter().map(|sent| (who.clone(), sent)));
    }

    /// Holds all of it against the log of a server that is up again: what was acked is at its place, what was not
    /// answered (or refused with `unavailable`) is there at most once; then all of that is sent again, and is there once.
    ///
    /// # Errors
    /// At the first broken promise, and when fewer than `enough` were sent or all were acked: then nothing was tried.
    pub async fn hold(&self, stage: &Stage, enough: usize) -> Result<()> {
        let (mut reader, ready) = stage.enter(&stage.ada).await?;
        let room = room_id(&ready, "general")?;
        let log = whole_log(&mut reader, &room).await?;
        assert_no_holes(&log)?;
        let by_cid = by_author_and_cid(&log);
        let mut open = 0;
        for (person, sent) in &self.0 {
            let found = by_cid.get(&key(person, sent)).map_or(&[][..], |found| found);
            ensure!(found.len() <= 1, "{} is in the log {} times", sent.body, found.len());
            let Some(answer) = sent.acked() else {
                open += 1;
                continue;
            };
            let entry = found.first().copied().unwrap_or(&Value::Null);
            ensure!(same_place(entry, answer), "acked {answer}, but the log has {entry}");
            ensure!(entry["text"] == sent.body["text"], "another text: {entry}");
        }
        ensure!(self.0.len() > enough && open > 0, "{} sent, {open} not acked: the fault hit nothing", self.0.len());

        let mut devices: HashMap<String, Wire> = HashMap::new();
        for person in [&stage.ada, &stage.bob, &stage.cem] {
            devices.insert(person.id.clone(), stage.enter(person).await?.0);
        }
        let again = self.0.iter().filter(|(_, sent)| sent.acked().is_none());
        for (person, sent) in again.chain(self.0.iter().step_by(17)) {
            let Some(wire) = devices.get_mut(&person.id) else { continue };
            let answer = wire.ok(HALL, "message:send", sent.body.clone()).await?;
            if let Some(entry) = by_cid.get(&key(person, sent)).and_then(|found| found.first()) {
                ensure!(same_place(entry, &answer), "a retry got {answer}, the log has {entry}");
            }
            let mut other = sent.body.clone();
            other["text"] = json!("another body");
            wire.refused("conflict", HALL, "message:send", other).await?;
        }
        let healed = whole_log(&mut reader, &room).await?;
        assert_no_holes(&healed)?;
        let by_cid = by_author_and_cid(&healed);
        for (person, sent) in &self.0 {
            let times = by_cid.get(&key(person, sent)).map_or(0, Vec::len);
            ensure!(times == 1, "{} is in the log {times} times after it was sent again", sent.body);
        }
        Ok(())
    }
}

impl Sent {
    /// The answer, if it was a yes. A refusal that may be tried again leaves the message where it was: with its sender.
    fn acked(&self) -> Option<&Value> {
        self.answer.as_ref().filter(|answer| answer["error"]["code"] != "unavailable")
    }
}

fn key(person: &Person, sent: &Sent) -> (String, String) {
    (person.id.clone(), sent.body["cid"].as_str().unwrap_or_default().to_owned())
}

fn by_author_and_cid(log: &[Value]) -> HashMap<(String, String), Vec<&Value>> {
    let mut found: HashMap<_, Vec<&Value>> = HashMap::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for entry in log.iter().filter(|entry| entry["kind"] == "message") {
        found.entry((text(&entry["author"]), text(&entry["cid"]))).or_default().push(entry);
    }
    found
}

/// A refusal has no place, and so is never the same.
fn same_place(entry: &Value, answer: &Value) -> bool {
    answer["ok"] == true && ["id", "seq", "ts", "cid"].iter().all(|field| entry[field] == answer[field])
}
