//! A room of 100,000 messages with pictures, scrolled up and down in Chromium and in the app's window while others write,
//! edit, react and delete in it: what is read stays where it is, to a pixel. `tests/js/scroll.mjs` are the steps.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use confab_tests::{Desktop, HALL, Person, Script, Stage, Wire, cid, room_id, workspace_root};
use serde_json::{Value, json};
use tokio::sync::watch;

const MESSAGES: usize = 100_000;
const BATCH: usize = 100;
/// Batches of one sender that are on their way at a time.
const IN_FLIGHT: usize = 4;
/// How far above the end the link leads.
const FAR: u64 = 3_000;
/// Changes a second while somebody scrolls.
const CHANGES: u64 = 20;

/// Somebody who writes, and what they wrote, oldest first: `seq` and id.
struct Writer {
    wire: Wire,
    room: String,
    pictures: Vec<String>,
    written: Vec<(u64, String)>,
}

impl Writer {
    async fn new(stage: &Stage, who: &Person, room: &str) -> Result<Self> {
        let api = stage.api(who)?;
        let mut pictures = Vec::new();
        for name in ["icon.png", "128x128.png"] {
            let content = std::fs::read(workspace_root().join("src-tauri/icons").join(name))?;
            let file = api.upload(name, "image/png", content).await?;
            pictures.push(file["id"].as_str().context("an id")?.to_owned());
        }
        let (mut wire, _) = stage.enter(who).await?;
        wire.ok(HALL, "room:join", json!({ "room": room })).await?;
        Ok(Self { wire, room: room.to_owned(), pictures, written: Vec::new() })
    }

    /// The body of a message like those that people write: mostly short, some of several lines, some with a picture.
    fn message(&self, n: usize) -> Value {
        let words = "the kettle is on and nobody has read the minutes of the meeting yet ".repeat(1 + n % 3 * (n % 5));
        let text = format!("{n}: {words}{}", if n.is_multiple_of(11) { "\n\n- one\n- two\n- three" } else { "" });
        let mut body = json!({ "room": self.room, "cid": cid(), "text": text });
        if n.is_multiple_of(40) {
            body["files"] = json!([self.pictures[n / 40 % self.pictures.len()]]);
        }
        body
    }

    async fn fill(&mut self, count: usize) -> Result<()> {
        let (mut asked, mut waiting) = (0, std::collections::VecDeque::new());
        while asked < count || !waiting.is_empty() {
            if asked < count && waiting.len() < IN_FLIGHT {
                let messages: Vec<Value> = (asked..asked + BATCH).map(|n| self.message(n)).collect();
                asked += BATCH;
                waiting.push_back(self.wire.ask(HALL, "message:send_batch", json!({ "messages": messages })).await?);
                continue;
            }
            let answer = self.wire.reply(HALL, waiting.pop_front().context("one is waiting")?).await?;
            for result in answer["results"].as_array().context("results")? {
                let id = result["id"].as_str().context("it is committed")?;
                self.written.push((result["seq"].as_u64().context("a seq")?, id.to_owned()));
            }
            self.wire.pushed(HALL, "room:entry").await?;
        }
        Ok(())
    }

    /// Changes something near the end, or near where the link leads; what, the number says.
    async fn change(&mut self, n: usize, link: &str) -> Result<()> {
        let target: u64 = link.rsplit('/').next().context("a seq")?.parse()?;
        let near: Vec<_> = self.written.iter().filter(|(seq, _)| seq.abs_diff(target) < 50).collect();
        let (_, id) = match near.len() {
            some @ 1.. if n % 2 == 1 => near[n * 13 % some],
            _ => &self.written[self.written.len() - 5 - n * 7 % 100],
        };
        let (event, rest) = match n % 5 {
            0 => ("message:send", json!({ "text": format!("News number {n}, see {link}") })),
            1 | 2 => {
                let text = "Edited, and of another length than before. ".repeat(1 + n % 7);
                ("message:edit", json!({ "id": id, "text": text }))
            }
            3 => ("message:react", json!({ "id": id, "emoji": "🎉", "on": n.is_multiple_of(3) })),
            _ if n.is_multiple_of(4) => ("message:delete", json!({ "id": id })),
            _ => ("message:react", json!({ "id": id, "emoji": "👍", "on": true })),
        };
        let mut body = json!({ "room": self.room, "cid": cid() });
        for (name, value) in rest.as_object().context("an object")? {
            body[name] = value.clone();
        }
        // What was deleted before cannot be edited: that is no matter here.
        self.wire.request(HALL, event, body).await?;
        self.wire.pushed(HALL, "room:entry").await?;
        Ok(())
    }
}

/// Both change things, in turns, until they are told to stop.
async fn storm(mut writers: [Writer; 2], link: String, mut stop: watch::Receiver<bool>) -> Result<u64> {
    let mut turns = tokio::time::interval(Duration::from_millis(1_000 / CHANGES));
    for n in 0_u32.. {
        tokio::select! {
            _ = turns.tick() => {}
            _ = stop.changed() => return Ok(n.into()),
        }
        writers[n as usize / 10 % 2].change(n as usize, &link).await?;
    }
    Ok(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_stays_where_it_is_in_a_room_of_100_000_messages() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut ada, ready) = stage.enter(&stage.ada).await?;
    let made = ada.ok(HALL, "room:create", json!({ "name": "archive", "kind": "public" })).await?;
    let room = made["room"]["id"].as_str().context("an id")?.to_owned();

    // What one comes back from is no empty page either.
    let small = room_id(&ready, "random")?;
    for n in 0..30 {
        let message = json!({ "room": small, "cid": cid(), "text": format!("Something else, {n}") });
        ada.ok(HALL, "message:send", message).await?;
    }

    // Nobody reads here while the room is filled: a connection that does not would be cut.
    drop(ada);

    let begun = Instant::now();
    let mut writers = [Writer::new(&stage, &stage.bob, &room).await?, Writer::new(&stage, &stage.cem, &room).await?];
    let [bob, cem] = &mut writers;
    tokio::try_join!(bob.fill(MESSAGES / 2), cem.fill(MESSAGES / 2))?;
    println!("{MESSAGES} messages in {:?}", begun.elapsed());
    let (mut ada, _) = stage.enter(&stage.ada).await?;
    let joined = ada.ok(HALL, "room:join", json!({ "room": room })).await?;
    let head = joined["head"].as_u64().context("a head")?;
    ada.ok(HALL, "read:mark", json!({ "room": room, "seq": head })).await?;
    drop(ada);

    let link = format!("{}/to/general/{room}/{}", stage.server.url(), head - FAR);
    let mut described = stage.describe();
    described["room"] = json!("archive");
    described["other"] = json!("random");
    described["messages"] = json!(MESSAGES);
    described["link"] = json!(link);
    let (stop, stopped) = watch::channel(false);
    let storm = tokio::spawn(storm(writers, link, stopped));

    println!("Chromium\n{}", play(&described).await?);
    let desktop = Desktop::start().await?;
    let app = desktop.open("ada").await?;
    app.sign_in(&stage.server.url(), &stage.ada).await?;
    described["window"] = json!(app.session().await?);
    println!("The app's window\n{}", play(&described).await?);
    app.picture("17-scroll").await?;
    app.close().await?;

    stop.send(true)?;
    println!("{} changes meanwhile", storm.await??);
    Ok(())
}

async fn play(stage: &Value) -> Result<String> {
    Script::node("scroll.mjs").env("CONFAB_STAGE", stage).limit(Duration::from_secs(240)).run().await
}
