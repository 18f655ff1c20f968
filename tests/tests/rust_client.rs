//! The client crate that the desktop app is made of, against the real server, while the server and the network fail.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_client::local::Local;
use confab_protocol::event::{MessageSearch, SearchPage};
use confab_tests::{Device, HALL, Proxy, Stage, Wire, room_id};
use serde_json::json;

fn numbered(what: &str, n: usize) -> Vec<String> {
    (0..n).map(|n| format!("{what} {n:04}")).collect()
}

/// What the log itself says, read by another client over another path.
async fn logged(wire: &mut Wire, room: &str, begins: &str) -> Result<Vec<String>> {
    let (mut after, mut texts) = (0, Vec::new());
    loop {
        let page = wire.ok(HALL, "room:sync", json!({ "room": room, "after": after, "limit": 500 })).await?;
        for entry in page["entries"].as_array().context("entries")? {
            ensure!(entry["seq"] == after + 1, "a hole before {entry}");
            after += 1;
            texts.extend(entry["text"].as_str().filter(|text| text.starts_with(begins)).map(str::to_owned));
        }
        if page["more"] != true {
            return Ok(texts);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_apps_chat() -> Result<()> {
    let stage = Stage::new().await?;
    let (_, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    let ada = Device::sign_in(&stage.server.url(), &stage.ada, &room).await?;
    let bob = Device::sign_in(&stage.server.url(), &stage.bob, &room).await?;
    for n in 0..10 {
        ada.send(format!("ada {n:04}")).await?;
        bob.send(format!("bob {n:04}")).await?;
    }
    for device in [&ada, &bob] {
        device.shows("ada", &numbered("ada", 10)).await?;
        device.shows("bob", &numbered("bob", 10)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_found_on_the_server_and_without_it() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (_, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    let kept = tempfile::tempdir()?;
    let (local, _) = Local::open(&kept.path().join("ada.db"))?;
    let ada = Device::sign_in_with(&stage.server.url(), &stage.ada, &room, local).await?;
    let bob = Device::sign_in(&stage.server.url(), &stage.bob, &room).await?;
    for n in 0..3 {
        bob.send(format!("find 東京 {n:04}")).await?;
    }
    let texts = numbered("find 東京", 3);
    ada.shows("find", &texts).await?;
    let to_ada = vec!["@ada, look".to_owned()];
    bob.send(to_ada[0].clone()).await?;
    ada.shows("@ada", &to_ada).await?;
    let asked = MessageSearch { query: "東京 fin".into(), room: Some(room.parse()?), ..MessageSearch::default() };
    let newest_first: Vec<String> = texts.into_iter().rev().collect();
    let found = |page: SearchPage| page.hits.into_iter().map(|hit| hit.message.text).collect::<Vec<_>>();
    ensure!(found(ada.session.search(asked.clone()).await?) == newest_first);
    let mentions = MessageSearch { mentions: Some(stage.ada.id.parse()?), ..MessageSearch::default() };
    ensure!(found(ada.session.search(mentions.clone()).await?) == to_ada);
    stage.server.kill().await?;
    ensure!(ada.session.search(asked.clone()).await.is_err(), "nobody is there to answer");
    ensure!(found(ada.session.search_local(asked).await?) == newest_first, "what was seen is found without the server");
    ensure!(found(ada.session.search_local(mentions).await?) == to_ada);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_killed_while_200_messages_are_sent() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (_, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    let ada = Device::sign_in(&stage.server.url(), &stage.ada, &room).await?;
    let bob = Device::sign_in(&stage.server.url(), &stage.bob, &room).await?;
    let texts = numbered("through the crash", 200);
    for text in &texts[..100] {
        ada.send(text.clone()).await?;
    }
    // Some are through, some are on the wire, some wait.
    bob.until("the first messages", |view| view.committed("through").len() >= 10).await?;
    stage.server.kill().await?;
    for text in &texts[100..] {
        ada.send(text.clone()).await?;
    }
    ada.until("the loss is seen", |view| !view.is_live()).await?;
    stage.server.launch().await?;
    ada.shows("through", &texts).await?;
    bob.shows("through", &texts).await?;
    let (mut cem, _) = stage.enter(&stage.cem).await?;
    ensure!(logged(&mut cem, &room, "through").await? == texts, "all arrived once and in order");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_network_loses_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let (mut cem, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    let proxy = Proxy::start(stage.server.addr()).await?;
    let ada = Device::sign_in(&proxy.url(), &stage.ada, &room).await?;
    let bob = Device::sign_in(&stage.server.url(), &stage.bob, &room).await?;
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for fault in ["none", "cut", "half close", "refuse", "delay"] {
        match fault {
            "cut" => proxy.cut(),
            "half close" => proxy.half_close(),
            "refuse" => {
                proxy.refuse(true);
                proxy.cut();
                ada.until("the loss is seen", |view| !view.is_live()).await?;
            }
            "delay" => proxy.delay(Duration::from_millis(150)),
            _ => {}
        }
        for n in 0..10 {
            up.push(format!("up {fault} {n}"));
            ada.send(up[up.len() - 1].clone()).await?;
            down.push(format!("down {fault} {n}"));
            bob.send(down[down.len() - 1].clone()).await?;
        }
        if fault == "refuse" {
            bob.shows("down", &down).await?;
            proxy.refuse(false);
            ada.session.nudge();
        }
        for device in [&ada, &bob] {
            device.shows("up", &up).await.with_context(|| format!("fault: {fault}"))?;
            device.shows("down", &down).await.with_context(|| format!("fault: {fault}"))?;
        }
    }
    ensure!(proxy.accepted() > 4, "the link was made anew: {}", proxy.accepted());
    ensure!(logged(&mut cem, &room, "up").await? == up, "all arrived once and in order");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_link_is_noticed_and_what_was_missed_is_read() -> Result<()> {
    let stage = Stage::new().await?;
    let (_, ready) = stage.enter(&stage.cem).await?;
    let room = room_id(&ready, "general")?;
    let proxy = Proxy::start(stage.server.addr()).await?;
    let ada = Device::sign_in(&proxy.url(), &stage.ada, &room).await?;
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    proxy.blackhole(true);
    // More than one page of `room:sync`.
    let texts = numbered("missed", 1_100);
    for batch in texts.chunks(100) {
        let messages: Vec<_> =
            batch.iter().map(|text| json!({ "room": room, "cid": confab_tests::cid(), "text": text })).collect();
        bob.ok(HALL, "message:send_batch", json!({ "messages": messages })).await?;
    }
    ada.send("written into the void".into()).await?;
    ada.until("the silence is noticed", |view| !view.is_live()).await?;
    proxy.blackhole(false);
    proxy.cut();
    ada.session.nudge();
    ada.shows("written into the void", &["written into the void".to_owned()]).await?;
    // What lies further back than the timeline keeps is read page by page, as scrolling up does.
    while ada.seen(|view| view.committed("missed").len() < texts.len()) {
        let page = ada.session.load_older(ada.room.clone()).await?;
        if page.start {
            break;
        }
    }
    ada.shows("missed", &texts).await
}
