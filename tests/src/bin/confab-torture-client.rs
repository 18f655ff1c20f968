//! The product's client without a window, for the torture: takes its orders on standard input, says on standard output
//! what it accepts and draws, and is killed.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use confab_client::fault::{self, Point};
use confab_client::local::Local;
use confab_client::session::{Identity, Session};
use confab_client::view::NewMessage;
use confab_protocol::Error;
use confab_protocol::account::Secret;
use confab_tests::workload::{Order, Said};
use tokio::sync::mpsc;

/// One session of the product's client, by orders from standard input.
#[derive(Parser)]
#[command(name = "confab-torture-client", about)]
struct Arguments {
    /// The account's database; without one nothing outlives the process, which is what a run must find out
    #[arg(long, value_name = "FILE")]
    local: Option<PathBuf>,
    /// Ends the process when it comes to this point of the client for the N-th time
    #[arg(long, value_name = "POINT@N")]
    crash: Option<String>,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let Arguments { local, crash } = Arguments::parse();
    if let Some(crash) = crash {
        let (name, nth) = crash.split_once('@').context("POINT@N")?;
        let point = Point::ALL.into_iter().find(|point| format!("{point:?}") == name);
        fault::arm(point.with_context(|| format!("no point {name}"))?, nth.parse()?);
    }
    // A thread of its own: orders are taken even while what is said waits for a reader.
    let (lines, mut orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || std::io::stdin().lock().lines().map_while(Result::ok).try_for_each(|l| lines.send(l)));
    let mut next = async || match orders.recv().await {
        Some(line) => Ok(Some(serde_json::from_str::<Order>(&line).context(line)?)),
        None => anyhow::Ok(None),
    };
    let Some(Order::Begin { account, token, workspace }) = next().await? else { bail!("the first order is to begin") };
    let local = match local {
        Some(file) => {
            let (local, aside) = Local::open(&file)?;
            ensure!(aside.is_none(), "the database of this account was damaged: {aside:?}");
            local
        }
        None => Local::none(),
    };
    let (updates, mut drawn) = mpsc::channel(256);
    let session = Session::start(Identity { account, token: Secret(token) }, local, updates);
    tokio::spawn(async move {
        while let Some(update) = drawn.recv().await {
            say(&Said::Draw { update: Box::new(update) });
        }
    });
    session.open_workspace(workspace).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    while let Some(order) = next().await? {
        obey(&session, order).await;
    }
    session.close();
    Ok(())
}

/// Messages are sent one after the other, as somebody types them; all else takes as long as the network is away.
async fn obey(session: &Session, order: Order) {
    let (own, session) = (session, session.clone());
    let told = |op: u64, result: Result<(), Error>| {
        if let Err(error) = result {
            say(&Said::Refused { cid: None, op: Some(op), code: code(&error) });
        }
    };
    match order {
        Order::Begin { .. } => {}
        Order::Send { room, cid, text } => {
            let message = NewMessage { room, text, reply_to: None, thread: None, files: Vec::new() };
            say(&match own.send_as(cid.clone(), message).await {
                Ok(_) => Said::Accepted { cid },
                Err(error) => Said::Refused { cid: Some(cid), op: None, code: code(&error) },
            });
        }
        // What it answers comes as a picture of the timeline, too.
        Order::Open { room } => drop(tokio::spawn(async move { session.open_room(room).await })),
        Order::Edit { room, id, text, op } => {
            drop(tokio::spawn(async move { told(op, session.edit(room, id, text).await) }));
        }
        Order::Delete { room, id, op } => {
            drop(tokio::spawn(async move { told(op, session.delete(room, id).await) }));
        }
        Order::React { room, id, emoji, on, op } => {
            drop(tokio::spawn(async move { told(op, session.react(room, id, emoji, on).await) }));
        }
    }
}

fn code(error: &Error) -> String {
    serde_json::to_value(error.code).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One line. Whoever does not read any more has gone, and so does this process.
fn say(said: &Said) {
    let Ok(mut line) = serde_json::to_vec(said) else { return };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
