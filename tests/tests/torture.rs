//! Short runs of the machine that tries to break the server; `make torture` is the long one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_tests::checker::{Invariant as I, Verdict};
use confab_tests::nemesis::{Fault, MUTANT_ENV};
use confab_tests::torture::{Plan, Progress, Summary, run};
use tokio::sync::watch;

/// The run whose clients keep nothing on a disk.
const FORGETFUL: &str = "clients that forget";

async fn torture(name: &str, seed: u64, seconds: u64, faults: &[Fault], env: &[(&str, &str)]) -> Result<Summary> {
    // Kept for whoever looks into a failure, and overwritten by the next run.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("target/")?;
    let plan = Plan {
        seed,
        time: Duration::from_secs(seconds),
        faults: faults.to_vec(),
        rest: Duration::from_millis(1_200),
        per_second: 150,
        postgres: false,
        forgetful: name == FORGETFUL,
        dir: target.join("torture").join(seed.to_string()),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let (_go_on, stop) = watch::channel(false);
    let summary = run(&plan, stop, &watch::channel(Progress::default()).0).await?;
    println!("{name}\n{summary}");
    Ok(summary)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_clients_on_a_server_that_is_killed_and_a_network_that_fails() -> Result<()> {
    let network = [Fault::Cut, Fault::Reset, Fault::Torn, Fault::Duplicate, Fault::HalfClose];
    let processes = [Fault::Kill, Fault::Pause, Fault::ClientKill, Fault::ClientPause, Fault::ClientPoint];
    let faults = [&network[..], &processes].concat();
    let summary = torture("short run", 3, 10, &faults, &[]).await?;
    ensure!(summary.is_good(), "{summary}");
    ensure!(summary.injected.get(&Fault::Kill).is_some_and(|kills| *kills >= 3), "{summary}");
    ensure!(summary.injected.get(&Fault::ClientKill).is_some_and(|kills| *kills >= 2), "{summary}");
    // What such a run always puts to the test. A checker that looked at nothing would be content with anything.
    for invariant in
        [I::I1, I::I2, I::I3, I::I4, I::I6, I::I7, I::I8, I::I9, I::I10, I::I14, I::I15, I::I18, I::I20, I::I24]
    {
        ensure!(matches!(summary.report.verdict(invariant), Verdict::Held(_)), "{invariant:?} in\n{summary}");
    }
    Ok(())
}

/// Under load, and then without power; what a disk may have kept is decided by what the server had flushed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loses_power_or_finds_its_files_changed() -> Result<()> {
    let summary = torture("power and damage", 9, 2, &[Fault::Power, Fault::Damage], &[]).await?;
    ensure!(summary.is_good(), "{summary}");
    let is_possible = summary.left_out.is_empty();
    if is_possible {
        ensure!(matches!(summary.report.verdict(I::I19), Verdict::Held(6..)), "{summary}");
        ensure!(summary.injected.get(&Fault::Damage).is_some_and(|times| *times >= 3), "{summary}");
        let mutant = [(MUTANT_ENV, "ack-before-commit")];
        let summary = torture("acks before what is acked is flushed", 10, 1, &[Fault::Power], &mutant).await?;
        ensure!(
            summary.report.violated().contains(&I::I19),
            "acked writes were not flushed, and the run did not notice:\n{summary}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgets_what_it_acked_is_found_out() -> Result<()> {
    let summary = torture("amnesia", 4, 4, &[Fault::Amnesia], &[]).await?;
    let violated = summary.report.violated();
    ensure!(violated.contains(&I::I1), "acked writes are gone, and the run did not notice:\n{summary}");
    ensure!(violated.contains(&I::I8), "what was seen is gone, and the run did not notice:\n{summary}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_keeps_its_outbox_in_memory_is_found_out() -> Result<()> {
    // A kill finds something that waits, or it does not: the points between drawing and sending always do.
    let faults = [Fault::ClientKill, Fault::ClientPoint, Fault::Blackhole, Fault::Pause];
    let mut unnoticed = String::new();
    for seed in 20..23 {
        let summary = torture(FORGETFUL, seed, 6, &faults, &[]).await?;
        if summary.report.violated().contains(&I::I18) {
            return Ok(());
        }
        unnoticed = summary.to_string();
    }
    anyhow::bail!("drawn messages are gone, and no run noticed; the last one:\n{unnoticed}")
}

/// Servers that each break one promise, in a run like any other: what the checker is for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mutant_of_the_server_is_found_out() -> Result<()> {
    let mutants = [
        ("ack-before-commit", &[Fault::Kill][..], [I::I1, I::I8]),
        ("dedupe-in-memory", &[Fault::Kill], [I::I3, I::I4]),
        ("drop-push", &[], [I::I7, I::I14]),
    ];
    for (seed, (mutant, faults, promises)) in (5..).zip(mutants) {
        let summary = torture(mutant, seed, 6, faults, &[(MUTANT_ENV, mutant)]).await?;
        let violated = summary.report.violated();
        ensure!(promises.iter().any(|promise| violated.contains(promise)), "{mutant} went unnoticed:\n{summary}");
    }
    Ok(())
}
