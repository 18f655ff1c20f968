//! The program itself: what it prints, how it ends, and what its commands do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{DEADLINE, Person, SETUP, room};

struct Process {
    child: Child,
    base: String,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(data: &Path) -> Self {
        let mut child = program(data)
            .args(["--bind", "127.0.0.1:0", "--setup-token", SETUP])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let base = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, base, stdout }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    async fn owner(&self) -> Person {
        let body = json!({
            "setup_token": SETUP, "server_name": "S", "login": "ada", "display_name": "Ada", "password": "correct horse"
        });
        let answer = reqwest::Client::new().post(format!("{}/api/v1/setup", self.base)).json(&body).send();
        Person::of(&answer.await.unwrap().json::<Value>().await.unwrap())
    }

    async fn connect(&self, person: &Person) -> Client {
        let mut client = Client::open(&self.base).await;
        client.join("/general", &person.token).await.unwrap();
        client
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confab-server"));
    command.arg("--data").arg(data).env_remove("CONFAB_CONFIG");
    command
}

fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = program(data)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn sigterm_drains_and_what_was_sent_is_answered_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path());
    let owner = process.owner().await;
    let mut client = process.connect(&owner).await;
    let general = room(&client.ready, "general");
    let mut sent = Vec::new();
    for i in 0..50 {
        sent.push(client.send("message:send", json!({ "room": general, "cid": format!("c{i}"), "text": "x" })).await);
    }
    // The signal comes while most of them are still on their way.
    let first = client.ack(sent[0]).await;
    assert_eq!(first["ok"], true);
    let started = Instant::now();
    process.signal("-TERM");
    let mut acked = vec![first["seq"].as_u64().unwrap()];
    client.closed().await;
    for id in sent.into_iter().skip(1) {
        // Those that came in before the end were answered; the rest would be repeated under the same cid.
        if let Some(reply) = client.take_ack(id)
            && reply["ok"] == true
        {
            acked.push(reply["seq"].as_u64().unwrap());
        }
    }
    let status = process.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(started.elapsed() < DEADLINE / 2);
    let mut rest = String::new();
    process.stdout.read_line(&mut rest).unwrap();
    assert_eq!(rest, "", "one line on stdout, no more");

    let again = Process::start(dir.path());
    let mut client = again.connect(&owner).await;
    let log = client.request("room:sync", json!({ "room": general, "after": 0, "limit": 500 })).await;
    let kept: Vec<u64> = log["entries"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert!(acked.iter().all(|seq| kept.contains(seq)), "{acked:?} in {kept:?}");
}

#[tokio::test]
async fn a_killed_server_has_all_that_it_acked() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(dir.path());
    let owner = process.owner().await;
    let mut client = process.connect(&owner).await;
    let general = room(&client.ready, "general");
    let mut acked = Vec::new();
    for i in 0..20 {
        let body = json!({ "room": general, "cid": format!("c{i}"), "text": format!("{i}") });
        acked.push(client.request("message:send", body).await);
    }
    process.signal("-KILL");
    drop(process);
    let again = Process::start(dir.path());
    let mut client = again.connect(&owner).await;
    for (i, reply) in acked.iter().enumerate() {
        let body = json!({ "room": general, "cid": format!("c{i}"), "text": format!("{i}") });
        assert_eq!(client.request("message:send", body).await, *reply, "the same answer after a crash");
    }
}

#[tokio::test]
async fn commands_work_on_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let text = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!run(&data, &["doctor"], "").status.success(), "there is no database yet");
    let process = Process::start(&data);
    let owner = process.owner().await;
    let added = run(&data, &["user", "add", "bob", "--name", "Bob"], "battery staple\n");
    assert!(added.status.success(), "{}", text(&added));
    let listed = run(&data, &["user", "list"], "");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("ada\t") && listed.contains("bob\t"), "{listed}");
    let backup = dir.path().join("backup.db");
    let backup = backup.to_str().unwrap();
    assert!(run(&data, &["backup", backup], "").status.success());
    assert!(!run(&data, &["backup", backup], "").status.success(), "it does not overwrite");
    let refused = run(&data, &["restore", backup], "");
    assert!(!refused.status.success() && text(&refused).contains("stop the server"), "{}", text(&refused));
    let epoch = epoch(&process.base).await;
    process.signal("-TERM");
    drop(process);
    let doctor = run(&data, &["doctor"], "");
    assert!(doctor.status.success(), "{}", text(&doctor));
    let restored = run(&data, &["restore", backup], "");
    assert!(restored.status.success(), "{}", text(&restored));
    let kept = data.join("confab.db.before-restore-1");
    assert!(kept.is_file() && text(&restored).contains("before-restore-1"), "{}", text(&restored));
    let again = Process::start(&data);
    assert_ne!(self::epoch(&again.base).await, epoch, "a restore begins a new life");
    again.connect(&owner).await;
}

#[test]
fn a_build_without_features_can_neither_fail_on_demand_nor_break_a_promise() {
    let dir = tempfile::tempdir().unwrap();
    let version = run(dir.path(), &["--version"], "");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    assert_eq!(version.trim_end(), format!("confab-server {}", confab_server::VERSION), "this build has more in it");
    assert_eq!(confab_server::BUILD, confab_server::VERSION);
    let program = std::fs::read(env!("CARGO_BIN_EXE_confab-server")).unwrap();
    let program = String::from_utf8_lossy(&program);
    for variable in ["CONFAB_FAILPOINTS", "CONFAB_MUTANT"] {
        assert!(!program.contains(variable), "the program knows {variable}");
    }
}

#[test]
fn what_is_not_in_this_version_says_so_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["--redis", "redis://x"][..], &["export", "f"], &["import", "f"]] {
        let output = run(dir.path(), arguments, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("not in this version"), "{arguments:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

#[test]
fn files_that_cannot_be_used_for_tls_are_named_once() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["--tls", "certificate.pem:key.pem"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.matches("certificate.pem cannot be used for TLS").count() == 1, "{said}");
}

async fn epoch(base: &str) -> String {
    let info: Value = reqwest::get(format!("{base}/api/v1/server")).await.unwrap().json().await.unwrap();
    info["epoch"].as_str().unwrap().to_owned()
}
