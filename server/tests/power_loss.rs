//! Power is lost in the middle of commits: whatever a disk may have kept by then, all that was acked is recovered.
//!
//! The writes of each commit are what differs between the files before and after it. Until the fsync a disk may keep
//! any of them, in any order, down to the sector; each such state is written out and opened by the store. What the
//! test takes for granted is the fsync itself (`synchronous = FULL`): a process cannot see whether its kernel
//! was asked for one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

#[path = "store_contract/world.rs"]
#[allow(dead_code, reason = "shared with the contract of the stores")]
mod world;

use std::path::{Path, PathBuf};

use confab_protocol::Cid;
use confab_protocol::log::Entry;
use confab_server::store::{Location, StoreError, open};
use world::{World, log};

/// SQLite's page, and a frame of the `-wal` around one.
const PAGE: usize = 4096;
const FRAME: usize = PAGE + 24;
const WAL_HEADER: usize = 32;
/// What a disk writes at once.
const SECTOR: usize = 512;
/// Frames in the log when it is emptied into the database.
const FULL: u32 = 2_000;
/// Where states are taken in the life of a log: when it has begun anew, and when it is about to be emptied. In between it
/// is only filled, since a state costs as much as its log is long.
const EARLY: u32 = 500;
const LATE: u32 = FULL - 60;

/// The files at one moment.
#[derive(Clone, PartialEq)]
struct Files {
    db: Vec<u8>,
    wal: Vec<u8>,
    /// What the database is held against when it is opened.
    seal: Vec<u8>,
}

/// The logs of both rooms.
type Logs = (Vec<Entry>, Vec<Entry>);

impl Files {
    fn read(db: &Path) -> Self {
        let beside = |suffix| std::fs::read(beside(db, suffix)).unwrap_or_default();
        Self { db: std::fs::read(db).unwrap(), wal: beside("-wal"), seal: beside("-seal") }
    }

    /// Frames in the log, as the seal's mark has it.
    fn frames(&self) -> u32 {
        u32::from_le_bytes(self.seal[20..24].try_into().unwrap())
    }

    fn write(&self, db: &Path) {
        std::fs::write(db, &self.db).unwrap();
        std::fs::write(beside(db, "-wal"), &self.wal).unwrap();
        std::fs::write(beside(db, "-seal"), &self.seal).unwrap();
    }
}

fn beside(db: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", db.display()))
}

/// A generator that needs no crate (xorshift); the same states in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// A file between two states: in each piece of this size it is old or new, as `keeps` says; what is beyond the old
/// end and was not kept reads as zeros.
fn mixed(old: &[u8], new: &[u8], pieces: &[std::ops::Range<usize>], mut keeps: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut file = old.to_vec();
    for (at, piece) in pieces.iter().enumerate() {
        if keeps(at) {
            file.resize(file.len().max(piece.end), 0);
            file[piece.clone()].copy_from_slice(&new[piece.clone()]);
        }
    }
    file
}

/// Pieces of this size, from `from` on, in which the new file differs from the old one.
fn differing(old: &[u8], new: &[u8], from: usize, size: usize) -> Vec<std::ops::Range<usize>> {
    let starts = (from..new.len()).step_by(size);
    let pieces = starts.map(|start| start..(start + size).min(new.len()));
    pieces.filter(|piece| old.get(piece.clone()) != Some(&new[piece.clone()])).collect()
}

/// What a disk may hold while the `-wal` is written and not yet synced: the database is as before. The mark in the seal is
/// never synced, so it may be that of an earlier commit.
fn during_the_commit(before: &Files, after: &Files, earlier: &[u8], dice: &mut Dice) -> Vec<Files> {
    let mut marks = Dice(dice.0);
    let mut with = |wal| {
        let seal = if marks.yes() { before.seal.clone() } else { earlier.to_owned() };
        Files { db: before.db.clone(), wal, seal }
    };
    // A `-wal` that begins anew gets its header first, with an fsync of its own: SQLite does that because frames of
    // the new life behind a header of the old one would bring the past back.
    let header = WAL_HEADER.min(after.wal.len());
    let mut old = before.wal.clone();
    old.resize(old.len().max(header), 0);
    old[..header].copy_from_slice(&after.wal[..header]);
    let (old, new) = (&old, &after.wal);
    let frames = differing(old, new, WAL_HEADER, FRAME);
    let sectors = differing(old, new, WAL_HEADER, SECTOR);
    let mut states = vec![with(old.clone()), with(new.clone())];
    for _ in 0..3 {
        // In order, up to some byte.
        let end = frames[dice.below(frames.len())].clone();
        let cut = end.start + dice.below(end.len());
        let whole: Vec<_> = frames.iter().filter(|frame| frame.start <= cut).cloned().collect();
        let mut wal = mixed(old, new, &whole, |_| true);
        if let (Some(last), true) = (whole.last(), wal.len() > old.len()) {
            wal.truncate(cut.max(last.start).max(old.len()));
        }
        states.push(with(wal));
    }
    for _ in 0..3 {
        // Whole frames in any order: the last ones, and the commit, may be there before the first.
        states.push(with(mixed(old, new, &frames, |_| dice.yes())));
        // Sectors in any order: pages are torn.
        states.push(with(mixed(old, new, &sectors, |_| dice.below(8) > 0)));
    }
    // All but one sector, wherever it is.
    let lost = dice.below(sectors.len());
    states.push(with(mixed(old, new, &sectors, |at| at != lost)));
    states
}

/// What a disk may hold while the database is written from a `-wal` that is synced: first the seal's sums, and when they
/// are synced, the pages.
fn during_the_checkpoint(before: &Files, after: &Files, dice: &mut Dice) -> Vec<Files> {
    let wal = &after.wal;
    let (sums, pages) = (differing(&before.seal, &after.seal, 0, SECTOR), differing(&before.db, &after.db, 0, SECTOR));
    let mut states = Vec::new();
    for n in 0..12 {
        let seal = mixed(&before.seal, &after.seal, &sums, |_| dice.below(4) < n % 4);
        states.push(Files { db: before.db.clone(), wal: wal.clone(), seal });
        let db = mixed(&before.db, &after.db, &pages, |_| dice.below(4) < n % 4);
        states.push(Files { db, wal: wal.clone(), seal: after.seal.clone() });
    }
    states
}

/// Opens a state and reads it; `check` looks at every page too.
async fn recover(state: &Files, world: &World, check: bool) -> Logs {
    // A directory for each: a store that is dropped goes on closing its files for a moment.
    let memory = Path::new("/dev/shm");
    // What is recovered needs no disk of its own, and there are more than a thousand of them.
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let db = dir.path().join("recovered.db");
    state.write(&db);
    let store = open(&Location::Sqlite(db)).await.expect("a legal state can be opened");
    if check {
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
    (log(&*store, &world.general).await.0, log(&*store, &world.random).await.0)
}

async fn logs(world: &World) -> Logs {
    (log(&*world.store, &world.general).await.0, log(&*world.store, &world.random).await.0)
}

/// One commit of some messages to both rooms, all acked.
async fn commit(world: &World, dice: &mut Dice) {
    let sends = (0..1 + dice.below(3)).map(|n| {
        let room = if n % 3 == 0 { &world.random } else { &world.general };
        world.write(&world.ada, world.send_op(room, &Cid::generate(), &"something to say ".repeat(1 + dice.below(500))))
    });
    for result in world.store.write(sends.collect()).await.unwrap() {
        result.unwrap();
    }
    // The log is emptied after the acks: behind the next write that is over.
    world.store.write(Vec::new()).await.unwrap();
}

#[tokio::test]
async fn every_state_that_a_loss_of_power_may_leave_has_all_that_was_acked() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("confab.db");
    let world = World::new(open(&Location::Sqlite(db.clone())).await.unwrap()).await;
    let mut dice = Dice(0x5eed_0000_2026);
    let (mut states, mut kept, mut lost, mut checkpoints) = (0, 0, 0, 0);
    for _ in 0..20 {
        commit(&world, &mut dice).await;
    }
    let mut earlier = Files::read(&db).seal;
    while states < 1_000 || checkpoints < 2 {
        if (EARLY..LATE).contains(&Files::read(&db).frames()) {
            commit(&world, &mut dice).await;
            continue;
        }
        let (mut before, acked) = (Files::read(&db), logs(&world).await);
        commit(&world, &mut dice).await;
        let (mut after, then) = (Files::read(&db), logs(&world).await);
        // Of what an earlier life of the log left behind its end, some frames stand for all.
        let end = WAL_HEADER + (after.frames() as usize + 64) * FRAME;
        before.wal.truncate(end);
        after.wal.truncate(end);
        for state in during_the_commit(&before, &after, &earlier, &mut dice) {
            let found = recover(&state, &world, states % 50 == 0).await;
            // All of the commit or nothing of it: its ack has not been sent.
            assert!(found == acked || found == then, "state {states}: {} and {} entries", found.0.len(), found.1.len());
            states += 1;
            *(if found == then { &mut kept } else { &mut lost }) += 1;
        }
        if before.db != after.db {
            checkpoints += 1;
            for state in during_the_checkpoint(&before, &after, &mut dice) {
                let found = recover(&state, &world, true).await;
                assert!(found == then, "state {states}, in a checkpoint: {} entries", found.0.len());
                states += 1;
            }
        }
        earlier = if before.db == after.db { before.seal } else { after.seal };
    }
    println!("{states} states: commit kept in {kept}, lost in {lost}; {checkpoints} checkpoints");
    assert!(kept > 0 && lost > 0, "{states} states, kept {kept}, lost {lost}");
}

/// The other way round: a state that no disk may leave, since it cuts into what was synced, must be told apart.
#[tokio::test]
async fn a_loss_of_what_was_synced_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("confab.db");
    let world = World::new(open(&Location::Sqlite(db.clone())).await.unwrap()).await;
    let mut dice = Dice(7);
    let synced = Files::read(&db).wal.len();
    commit(&world, &mut dice).await;
    let mut state = Files::read(&db);
    state.wal.truncate(state.wal.len() - FRAME);
    assert!(state.wal.len() >= synced, "the log cuts into the last commit only");
    let copy = dir.path().join("copy.db");
    state.write(&copy);
    // SQLite would have served it, without the last commit.
    assert!(matches!(open(&Location::Sqlite(copy)).await, Err(StoreError::Corrupt(_))));
}
